/** Whether a change makes a stack weaker, stronger, or only another one. Pure: two values in, a direction out. */
export type Direction = "weaker" | "stronger" | "other";

/** Judges a change of one value. `undefined` is a value that is not there. */
export type Judge = (before: unknown, after: unknown) => Direction;

const opposite: Readonly<Record<Direction, Direction>> = { weaker: "stronger", stronger: "weaker", other: "other" };

export const other: Judge = () => "other";

/** A figure that bounds something: the higher, the weaker. @param fallback what an absent figure stands for */
export const higherIsWeaker =
  (fallback?: number): Judge =>
  (before, after) => {
    const [from, to] = [before ?? fallback, after ?? fallback];
    if (typeof from !== "number" || typeof to !== "number" || from === to) return "other";
    return to > from ? "weaker" : "stronger";
  };

/** As `higherIsWeaker`, where 0 or false stands for no bound at all. */
export const higherOrNoneIsWeaker: Judge = (before, after) => {
  const bound = (value: unknown): unknown => (value === 0 || value === false ? Infinity : value);
  return higherIsWeaker()(bound(before), bound(after));
};

export const lowerIsWeaker =
  (fallback?: number): Judge =>
  (before, after) =>
    opposite[higherIsWeaker(fallback)(before, after)];

/** Something that is there, or true, is weaker than nothing. */
export const presenceIsWeaker: Judge = (before, after) => {
  const [from, to] = [before !== undefined && before !== false, after !== undefined && after !== false];
  if (from === to) return "other";
  return to ? "weaker" : "stronger";
};

/** Something that is there, or true, is stronger than nothing. */
export const presenceIsStronger: Judge = (before, after) => opposite[presenceIsWeaker(before, after)];

/** A gain is weaker; a loss is only another state. */
export const gainIsWeaker: Judge = (before, after) =>
  presenceIsWeaker(before, after) === "weaker" ? "weaker" : "other";

/**
 * Values in ranks, the strongest first. Values of one rank are as strong as each other.
 * @param rankOf the rank of a value; undefined for one that has none
 */
export const ranked =
  (rankOf: (value: unknown) => number | undefined): Judge =>
  (before, after) => {
    const [from, to] = [rankOf(before), rankOf(after)];
    if (from === undefined || to === undefined || from === to) return "other";
    return to > from ? "weaker" : "stronger";
  };

/** Ranks by the place in a list. */
export const listed =
  (...strongestFirst: readonly unknown[]): Judge =>
  (before, after) =>
    ranked((value) => {
      const index = strongestFirst.indexOf(value);
      return index < 0 ? undefined : index;
    })(before, after);

/** A set that allows: each new member is weaker, and only fewer are stronger. */
export function setGainIsWeaker(before: readonly string[], after: readonly string[]): Direction {
  if (after.some((member) => !before.includes(member))) return "weaker";
  return before.some((member) => !after.includes(member)) ? "stronger" : "other";
}
