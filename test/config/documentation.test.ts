import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { z } from "zod";
import { ENVIRONMENTS, STACK_KEYS, stackSchema } from "../../config";

const PAGE = readFileSync(join(__dirname, "../../docs/configuration.md"), "utf8");
const documented = new Set([...PAGE.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1]));

interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
  readonly innerType?: z.core.$ZodType;
  readonly element?: z.core.$ZodType;
  readonly valueType?: z.core.$ZodType;
  readonly options?: readonly z.core.$ZodType[];
  readonly in?: z.core.$ZodType;
}

/** The keys of a schema, lists and wrappers seen through, with dots between them. */
function keysOf(schema: z.core.$ZodType, prefix = ""): string[] {
  const definition = schema._zod.def as unknown as Definition;
  if (definition.shape !== undefined) {
    return Object.entries(definition.shape).flatMap(([key, child]) => {
      const path = prefix === "" ? key : `${prefix}.${key}`;
      const below = keysOf(child, path);
      return below.length === 0 || hasOwnRow(path) ? [path, ...below] : below;
    });
  }
  const inner = [
    definition.innerType,
    definition.element,
    definition.valueType,
    definition.in,
    ...(definition.options ?? []),
  ];
  return inner.flatMap((child) => (child === undefined ? [] : keysOf(child, prefix)));
}

const shortened = (path: string): string => path.replace(/^(?:services|migration)\./, "");
const hasOwnRow = (path: string): boolean => documented.has(shortened(path));

const keys = ENVIRONMENTS.flatMap((environment) => keysOf(stackSchema({ environment })));

/** One row stands for the three figures of the edge, Postgres and Redis: they are explained once, under resources. */
const rowOf = (path: string): string =>
  shortened(path).replace(/^(edge|database|redis|database\.backups)\.resources\.\w+$/, "$1.resources");

test.each([...new Set(keys.map(rowOf))].sort())("%s is documented", (key) => {
  expect(documented.has(key)).toBe(true);
});

test("nothing is documented that does not exist", () => {
  const known = new Set(
    keys.flatMap((path) => [
      rowOf(path),
      ...rowOf(path)
        .split(".")
        .map((_, index, parts) => parts.slice(0, index + 1).join(".")),
    ]),
  );
  expect([...documented].filter((key) => key !== undefined && !known.has(key))).toEqual([]);
  expect(keys.length).toBeGreaterThan(90);
});

test("the list of keys is the schema's", () => {
  expect([...STACK_KEYS].sort()).toEqual(Object.keys(stackSchema({ environment: "prod" }).shape).sort());
});
