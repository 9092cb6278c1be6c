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
  readonly checks: readonly Check<C>[];
}

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Thrown by a check that cannot be made here. */
export class Skip extends Error {}

export const countLine = (counts: Counts): string => `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;

export const countChecks = (suites: readonly Suite<never>[]): number => suites.reduce((sum, suite) => sum + suite.checks.length, 0);

/** The suites whose name, or one of whose checks, has one of the texts (separated by commas) in it; with each, the critical checks of its stack. */
export function select<C>(suites: readonly Suite<C>[], only: string | undefined): Suite<C>[] {
  if (only === undefined) return [...suites];
  const wanted = (suite: Suite<C>, check: Check<C>): boolean => only.split(",").some((text) => suite.name.includes(text) || check.name.includes(text));
  const stacks = new Set(suites.filter((suite) => suite.checks.some((check) => wanted(suite, check))).map((suite) => suite.stack));
  return suites
    .map((suite) => ({ ...suite, checks: suite.checks.filter((check) => wanted(suite, check) || (check.critical === true && stacks.has(suite.stack))) }))
    .filter((suite) => suite.checks.length > 0);
}

export async function runSuites<C>(suites: readonly Suite<C>[], context: C, stopped: () => boolean): Promise<Counts> {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  const broken = new Map<string, string>();
  for (const suite of suites) {
    for (const check of suite.checks) {
      const name = `${suite.name}: ${check.name}`;
      const reason = stopped() ? "the run was interrupted" : broken.get(suite.stack);
      if (reason !== undefined) {
        counts.skipped += 1;
        console.log(`skip  ${name}: ${reason}`);
        continue;
      }
      const started = Date.now();
      const took = (): string => `${((Date.now() - started) / 1000).toFixed(1)} s`;
      try {
        const note = await check.run(context);
        counts.passed += 1;
        console.log(`pass  ${name} (${took()})${typeof note === "string" ? `: ${note}` : ""}`);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        if (error instanceof Skip) {
          counts.skipped += 1;
          console.log(`skip  ${name}: ${message}`);
          continue;
        }
        counts.failed += 1;
        if (check.critical === true) broken.set(suite.stack, `it needs "${name}"`);
        console.log(`FAIL  ${name} (${took()})\n${indent(message)}`);
      }
    }
  }
  return counts;
}

const indent = (text: string): string => text.split("\n").map((line) => `      ${line}`).join("\n");

/** Fails with every fault, not only the first. */
export function expectNone(faults: readonly string[], what = "faults"): void {
  if (faults.length === 0) return;
  const shown = faults.slice(0, 25);
  throw new Error(`${faults.length} ${what}:\n${shown.map((fault) => `- ${fault}`).join("\n")}${faults.length > shown.length ? "\n- …" : ""}`);
}

export function expect(condition: boolean, evidence: string): asserts condition {
  if (!condition) throw new Error(evidence);
}

export function expectMatch(text: string, pattern: RegExp, what: string): void {
  if (!pattern.test(text)) throw new Error(`${what}: ${pattern.source} is not in\n${text.slice(-3000)}`);
}
