import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(__dirname, "../..");

/** Runs a script after bin/lazy-sdk.cjs, and gives back what it prints as JSON. */
function after(script: string, cwd = root): unknown {
  const args = ["--require", join(root, "bin/lazy-sdk.cjs"), "--eval", script];
  return JSON.parse(execFileSync(process.execPath, args, { cwd, encoding: "utf8" }));
}
const LOADED = "Object.keys(require.cache).filter((file) => /node_modules.(typescript|@npmcli)./.test(file)).length";

test("Pulumi's SDK loads without TypeScript and npm's library", () => {
  expect(after(`require("@pulumi/pulumi"); console.log(${LOADED})`)).toBe(0);
});

/** What needs the two, in one process: the SDK's serialised functions, and the code paths that go with them. */
function needed(): unknown {
  const sdk = JSON.stringify(join(root, "node_modules/@pulumi/pulumi"));
  const script = `const value = 5;
    const { runtime } = require(${sdk});
    (async () => {
      const { text } = await runtime.serializeFunction(() => value + 1);
      const right = /\\(\\)=>value\\+1|\\(\\) => value \\+ 1/.test(text);
      const loaded = ${LOADED} > 0;
      const paths = await runtime.computeCodePaths({ extraExcludePackages: [] });
      console.log(JSON.stringify({ text: right, loaded, paths: paths instanceof Map && paths.size > 0 }));
    })();`;
  // npm's library reads the tree of packages of where it runs.
  const project = mkdtempSync(join(tmpdir(), "rampart-lazy-"));
  try {
    mkdirSync(join(project, "node_modules"));
    symlinkSync(join(root, "node_modules/yaml"), join(project, "node_modules/yaml"));
    writeFileSync(join(project, "package.json"), JSON.stringify({ name: "small", dependencies: { yaml: "*" } }));
    return after(script, project);
  } finally {
    rmSync(project, { recursive: true });
  }
}
let seen: unknown;
beforeAll(() => {
  seen = needed();
});

test("a function can be serialised all the same: TypeScript and npm's library then load", () =>
  expect(seen).toMatchObject({ text: true, loaded: true }));

test("the code paths of a deployed function are found by npm's library", () =>
  expect(seen).toMatchObject({ paths: true }));
