/** Which checks run: those that are asked for, and those before them on which they build. */
import { checkName, type Check, type Suite } from "./runner";

export interface Wanted {
  /** Parts of names of suites or checks, separated by commas. */
  readonly only?: string;
  /** Only the checks of the smoke run. */
  readonly smoke?: boolean;
  /** Whether this is an engine after the first: suites that are marked `once` then run only if `only` asks for them. */
  readonly again?: boolean;
  /** Only the checks of these names. */
  readonly names?: ReadonlySet<string>;
}

export const inSmoke = (suite: Suite<never>, check: Check<never>): boolean => check.smoke ?? suite.smoke ?? false;

/** Whether the check goes on from where the one before it in its suite left the stack. */
const goesOn = (suite: Suite<never>, check: Check<never>): boolean => check.continues ?? suite.sequence ?? false;

function isWanted(suite: Suite<never>, check: Check<never>, wanted: Wanted): boolean {
  const { only, smoke, again, names } = wanted;
  if (again === true && only === undefined && suite.once === true) return false;
  if (smoke === true && !inSmoke(suite, check)) return false;
  if (names !== undefined && !names.has(checkName(suite, check))) return false;
  return only === undefined || only.split(",").some((text) => suite.name.includes(text) || check.name.includes(text));
}

/**
 * The suites with the checks that are wanted. With each of them come the critical checks before it on its stack, and,
 * where it goes on from another check, that one as well.
 */
export function select<C>(suites: readonly Suite<C>[], wanted: Wanted): Suite<C>[] {
  const chosen = new Set<Check<C>>();
  for (const stack of new Set(suites.map((suite) => suite.stack))) {
    const checks = suites
      .filter((suite) => suite.stack === stack)
      .flatMap((suite) => suite.checks.map((check, index) => ({ suite, check, before: suite.checks[index - 1] })));
    let any = false;
    // Backwards, as what a check needs lies before it.
    for (const { suite, check, before } of checks.reverse()) {
      if (!isWanted(suite, check, wanted) && !chosen.has(check) && !(any && check.critical === true)) continue;
      any = true;
      chosen.add(check);
      if (before !== undefined && goesOn(suite, check)) chosen.add(before);
    }
  }
  return suites
    .map((suite) => ({ ...suite, checks: suite.checks.filter((check) => chosen.has(check)) }))
    .filter(({ checks }) => checks.length > 0);
}

/** The names of all checks, in their order. */
export const namesOf = (suites: readonly Suite<never>[]): string[] =>
  suites.flatMap((suite) => suite.checks.map((check) => checkName(suite, check)));

/** What `--list` prints. */
export function listing(suites: readonly Suite<never>[]): string[] {
  const marks = (suite: Suite<never>, check: Check<never>): string =>
    [...(inSmoke(suite, check) ? ["smoke"] : []), ...(check.critical === true ? ["critical"] : [])].join(", ");
  return [
    ...suites.flatMap((suite) => [
      `${suite.name} (stack ${suite.stack}${suite.once === true ? ", first engine only" : ""})`,
      ...suite.checks.map((check) => {
        const marked = marks(suite, check);
        return `  ${check.name}${marked === "" ? "" : ` [${marked}]`}`;
      }),
    ]),
    `${namesOf(suites).length} checks in ${suites.length} suites`,
  ];
}
