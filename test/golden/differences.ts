/** Says where two recordings differ, for people: by resource and property, and not by line. */

/** How much of a value is shown, and how much of that stands before the first letter that differs. */
const SHOWN = 100;
const BEFORE = 40;

/** `Container rampart-dev-web.inputs.memory: 256 -> 512`, a line for each property that differs, is new or is gone. */
export function differences(was: unknown, is: unknown, path: readonly string[] = []): string[] {
  if (!isBranch(was) || !isBranch(is) || Array.isArray(was) !== Array.isArray(is)) {
    return JSON.stringify(was) === JSON.stringify(is) ? [] : [describe(path, was, is)];
  }
  const [before, after] = [children(was), children(is)];
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((key) =>
    differences(before.get(key), after.get(key), [...path, key]),
  );
}

const isBranch = (value: unknown): value is object => typeof value === "object" && value !== null;

/** Elements of a list by what names them, so that one more element moves none of the others; else by their position. */
function children(value: object): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>();
  for (const [key, child] of Object.entries(value) as [string, unknown][]) {
    const name = Array.isArray(value) && isBranch(child) ? (nameOf(child as Record<string, unknown>) ?? key) : key;
    // A rule may say two things of one resource.
    found.set(found.has(name) ? `${name} (${key})` : name, child);
  }
  return found;
}

function nameOf({ type, name, id, resource, file, label }: Record<string, unknown>): string | undefined {
  if (typeof type === "string" && typeof name === "string") return `${type.split(":").at(-1) ?? type} ${name}`;
  if (typeof id === "string" && typeof resource === "string") return `${id} of ${resource}`;
  return [file, label].find((text) => typeof text === "string");
}

function describe(path: readonly string[], was: unknown, is: unknown): string {
  const where = path.join(" › ");
  if (was === undefined) return `${where}: new, ${excerpt(is, 0)}`;
  if (is === undefined) return `${where}: gone`;
  const [before, after] = [JSON.stringify(was), JSON.stringify(is)];
  const first = [...before].findIndex((letter, index) => letter !== after[index]);
  const from = first < SHOWN - BEFORE ? 0 : first - BEFORE;
  return `${where}: ${excerpt(was, from)} -> ${excerpt(is, from)}`;
}

function excerpt(value: unknown, from: number): string {
  const text = JSON.stringify(value);
  return `${from > 0 ? "…" : ""}${text.slice(from, from + SHOWN)}${text.length > from + SHOWN ? "…" : ""}`;
}
