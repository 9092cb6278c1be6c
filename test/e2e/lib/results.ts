/** What a run of the checks found: one record a check, and the lines that sum them up. */

export type Outcome = "passed" | "failed" | "skipped";

export interface Result {
  /** `<suite>: <check>`, as the report names it. */
  readonly name: string;
  readonly outcome: Outcome;
  /** Wall time of all tries. */
  readonly seconds: number;
  /** The check failed first and passed on its second try. */
  readonly flaky?: true;
  /** The check never began: one that it needs failed, or the run ended before it. */
  readonly blocked?: true;
}

/** A result together with the engine on which it was found. */
export interface EngineResult extends Result {
  readonly engine: string;
}

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const SLOWEST = 10;

export function countResults(results: readonly Result[]): Counts {
  const of = (outcome: Outcome): number => results.filter((one) => one.outcome === outcome).length;
  return { passed: of("passed"), failed: of("failed"), skipped: of("skipped") };
}

/** The last line of every run: CI reads it, so its form is fixed. */
export const countLine = ({ passed, failed, skipped }: Counts): string =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`;

const called = ({ name, engine }: EngineResult): string => `${name} (Docker ${engine})`;

/** The names of the checks that passed only on their second try. */
export const flakyNames = (results: readonly EngineResult[]): string[] =>
  results.filter(({ flaky }) => flaky === true).map(called);

/** The line before the last one. */
export const flakyLine = (names: readonly string[]): string =>
  names.length === 0 ? "0 flaky" : `${names.length} flaky: ${names.join("; ")}`;

/** The end of a report: the slowest checks, the flaky ones, the counts. */
export function summary(results: readonly EngineResult[]): string[] {
  const slowest = results
    .filter(({ seconds }) => seconds > 0)
    .sort((one, other) => other.seconds - one.seconds)
    .slice(0, SLOWEST);
  return [
    ...(slowest.length === 0 ? [] : ["", "The slowest checks:"]),
    ...slowest.map((one) => `${one.seconds.toFixed(1).padStart(8)} s  ${called(one)}`),
    "",
    flakyLine(flakyNames(results)),
    countLine(countResults(results)),
  ];
}

/** The names of the checks that a rerun on this engine is for: those that failed and those that never began. */
export const unsettled = (results: readonly EngineResult[], engine: string): ReadonlySet<string> =>
  new Set(
    results
      .filter((one) => one.engine === engine && (one.outcome === "failed" || one.blocked === true))
      .map(({ name }) => name),
  );

/**
 * The results after a rerun. A new result takes the place of the same check's old one, unless the check was skipped
 * this time: a failure is forgotten only when the check passes.
 */
export function mergeResults(before: readonly EngineResult[], rerun: readonly EngineResult[]): EngineResult[] {
  const key = ({ engine, name }: EngineResult): string => JSON.stringify([engine, name]);
  const news = new Map(rerun.map((one) => [key(one), one]));
  const known = new Set(before.map(key));
  return [
    ...before.map((old) => {
      const found = news.get(key(old));
      return found === undefined || found.outcome === "skipped" ? old : found;
    }),
    ...rerun.filter((one) => !known.has(key(one))),
  ];
}

/** @throws Error if the text is not what a run writes */
export function parseResults(text: string): EngineResult[] {
  const parsed = JSON.parse(text) as unknown;
  if (!Array.isArray(parsed) || !parsed.every(isResult)) throw new Error("it is not the result of a run");
  return parsed;
}

function isResult(value: unknown): value is EngineResult {
  if (typeof value !== "object" || value === null) return false;
  const { name, engine, outcome, seconds } = value as Readonly<Record<string, unknown>>;
  return (
    typeof name === "string" &&
    typeof engine === "string" &&
    typeof seconds === "number" &&
    (outcome === "passed" || outcome === "failed" || outcome === "skipped")
  );
}
