/** One thing of a stack as a reviewer sees it: what it is, and the words about it. */
export interface Item {
  /** Short, and unique among its neighbours. */
  readonly title: string;
  readonly detail: string;
  readonly facts: readonly Fact[];
}

export interface Fact {
  readonly label: string;
  /** One text or more, each of which starts a line. Never a secret's value. */
  readonly lines: readonly string[];
  /** Whether it weakens what Rampart does by default. @default false */
  readonly weak?: boolean;
}

export const fact = (label: string, lines: string | readonly string[], weak = false): Fact => ({
  label,
  lines: typeof lines === "string" ? [lines] : lines,
  ...(weak ? { weak } : {}),
});
