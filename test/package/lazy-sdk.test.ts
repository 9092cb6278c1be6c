import { execFileSync } from "node:child_process";
import { join, resolve } from "node:path";

const root = resolve(__dirname, "../..");

/** Runs a script after bin/lazy-sdk.cjs, and gives back what it prints as JSON. */
function after(script: string): unknown {
  const args = ["--require", join(root, "bin/lazy-sdk.cjs"), "--eval", script];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: "utf8" }));
}
const LOADED = "Object.keys(require.cache).filter((file) => /node_modules.(typescript|@npmcli)./.test(file)).length";

test("Pulumi's SDK loads without TypeScript and npm's library", () => {
  expect(after(`require("@pulumi/pulumi"); console.log(${LOADED})`)).toBe(0);
});

test("a function can be serialised all the same: TypeScript and npm's library then load", () => {
  const script = `const value = 5;
    require("@pulumi/pulumi").runtime.serializeFunction(() => value + 1).then(({ text }) => {
      const right = /\\(\\)=>value\\+1|\\(\\) => value \\+ 1/.test(text);
      console.log(JSON.stringify({ text: right, loaded: ${LOADED} > 0 }));
    });`;
  expect(after(script)).toEqual({ text: true, loaded: true });
});

test("the code paths of a deployed function are found by npm's library", () => {
  const script = `require("@pulumi/pulumi").runtime.computeCodePaths({ extraExcludePackages: [] }).then((paths) =>
      console.log(JSON.stringify(paths instanceof Map && paths.size > 0)));`;
  expect(after(script)).toBe(true);
});
