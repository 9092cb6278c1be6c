/** Places in a stack's file that a person has to fill in, as `rampart init` leaves them. */

const MARK = "FILL IN: ";

/** The text that stands in a stack's file until somebody writes the value. @param what What belongs there. */
export const fillIn = (what: string): string => `${MARK}${what.replace(/\s+/g, " ")}`;

interface Place {
  readonly path: readonly PropertyKey[];
  /** What belongs there. */
  readonly what: string;
}

/** Every text in a configuration that says what to fill in. */
export function placesIn(value: unknown, path: readonly PropertyKey[] = []): Place[] {
  if (typeof value === "string") {
    const at = value.indexOf(MARK);
    return at < 0 ? [] : [{ path, what: value.slice(at + MARK.length).split("\n")[0] ?? "" }];
  }
  if (Array.isArray(value)) return value.flatMap((child: unknown, index) => placesIn(child, [...path, index]));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => placesIn(child, [...path, key]));
}
