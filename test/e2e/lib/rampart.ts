import { run, type RunResult } from "./process";
import { REPOSITORY, type Stack } from "./pulumi";

/** Runs `rampart <command> <stack>` as a user does, on the stack's own file and backend. */
export const rampart = (stack: Stack, command: string, ...args: readonly string[]): Promise<RunResult> =>
  run("node", ["bin/rampart.cjs", command, stack.name, "--config-file", stack.file, ...args], {
    cwd: REPOSITORY,
    env: stack.env,
    timeoutSeconds: 300,
  });
