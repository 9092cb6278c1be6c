import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

const ROOT = join(__dirname, "..");
const FOLDERS = [
  "commands",
  "components",
  "config",
  "engine",
  "hardening",
  "plan",
  "policy",
  "resources",
  "test",
  "verify",
];

/** The modules of the repository that each of its modules imports, types too, by their paths. */
function importsByFile(): ReadonlyMap<string, readonly string[]> {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => posix.join(folder, file)),
  );
  return new Map(["index.ts", ...files].map((file) => [file, importsOf(file)]));
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  return [...text.matchAll(/\b(?:from|import) "(\.[^"]*)"/g)].flatMap(([, specifier = ""]) => {
    const path = posix.join(posix.dirname(file), specifier);
    const found = [`${path}.ts`, posix.join(path, "index.ts")].find((candidate) => existsSync(join(ROOT, candidate)));
    return found === undefined ? [] : [found];
  });
}

/** The first path that leads from a file back to itself; empty where there is none. */
function cycle(imports: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): readonly string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return [];
    for (const next of imports.get(file) ?? []) {
      const found = visit(next, [...path, file]);
      if (found.length > 0) return found;
    }
    done.add(file);
    return [];
  };
  for (const file of imports.keys()) {
    const found = visit(file, []);
    if (found.length > 0) return found;
  }
  return [];
}

test("the imports of every file are found", () => {
  expect(importsOf("index.ts")).toEqual(["components/index.ts"]);
  const schemas = ["confinement", "disk", "stack"].map((name) => `config/schema/${name}.ts`);
  expect(importsOf("config/schema/index.ts")).toEqual(schemas);
});

test("a cycle of imports is found", () => {
  const imports = new Map([
    ["a.ts", ["b.ts"]],
    ["b.ts", ["c.ts", "d.ts"]],
    ["c.ts", []],
    ["d.ts", ["b.ts"]],
  ]);
  expect(cycle(imports)).toEqual(["b.ts", "d.ts", "b.ts"]);
});

test("no files import each other, not even types", () => {
  expect(cycle(importsByFile())).toEqual([]);
});
