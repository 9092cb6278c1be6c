import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { rampart } from "../support";

const root = resolve(__dirname, "../../..");
let bin: string;
beforeEach(() => (bin = mkdtempSync(join(tmpdir(), "rampart-bin-"))));
afterEach(() => rmSync(bin, { recursive: true, force: true }));

/** Stands in for a program; nothing else is on the PATH. */
function program(name: string, answer: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\nprintf '%s\\n' '${answer}'\n`);
  chmodSync(join(bin, name), 0o755);
}

const environment = (): NodeJS.ProcessEnv => ({ PATH: bin, HOME: bin, DOCKER_HOST: "unix:///nowhere/docker.sock" });

it("rampart start names all that is missing or too old, after the plan, and fails", () => {
  program("docker", '{"Server":{"Version":"19.03.15","ApiVersion":"1.40","Os":"linux"}}');
  const args = ["bin/rampart.cjs", "start", "--config-file", "Pulumi.dev.yaml"];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    env: environment(),
    encoding: "utf8",
  });
  expect(stdout).toContain('Plan of stack "dev"');
  expect(stderr).toContain("The same as a page for a browser, with a picture of the stack: .rampart/report.html\n");
  const report = readFileSync(join(root, ".rampart/report.html"), "utf8");
  expect(report).toContain("What to install to go on");
  expect(report).toContain("is too old (Docker 19.03.15, API 1.40)");
  const [first, second, third, ...rest] = stderr.split("\n").slice(-4);
  expect(first).toBe("Nothing was deployed.");
  expect(second).toBe(
    "The engine at unix:///nowhere/docker.sock is too old (Docker 19.03.15, API 1.40): " +
      "update it to Docker 20.10 (API 1.41) or later, then run `npm start` again.",
  );
  expect(third).toMatch(/^The Pulumi CLI \(`pulumi`\) is missing: install version 3\.\d+\.\d+ or later /);
  expect([status, rest]).toEqual([1, [""]]);
});

it("rampart start explains itself, and a wrong option", async () => {
  const run = (...args: string[]) => rampart(args, environment(), root);
  expect(await run("start", "--help")).toMatchObject({ code: 0, stderr: "" });
  expect(await run("start", "--nope")).toMatchObject({ code: 2, stdout: "" });
  expect((await run("pulumi", "version")).stderr).toMatch(/^The Pulumi CLI \(`pulumi`\) is missing/);
});
