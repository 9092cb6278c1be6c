/** Versions: of programs, as their makers count them, and of Debian's packages. */

/** The numbers that a version begins with; a release candidate comes before its release. */
export interface Version {
  readonly numbers: readonly number[];
  /** The number of the release candidate. @default Infinity: it is the release */
  readonly candidate: number;
}

/** @returns undefined where the text has no version: `v1.2.3`, `6.1.76-1`, `1.0.0-rc93`, `1.0.0~rc93+ds1` */
export function versionOf(text: string): Version | undefined {
  const [found, first, candidate] = /(\d+(?:\.\d+)*)(?:[-~.]rc\.?(\d+))?/.exec(text) ?? [];
  if (found === undefined || first === undefined) return undefined;
  return {
    numbers: first.split(".").map(Number),
    candidate: candidate === undefined ? Infinity : Number(candidate),
  };
}

export function compareVersions(left: Version, right: Version): number {
  const length = Math.max(left.numbers.length, right.numbers.length);
  for (let at = 0; at < length; at += 1) {
    const difference = (left.numbers[at] ?? 0) - (right.numbers[at] ?? 0);
    if (difference !== 0) return Math.sign(difference);
  }
  return left.candidate === right.candidate ? 0 : left.candidate < right.candidate ? -1 : 1;
}

/** Where a version stands to the versions that mend a fault, one for each branch that got one. */
export type Standing = "before" | "affected" | "fixed";

/**
 * @param fixed first versions with the fix, one a branch, from old to new
 * @param since the first version that has the fault. @default every version has it
 */
export function standing(version: Version, fixed: readonly string[], since?: string): Standing {
  const first = since === undefined ? undefined : versionOf(since);
  if (first !== undefined && compareVersions(version, first) < 0) return "before";
  const fixes = fixed.flatMap((text) => versionOf(text) ?? []);
  const branch = (one: Version): string => one.numbers.slice(0, 2).join(".");
  // Two fixes of one branch are a release candidate's and a release's: the earlier counts.
  const own = fixes.find((fix) => branch(fix) === branch(version));
  const mend = own ?? fixes.at(-1);
  return mend !== undefined && compareVersions(version, mend) >= 0 ? "fixed" : "affected";
}

/** deb-version(7): negative where the left one is older. */
export function compareDebian(left: string, right: string): number {
  const [a, b] = [partsOf(left), partsOf(right)];
  if (a.epoch !== b.epoch) return a.epoch - b.epoch;
  return comparePart(a.upstream, b.upstream) || comparePart(a.revision, b.revision);
}

function partsOf(version: string): { readonly epoch: number; readonly upstream: string; readonly revision: string } {
  const [, epoch = "0", rest = ""] = /^(?:(\d+):)?(.*)$/.exec(version) ?? [];
  const dash = rest.lastIndexOf("-");
  return dash < 0
    ? { epoch: Number(epoch), upstream: rest, revision: "0" }
    : { epoch: Number(epoch), upstream: rest.slice(0, dash), revision: rest.slice(dash + 1) };
}

/** Text and number take turns; a tilde sorts before the end, the end before letters, letters before all else. */
function comparePart(left: string, right: string): number {
  let [a, b] = [left, right];
  while (a !== "" || b !== "") {
    const [text, other] = [/^\D*/.exec(a)?.[0] ?? "", /^\D*/.exec(b)?.[0] ?? ""];
    for (let at = 0; at < Math.max(text.length, other.length); at += 1) {
      const difference = order(text[at]) - order(other[at]);
      if (difference !== 0) return difference;
    }
    [a, b] = [a.slice(text.length), b.slice(other.length)];
    const [number, another] = [/^\d*/.exec(a)?.[0] ?? "", /^\d*/.exec(b)?.[0] ?? ""];
    if (Number(number) !== Number(another)) return Number(number) - Number(another);
    [a, b] = [a.slice(number.length), b.slice(another.length)];
  }
  return 0;
}

function order(character: string | undefined): number {
  if (character === undefined) return 0;
  if (character === "~") return -1;
  return /[A-Za-z]/.test(character) ? character.charCodeAt(0) : character.charCodeAt(0) + 256;
}
