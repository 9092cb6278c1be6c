/** The rules as a policy pack: on any program's preview, on a state file, and on Rampart's own stack. */
import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { must, run, tail } from "../lib/process";
import { REPOSITORY } from "../lib/pulumi";
import { expect, expectNone, type Suite } from "../lib/runner";
import type { Context } from "../lib/stacks";

const PACK = join(REPOSITORY, "policy");
const WEAK = join(REPOSITORY, "test/policy/weak-program");
const GOLDEN = join(REPOSITORY, "test/policy/weak-state.golden");

/** `<level> <rule> <message>` of each violation that the CLI prints. */
const violations = (output: string): string[] =>
  [...output.matchAll(/- \[(mandatory|advisory)\] +(\S+) +\([^)]*\)\n.*\n +(.*)/g)]
    .map(([, level = "", rule = "", message = ""]) => `${level} ${rule} ${message}`)
    .sort();

export const policy: Suite<Context> = {
  name: "policy",
  stack: "main",
  once: true,
  repeatable: true,
  checks: [
    {
      name: "a state file with a weak container is judged as the golden file says",
      run: async () => {
        const file = join(REPOSITORY, "test/policy/weak-state.json");
        const { code, output } = await run("pulumi", ["policy", "analyze", "--file", file, "--policy-pack", PACK], {
          cwd: REPOSITORY,
        });
        expect(code !== 0, "nothing was blocked");
        const [found, golden] = [violations(output), readFileSync(GOLDEN, "utf8").trimEnd().split("\n")];
        expectNone([
          ...golden.filter((line) => !found.includes(line)).map((line) => `not said: ${line}`),
          ...found.filter((line) => !golden.includes(line)).map((line) => `said: ${line}`),
        ]);
        return `${golden.length} violations`;
      },
    },
    {
      name: "the preview of a bare program is blocked, with the rules' ids",
      run: async ({ work }) => {
        // Made beside a copy of its Pulumi.yaml, as the CLI writes the stack's file there.
        const beside = join(work, "weak");
        mkdirSync(join(beside, "state"), { recursive: true });
        cpSync(join(WEAK, "Pulumi.yaml"), join(beside, "Pulumi.yaml"));
        const env = {
          PULUMI_BACKEND_URL: `file://${join(beside, "state")}`,
          PULUMI_CONFIG_PASSPHRASE: "end-to-end",
          PULUMI_SKIP_UPDATE_CHECK: "true",
        };
        await must("pulumi", ["stack", "init", "weak", "--no-select", "--non-interactive"], { cwd: beside, env });
        const args = ["--stack", "weak", "--non-interactive", "--config-file", join(beside, "Pulumi.weak.yaml")];
        const { code, output } = await run("pulumi", ["preview", ...args, "--policy-pack", PACK], { cwd: WEAK, env });
        const blocked = violations(output).filter((line) => line.startsWith("mandatory"));
        const rules = blocked.map((line) => line.split(" ")[1]);
        expect(
          code !== 0 && ["cis-5.5", "cis-5.32", "rampart-image-pinned"].every((rule) => rules.includes(rule)),
          `exit code ${code}: ${tail(output, 30)}`,
        );
        return `${rules.length} rules block it`;
      },
    },
    {
      name: "the preview of Rampart's own stack passes",
      run: async ({ main }) => {
        const { code, output } = await main.preview(["--policy-pack", PACK]);
        expect(code === 0 && /✅ rampart@/.test(output), tail(output, 30));
      },
    },
  ],
};
