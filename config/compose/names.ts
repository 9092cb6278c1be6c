/** Names of a compose file as Rampart takes them. */
import { isReservedName } from "../checks/service";
import { isStackKey } from "../schema";

const MAX_LENGTH = 30;

const slug = (name: string): string => {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[-0-9]+|-+$/g, "");
  return plain.slice(0, MAX_LENGTH).replace(/-+$/, "") || "service";
};

/** A name for each of some names; reserved ones and doubles get another form. */
export function assignNames(
  names: readonly string[],
  { reserved = () => false, taken = [] }: AssignOptions = {},
): Map<string, string> {
  const all = new Set<string>(taken);
  const assigned = new Map<string, string>();
  for (const name of names) {
    let candidate = slug(name);
    if (reserved(candidate)) candidate = `app-${candidate}`.slice(0, MAX_LENGTH);
    for (let count = 2; all.has(candidate); count += 1) candidate = `${slug(name).slice(0, MAX_LENGTH - 4)}-${count}`;
    all.add(candidate);
    assigned.set(name, candidate);
  }
  return assigned;
}

interface AssignOptions {
  readonly reserved?: (name: string) => boolean;
  /** Names that are given out already. */
  readonly taken?: Iterable<string>;
}

export const assignServiceNames = (names: readonly string[]): Map<string, string> =>
  assignNames(names, { reserved: isReservedName });

/** `DB_PASSWORD` to `dbPassword`. */
export function camelCase(name: string): string {
  const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  const joined = words
    .map((word, index) => {
      const lower = /[a-z]/.test(word) && /[A-Z]/.test(word) ? word : word.toLowerCase();
      return index === 0
        ? lower.charAt(0).toLowerCase() + lower.slice(1)
        : lower.charAt(0).toUpperCase() + lower.slice(1);
    })
    .join("");
  const key = /^[A-Za-z]/.test(joined) ? joined : `secret${joined}`;
  return isStackKey(key) ? `${key}Secret` : key;
}

/** A secret's variable: its file under /run/secrets has the same name in lower case. */
export const variableOf = (name: string): string =>
  name
    .toUpperCase()
    .replace(/[^A-Z0-9_]+/g, "_")
    .replace(/^(?=\d)/, "_");

/** A text with the host names of services replaced, where they stand for a host. */
export function renameHosts(value: string, names: ReadonlyMap<string, string>): string {
  let out = value;
  for (const [before, after] of names) {
    if (before === after) continue;
    const name = before.replace(/[^\w]/g, "\\$&");
    out = out.replace(new RegExp(`(^|[\\s,;=]|//|@)${name}(?=:\\d|[/,]|$)`, "g"), (whole: string, lead: string) =>
      // A word that is the whole value may be anything; the caller knows whether it names a host.
      whole === value && lead === "" ? whole : `${lead}${after}`,
    );
  }
  return out;
}
