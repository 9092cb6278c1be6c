/** A small runner: checks are data, so that the number of those that were skipped is known without running them. */
import type { Result } from "./results";

export interface Check<C> {
  /** Unique within its suite. */
  readonly name: string;
  /** When it fails, the checks after it that use the same stack cannot tell anything and are skipped. @default false */
  readonly critical?: boolean;
  /**
   * Part of the smoke run. Only what is decided by facts belongs there, and nothing that a busy machine can upset.
   * @default that of the suite
   */
  readonly smoke?: boolean;
  /**
   * It goes on from where the check before it left the stack, and cannot run without it.
   * @default the suite's `sequence`
   */
  readonly continues?: boolean;
  /**
   * When it fails, it is tried once more at once. Only for a check that leaves nothing behind that its second try would
   * trip over, and that does not claim a "never": a secret shown once, an intruder let in once or a request lost once
   * is a failure, whatever the second try says. @default that of the suite
   */
  readonly repeatable?: boolean;
  /** Gives a note for the report, such as a figure that was measured. @throws Error with the evidence */
  readonly run: (context: C) => Promise<string | undefined | void>;
}

export interface Suite<C> {
  readonly name: string;
  /** Suites of the same stack run in order, and share the fate of its critical checks. */
  readonly stack: string;
  /** What it proves has little to do with the engine: it runs on the first one only. @default false */
  readonly once?: boolean;
  /** Each check goes on from where the one before it left the stack. @default false */
  readonly sequence?: boolean;
  /** For its checks that do not say it themselves. @default false */
  readonly smoke?: boolean;
  /** For its checks that do not say it themselves. @default false */
  readonly repeatable?: boolean;
  readonly checks: readonly Check<C>[];
}

/** Thrown by a check that cannot be made here. */
export class Skip extends Error {}

export const checkName = (suite: Suite<never>, check: Check<never>): string => `${suite.name}: ${check.name}`;

/** Stacks that are tried at the same time: a check mostly waits, for a container to get healthy or for an engine. */
const LANES = 2;

export interface RunnerOptions {
  /** Whether what has not begun is to be skipped. */
  readonly stopped: () => boolean;
  /** Takes a line of the report. */
  readonly print: (line: string) => void;
  /** Milliseconds of a clock. @default Date.now */
  readonly now?: () => number;
}

/** Runs the suites of one stack in their order, those of different stacks side by side, and prints a line a check. */
export async function runSuites<C>(
  suites: readonly Suite<C>[],
  context: C,
  options: RunnerOptions,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  const stacks = [...new Set(suites.map(({ stack }) => stack))].map((stack) =>
    suites.filter((suite) => suite.stack === stack),
  );
  const lane = async (): Promise<void> => {
    for (let next = stacks.shift(); next !== undefined; next = stacks.shift())
      await runStack(next, context, options, results);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return results;
}

async function runStack<C>(
  suites: readonly Suite<C>[],
  context: C,
  options: RunnerOptions,
  results: Result[],
): Promise<void> {
  let broken: string | undefined;
  for (const { suite, check } of suites.flatMap((one) => one.checks.map((each) => ({ suite: one, check: each })))) {
    const name = checkName(suite, check);
    const reason = options.stopped() ? "the run was interrupted" : broken;
    if (reason !== undefined) {
      results.push({ name, outcome: "skipped", seconds: 0, blocked: true });
      options.print(`skip  ${name}: ${reason}`);
      continue;
    }
    const result = await runCheck(suite, check, context, options);
    results.push(result);
    if (result.outcome === "failed" && check.critical === true) broken = `it needs "${name}"`;
  }
}

type Tried =
  | { readonly outcome: "passed"; readonly note?: string }
  | { readonly outcome: "failed" | "skipped"; readonly message: string };

async function attempt<C>(check: Check<C>, context: C): Promise<Tried> {
  try {
    const note = await check.run(context);
    return { outcome: "passed", ...(typeof note === "string" ? { note } : {}) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { outcome: error instanceof Skip ? "skipped" : "failed", message };
  }
}

async function runCheck<C>(suite: Suite<C>, check: Check<C>, context: C, options: RunnerOptions): Promise<Result> {
  const { stopped, print, now = Date.now } = options;
  const name = checkName(suite, check);
  const started = now();
  const seconds = (): number => (now() - started) / 1000;
  const took = (): string => `${seconds().toFixed(1)} s`;
  let tried = await attempt(check, context);
  let repeated = false;
  if (tried.outcome === "failed" && (check.repeatable ?? suite.repeatable) === true && !stopped()) {
    print(`again ${name} (${took()})\n${indent(tried.message)}`);
    repeated = true;
    const second = await attempt(check, context);
    // What cannot be tried any more has still failed.
    if (second.outcome !== "skipped") tried = second;
  }
  const result = { name, seconds: seconds() };
  switch (tried.outcome) {
    case "passed": {
      const notes = [
        ...(repeated ? ["flaky, passed on its second try"] : []),
        ...((tried.note ?? "") ? [tried.note] : []),
      ];
      print(`pass  ${name} (${took()})${notes.length > 0 ? `: ${notes.join("; ")}` : ""}`);
      return { ...result, outcome: "passed", ...(repeated ? { flaky: true } : {}) };
    }
    case "skipped":
      print(`skip  ${name}: ${tried.message}`);
      return { ...result, outcome: "skipped" };
    case "failed":
      print(`FAIL  ${name} (${took()})\n${indent(tried.message)}`);
      return { ...result, outcome: "failed" };
    default:
      return tried satisfies never;
  }
}

const indent = (text: string): string =>
  text
    .split("\n")
    .map((line) => `      ${line}`)
    .join("\n");

/** Fails with every fault, not only the first. */
export function expectNone(faults: readonly string[], what = "faults"): void {
  if (faults.length === 0) return;
  const shown = faults.slice(0, 25);
  throw new Error(
    `${faults.length} ${what}:\n` +
      `${shown.map((fault) => `- ${fault}`).join("\n")}${faults.length > shown.length ? "\n- …" : ""}`,
  );
}

export function expect(condition: boolean, evidence: string): asserts condition {
  if (!condition) throw new Error(evidence);
}

export function expectMatch(text: string, pattern: RegExp, what: string): void {
  if (!pattern.test(text)) throw new Error(`${what}: ${pattern.source} is not in\n${text.slice(-3000)}`);
}
