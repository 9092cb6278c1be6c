import { explain, run } from "../../commands/rampart";
import type { Programs } from "../../commands/shared/command";
import { printer } from "../../commands/shared/output";

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs `rampart` in this process, as if its output were piped.
 * @param programs Pulumi programs by their files, for a command that evaluates one
 */
export async function rampart(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  root = "/nowhere",
  programs: Programs = {},
): Promise<Ran> {
  const written = { stdout: "", stderr: "" };
  const print = printer({
    stdout: { write: (text) => (written.stdout += text) },
    stderr: { write: (text) => (written.stderr += text) },
    env,
  });
  let code: number;
  try {
    code = await run({ root, cwd: root, print, env, programs }, args);
  } catch (error) {
    code = explain(error, print, env);
  }
  return { code, ...written };
}
