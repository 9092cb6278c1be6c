import { explain, run } from "../../commands/rampart";
import { printer } from "../../commands/shared/output";

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `rampart` in this process, as if its output were piped. */
export async function rampart(args: readonly string[], env: NodeJS.ProcessEnv = {}, root = "/nowhere"): Promise<Ran> {
  const written = { stdout: "", stderr: "" };
  const print = printer({
    stdout: { write: (text) => (written.stdout += text) },
    stderr: { write: (text) => (written.stderr += text) },
    env,
  });
  let code: number;
  try {
    code = await run({ root, cwd: root, print, env }, args);
  } catch (error) {
    code = explain(error, print, env);
  }
  return { code, ...written };
}
