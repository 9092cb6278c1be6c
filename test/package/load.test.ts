import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(__dirname, "../..");
const project = mkdtempSync(join(tmpdir(), "rampart-load-"));
const file = (path: string, content: string): void => writeFileSync(join(project, path), content);

beforeAll(() => {
  for (const room of ["bin", "components", "config", "engine", "hardening/text", "resources"]) {
    mkdirSync(join(project, room), { recursive: true });
  }
  for (const name of ["bundle.cjs", "load.cjs", "lazy-properties.cjs", "lazy-sdk.cjs", "quiet-sdk.cjs"])
    cpSync(join(root, "bin", name), join(project, "bin", name));
  symlinkSync(join(root, "node_modules"), join(project, "node_modules"));
  file("package-lock.json", "{}");
  file("hardening/text/words.sql", "SELECT 1");
  file(
    "hardening/text/words.ts",
    'import { readFileSync } from "node:fs";\nimport { join } from "node:path";\n' +
      'export const words: string = readFileSync(join(__dirname, "words.sql"), "utf8");',
  );
  file(
    "index.ts",
    'import { name } from "./config/name";\nimport { words } from "./hardening/text/words";\n' +
      "export = { name, words, traces: Error.stackTraceLimit };",
  );
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

/** What the program exports, loaded as Pulumi loads it. */
function load(env: Readonly<Record<string, string>> = {}, directory = project): unknown {
  const script = `process.stdout.write(JSON.stringify(require(${JSON.stringify(join(directory, "index.ts"))})))`;
  const args = ["--require", join(directory, "bin/load.cjs"), "--eval", script];
  return JSON.parse(
    execFileSync(process.execPath, args, { encoding: "utf8", env: { PATH: process.env["PATH"], ...env } }),
  );
}
const bundles = (): string[] => readdirSync(join(project, ".rampart/cache")).filter((name) => name.endsWith(".cjs"));

test("the program that runs is the one in the files, whatever ran before", () => {
  file("config/name.ts", 'export const name: string = "one";');
  expect(load()).toMatchObject({ name: "one" });
  file("config/name.ts", 'export const name: string = "two";');
  expect(load()).toMatchObject({ name: "two" });
  expect(bundles()).toHaveLength(2);
  file("config/name.ts", 'export const name: string = "one";');
  expect(load()).toMatchObject({ name: "one" });
  expect(bundles()).toHaveLength(2);
});

test("a changed text beside a file counts as a change, and is found where it lies", () => {
  expect(load()).toMatchObject({ words: "SELECT 1" });
  file("hardening/text/words.sql", "SELECT 2");
  expect(load()).toMatchObject({ words: "SELECT 2" });
});

test("errors have a stack trace only where somebody asks for it", () => {
  expect(load()).toMatchObject({ traces: 0 });
  expect(load({ RAMPART_DEBUG: "1" })).toMatchObject({ traces: 10 });
});

test("resources do not name places in the bundle, which the next change of the sources would move", () => {
  file(
    "config/name.ts",
    'import { Resource } from "@pulumi/pulumi";\nexport const name = Resource["callsites"]().length;',
  );
  expect(load()).toMatchObject({ name: 0 });
  const asked = load({ RAMPART_DEBUG: "1" });
  expect(asked).toHaveProperty("name", expect.any(Number));
  expect(asked).not.toMatchObject({ name: 0 });
});

test("a program that does not compile says where, and leaves no bundle", () => {
  const before = bundles();
  file("config/name.ts", "export const name: string = ;");
  expect(() => load()).toThrow(/name\.ts:1:28[\s\S]*the program could not be bundled/);
  expect(bundles()).toEqual(before);
});

test("a stack trace names the places in the sources where somebody asks for it", () => {
  file("config/name.ts", 'export interface Nothing {}\n\nexport const name: string = new Error("here").stack ?? "";');
  expect(load({ RAMPART_DEBUG: "1" })).toHaveProperty("name", expect.stringMatching(/config\/name\.ts:3:\d+\)?\n/));
});

test("a copy of the clone runs its own files", () => {
  file("config/name.ts", 'export const name: string = "one";');
  load();
  const copy = `${project}-copy`;
  try {
    cpSync(project, copy, { recursive: true, verbatimSymlinks: true });
    file("hardening/text/words.sql", "SELECT 3");
    expect(load({}, copy)).toMatchObject({ words: "SELECT 2" });
  } finally {
    rmSync(copy, { recursive: true, force: true });
    file("hardening/text/words.sql", "SELECT 2");
  }
});

test("a checkout in which nothing can be written runs its program all the same, and always as in the files", () => {
  const readOnly = join(project, "bin/read-only.cjs");
  const original = readFileSync(join(project, "bin/load.cjs"), "utf8");
  // Root may write anywhere: the words of a read-only file system stand in for it.
  writeFileSync(
    readOnly,
    `const fs = require("node:fs");
    for (const name of ["mkdirSync", "writeFileSync", "renameSync"])
      fs[name] = () => { throw Object.assign(new Error("EROFS: read-only file system"), { code: "EROFS" }); };
    // Node.js from 22.1 on writes its compile cache past node:fs; on a read-only file system it does without.
    require("node:module").enableCompileCache = undefined;`,
  );
  rmSync(join(project, ".rampart"), { recursive: true, force: true });
  try {
    file("bin/load.cjs", `require("./read-only.cjs");\n${original}`);
    file("config/name.ts", 'export const name: string = "three";');
    expect(load()).toMatchObject({ name: "three", words: "SELECT 2" });
    file("config/name.ts", 'export const name: string = "four";');
    expect(load()).toMatchObject({ name: "four" });
    expect(readdirSync(project)).not.toContain(".rampart");
  } finally {
    file("bin/load.cjs", original);
    unlinkSync(readOnly);
  }
});

test("the newest four bundles are kept, and those of another name", () => {
  const cache = join(project, ".rampart/cache");
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  const old = ["a", "b", "c", "d", "e"].map((name) => `program-${name}.cjs`);
  [...old, "commands-a.cjs"].forEach((name, age) => {
    file(`.rampart/cache/${name}`, "");
    utimesSync(join(cache, name), 1_000_000_000 - age, 1_000_000_000 - age);
  });
  file("config/name.ts", 'export const name = "newest";');
  expect(load()).toMatchObject({ name: "newest" });
  const kept = bundles();
  expect(kept.filter((name) => !/-[0-9a-f]{24}\.cjs$/.test(name)).sort()).toEqual([
    "commands-a.cjs",
    ...old.slice(0, 3),
  ]);
  expect(kept).toHaveLength(5);
});
