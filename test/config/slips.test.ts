/** One mistake, one fault: a misspelt key is told with what was meant, and nothing is missing because of it. */
import { keysAt } from "../../config/schema-keys";
import { plain } from "../../config/nearest";
import { change, faultsOf, type Tree } from "./support";
import { faultsOfTree, named, schema, whole } from "./whole";

/** The stack with a key of another name, its value as it is. */
function renamed(path: readonly PropertyKey[], name: string): Tree {
  const values = whole();
  const parent = path.slice(0, -1).reduce<Tree>((at, part) => at[String(part)] as Tree, values);
  parent[name] = parent[String(path.at(-1))];
  delete parent[String(path.at(-1))];
  return values;
}

/** As a hurried person writes a key. */
const MISSPELT: Readonly<Record<string, (key: string) => string>> = {
  "two letters the wrong way round": (key) => `${key[0] ?? ""}${key[2] ?? ""}${key[1] ?? ""}${key.slice(3)}`,
  "in capitals": (key) => key.toUpperCase(),
  "in snake case": (key) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
};

/** `environment` decides by which rules the rest is judged, and the stack has none. */
const keys = named(whole()).filter((path) => path.length > 0);

test("the stack is valid, and has keys of every part", () => {
  expect(faultsOfTree(whole())).toEqual([]);
  expect(keys.length).toBeGreaterThan(90);
});

describe.each(Object.entries(MISSPELT))("a key with %s", (_how, misspell) => {
  test("is the one fault, and the fix is the key that was meant", () => {
    const told = keys.flatMap((path) => {
      const key = String(path.at(-1));
      const name = misspell(key);
      const known = keysAt(schema, path.slice(0, -1));
      // Another key of the schema is no slip; and one that is as near to another is not plain.
      if (name === key || known.includes(name) || known.some((one) => one !== key && plain(one) === plain(name)))
        return [];
      const faults = faultsOfTree(renamed(path, name));
      const good = faults.length === 1 && faults[0]?.fix.replace("rampart:", "") === `write it as ${key}`;
      return good ? [] : faults.map(({ path: at, fix }) => `${at}: ${fix}`);
    });
    expect(told).toEqual([]);
  });
});

test("what is wrong within a misspelt key's value is told at the key that stands there", () => {
  const values = renamed(["services", "api", "routes"], "rotes");
  change(values, "services.api.rotes", [{ host: "*" }, { host: "api.acme-shop.com" }]);
  expect(faultsOfTree(values).map(({ path }) => path)).toEqual([
    "rampart:services.api.rotes",
    "rampart:services.api.rotes[0].host",
  ]);
});

test("a limit is told once, and not again by what holds it", () => {
  expect(faultsOf({ "edge.connections": { perClient: 1e30 } })).toMatchObject([
    { path: "rampart:edge.connections.perClient", allowed: "at most 100000" },
  ]);
});
