/** Which of an image's tags are the same thing, only newer. */

/** A tag in its parts: `v3.7.13` and `16.15-alpine`. */
export interface Tag {
  readonly tag: string;
  /** `v`, or nothing. */
  readonly prefix: string;
  readonly numbers: readonly number[];
  /** `-alpine`, or nothing: another text is another image. */
  readonly suffix: string;
}

/** @returns undefined for a tag that does not begin with a version */
export function parseTag(tag: string): Tag | undefined {
  const match = /^(v?)(\d{1,9}(?:\.\d{1,9}){0,4})((?:[-_+].*)?)$/.exec(tag);
  if (match === null) return undefined;
  const [, prefix = "", numbers = "", suffix = ""] = match;
  return { tag, prefix, numbers: numbers.split(".").map(Number), suffix };
}

/**
 * How many of a version's numbers name the line, for those whose second number begins another branch: one of them may
 * end, change what it takes, or be no stable one.
 */
const SECOND_NUMBER: readonly string[] = ["alpine", "golang", "haproxy", "mariadb", "mysql", "nginx", "php", "python"];
const SECOND_NUMBER_TOO: readonly string[] = ["nginx-unprivileged", "ruby"];

/** A line's length in numbers: 1 for most; 2 before 1.0, where any second number may break what was before. */
export function lineLength(repository: string, { numbers }: Pick<Tag, "numbers">): number {
  const name = repository.split("/").at(-1) ?? "";
  return numbers[0] === 0 || SECOND_NUMBER.includes(name) || SECOND_NUMBER_TOO.includes(name) ? 2 : 1;
}

/** As versions are ordered. */
export function compareNumbers(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((number, index) => number !== b[index]);
  return at < 0 ? a.length - b.length : (a[at] ?? 0) - (b[at] ?? 0);
}

export interface NewerTags {
  /** The newest of the same line; the tag itself where there is no newer one. */
  readonly newest: string;
  /** The newest of a later line, which nobody moves to by itself. @default there is none */
  readonly otherLine?: string;
}

/**
 * What there is besides a tag. Only tags with as many numbers and the same rest count: `22-alpine` never becomes
 * `22.4-alpine`, and a release never a release candidate.
 */
export function newerTags(repository: string, tag: string, tags: readonly string[]): NewerTags {
  const own = parseTag(tag);
  if (own === undefined) return { newest: tag };
  const alike = tags
    .flatMap((one) => parseTag(one) ?? [])
    .filter(
      ({ prefix, suffix, numbers }) =>
        prefix === own.prefix && suffix === own.suffix && numbers.length === own.numbers.length && isVersion(numbers),
    )
    .filter(({ numbers }) => compareNumbers(numbers, own.numbers) > 0)
    .sort((a, b) => compareNumbers(b.numbers, a.numbers));
  const length = lineLength(repository, own);
  const inLine = ({ numbers }: Tag): boolean =>
    numbers.slice(0, length).every((number, index) => number === own.numbers[index]);
  const other = alike.find((one) => !inLine(one))?.tag;
  return { newest: alike.find(inLine)?.tag ?? tag, ...(other === undefined ? {} : { otherLine: other }) };
}

/** A date such as 20261128 is no version that comes after 8. */
const isVersion = (numbers: readonly number[]): boolean => (numbers[0] ?? 0) < 10_000;
