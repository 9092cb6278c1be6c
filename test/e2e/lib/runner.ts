/** A small runner: checks are data, so that the number of those that were skipped is known without running them. */

export interface Check<C> {
  readonly name: string;
  /** When it fails, the checks after it that use the same stack cannot tell anything and are skipped. */
  readonly critical?: boolean;
  /** Gives a note for the report, such as a figure that was measured. @throws Error with the evidence */
  readonly run: (context: C) => Promise<string | undefined | void>;
}

export interface Suite<C> {
  readonly name: string;
  /** Suites of the same stack run in order, and share the fate of its critical checks. */
  readonly stack: string;
  /** What it proves has little to do with the engine: it runs on the first one alone. */
  readonly once?: boolean;
  readonly checks: readonly Check<C>[];
}

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Thrown by a check that cannot be made here. */
export class Skip extends Error {}

export const countLine = (counts: Counts): string =>
  `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;

export const countChecks = (suites: readonly Suite<never>[]): number =>
  suites.reduce((sum, suite) => sum + suite.checks.length, 0);

/** What runs on an engine that is not the first, unless something is named. */
export const selectAgain = <C>(suites: readonly Suite<C>[], only: string | undefined): Suite<C>[] =>
  select(only === undefined ? suites.filter(({ once }) => once !== true) : suites, only);

/** The suites whose name, or one of whose checks, has one of the texts (separated by commas) in it; with each, the critical checks of its stack. */
export function select<C>(suites: readonly Suite<C>[], only: string | undefined): Suite<C>[] {
  if (only === undefined) return [...suites];
  const wanted = (suite: Suite<C>, check: Check<C>): boolean =>
    only.split(",").some((text) => suite.name.includes(text) || check.name.includes(text));
  const stacks = new Set(
    suites.filter((suite) => suite.checks.some((check) => wanted(suite, check))).map((suite) => suite.stack),
  );
  return suites
    .map((suite) => ({
      ...suite,
      checks: suite.checks.filter(
        (check) => wanted(suite, check) || (check.critical === true && stacks.has(suite.stack)),
      ),
    }))
    .filter((suite) => suite.checks.length > 0);
}

/** Stacks that are tried at the same time: a check mostly waits, for a container to get healthy or for an engine. */
const LANES = 2;

/**
 * Runs the suites of one stack in their order, those of different stacks side by side, and prints a line a check.
 * @param stopped Whether what has not begun is to be skipped
 */
export async function runSuites<C>(suites: readonly Suite<C>[], context: C, stopped: () => boolean): Promise<Counts> {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  const stacks = [...new Set(suites.map(({ stack }) => stack))].map((stack) =>
    suites.filter((suite) => suite.stack === stack),
  );
  const lane = async (): Promise<void> => {
    for (let next = stacks.shift(); next !== undefined; next = stacks.shift())
      await runStack(next, context, stopped, counts);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return counts;
}

async function runStack<C>(
  suites: readonly Suite<C>[],
  context: C,
  stopped: () => boolean,
  counts: Counts,
): Promise<void> {
  let broken: string | undefined;
  for (const { suite, check } of suites.flatMap((one) => one.checks.map((each) => ({ suite: one, check: each })))) {
    const name = `${suite.name}: ${check.name}`;
    const reason = stopped() ? "the run was interrupted" : broken;
    if (reason !== undefined) {
      counts.skipped += 1;
      console.log(`skip  ${name}: ${reason}`);
      continue;
    }
    const outcome = await runCheck(name, check, context);
    counts[outcome] += 1;
    if (outcome === "failed" && check.critical === true) broken = `it needs "${name}"`;
  }
}

async function runCheck<C>(name: string, check: Check<C>, context: C): Promise<keyof Counts> {
  const started = Date.now();
  const took = (): string => `${((Date.now() - started) / 1000).toFixed(1)} s`;
  try {
    const note = await check.run(context);
    console.log(`pass  ${name} (${took()})${typeof note === "string" ? `: ${note}` : ""}`);
    return "passed";
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof Skip) {
      console.log(`skip  ${name}: ${message}`);
      return "skipped";
    }
    console.log(`FAIL  ${name} (${took()})\n${indent(message)}`);
    return "failed";
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
    `${faults.length} ${what}:\n${shown.map((fault) => `- ${fault}`).join("\n")}${faults.length > shown.length ? "\n- …" : ""}`,
  );
}

export function expect(condition: boolean, evidence: string): asserts condition {
  if (!condition) throw new Error(evidence);
}

export function expectMatch(text: string, pattern: RegExp, what: string): void {
  if (!pattern.test(text)) throw new Error(`${what}: ${pattern.source} is not in\n${text.slice(-3000)}`);
}
