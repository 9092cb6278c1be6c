import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";

const ROOT = resolve(__dirname, "../..");

function rampart(...args: string[]) {
  const env = { PATH: "", HOME: "/nowhere" };
  return spawnSync(process.execPath, [join(ROOT, "bin/rampart.cjs"), ...args], { cwd: "/", env, encoding: "utf8" });
}

it("bin/rampart.cjs lists the commands", () => {
  const { status, stdout, stderr } = rampart("--help");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/^usage: npx rampart <command> \[<stack>\] \[options\]\n\nCommands:\n {2}start /);
});

it("bin/rampart.cjs plans a stack of its clone, from any directory", () => {
  const { status, stdout, stderr } = rampart("plan", "dev", "--json");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const { stack, resources } = JSON.parse(stdout) as { stack: string; resources: readonly { readonly name: string }[] };
  expect([stack, resources[0]?.name]).toEqual(["dev", "rampart-dev"]);
});

it("bin/rampart.cjs ends with 2 for an unknown command, in one sentence and without escape codes", () =>
  expect(rampart("pan")).toMatchObject({
    status: 2,
    stdout: "",
    stderr: "Unknown command 'pan'; did you mean 'plan'?\nAll commands: `npx rampart --help`.\n",
  }));

it("bin/rampart.cjs ends quietly when its reader has seen enough", () => {
  const bin = join(ROOT, "bin/rampart.cjs");
  // More than a pipe holds, so that the rest has nowhere to go once head has ended.
  const script = '{ "$0" "$1" plan dev --json; echo "ended with $?" >&2; } | head -c 10';
  const { stdout, stderr } = spawnSync("sh", ["-c", script, process.execPath, bin], { encoding: "utf8" });
  expect({ stdout, stderr }).toEqual({ stdout: '{\n  "stack', stderr: "ended with 0\n" });
});
