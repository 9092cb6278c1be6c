import { existsSync } from "node:fs";
import { UserError } from "./errors";
import { parseJson } from "./json";
import { findPulumi } from "./pulumi-program";
import { capture } from "./run";
import { pulumiEnvironment, stackStateFile, statePaths } from "./state";

/** Which stack's outputs, of which checkout. */
export interface OutputsOf {
  readonly root: string;
  readonly project: string;
  readonly stack: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Where the state is: with `npm start`, or where PULUMI_BACKEND_URL and the login say. */
function stateEnvironment({ root, project, stack, env }: OutputsOf): NodeJS.ProcessEnv {
  const paths = statePaths(root);
  const own = env["PULUMI_BACKEND_URL"] === undefined && existsSync(stackStateFile(paths, project, stack));
  return own ? pulumiEnvironment(env, paths, stack) : env;
}

/** Reads a stack's outputs, secrets among them, with the Pulumi CLI. @throws UserError when there are none */
export async function readOutputs(of: OutputsOf): Promise<unknown> {
  const { root, stack, env } = of;
  const pulumi = await findPulumi(root, env);
  if (pulumi === undefined)
    throw new UserError("The Pulumi CLI (`pulumi`) is not installed here, and only it can open the stack's outputs.");
  const args = ["--non-interactive", "--cwd", root, "stack", "output", "--json", "--show-secrets", "--stack", stack];
  const result = await capture(pulumi.path, args, stateEnvironment(of), 120);
  if (result.code !== 0)
    throw new UserError(`The outputs of stack ${stack} could not be read: ${result.stderr.trim()}`);
  return parseJson(result.stdout);
}
