import type { ContainerView, StackView } from "./view";

export type Status = "pass" | "fail" | "skip" | "accepted";

/** What a rule says of one thing. */
export interface Verdict {
  readonly status: Exclude<Status, "accepted">;
  readonly resource: string;
  readonly message: string;
}

/** One line of a posture. */
export interface PostureEntry {
  readonly id: string;
  readonly status: Status;
  readonly resource: string;
  readonly message: string;
}

/** One control: judged alike on a plan, at preview and on a running deployment. */
export interface Rule {
  /** Stable: exceptions, reports and policies refer to it. */
  readonly id: string;
  readonly title: string;
  readonly why: string;
  /** Where it comes from: a benchmark's number, a baseline in docs/. */
  readonly source: string;
  /** Whether a reader of the plan sees each thing that is held, and not only how many. @default false */
  readonly listsHeld?: boolean;
  readonly check: (view: StackView) => readonly Verdict[];
}

/** A rule over each container that runs: `fault` says what is wrong with it, or undefined. */
export function containerRule(
  rule: Omit<Rule, "check"> & { readonly fault: (container: ContainerView, view: StackView) => string | undefined },
): Rule {
  const { fault, ...rest } = rule;
  return {
    ...rest,
    check: (view) =>
      view.containers
        .filter((container) => container.runs)
        .map((container) => {
          const message = fault(container, view);
          return {
            status: message === undefined ? "pass" : "fail",
            resource: container.resource,
            message: message ?? rest.title,
          };
        }),
  };
}

/** Judges a view by rules. A failure that the container's own labels explain is `accepted`, with the reason. */
export function judge(rules: readonly Rule[], view: StackView): PostureEntry[] {
  const byResource = new Map(view.containers.map((container) => [container.resource, container]));
  return rules.flatMap((rule) =>
    rule.check(view).map((verdict): PostureEntry => {
      const reason = byResource.get(verdict.resource)?.accepted[rule.id];
      if (verdict.status === "fail" && reason !== undefined) {
        return {
          id: rule.id,
          status: "accepted",
          resource: verdict.resource,
          message: `${verdict.message}: ${reason}`,
        };
      }
      return { id: rule.id, ...verdict };
    }),
  );
}
