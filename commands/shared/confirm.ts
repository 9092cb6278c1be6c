import { createInterface } from "node:readline/promises";

/** Asks a person; undefined where there is none, as in CI. Anything but a yes is a no. */
export function personToAsk(env: NodeJS.ProcessEnv): ((question: string) => Promise<boolean>) | undefined {
  const { stdin, stderr } = process;
  if (!stdin.isTTY || !stderr.isTTY || (env["CI"] ?? "") !== "") return undefined;
  return async (question) => {
    const lines = createInterface({ input: stdin, output: stderr });
    try {
      return /^y(?:es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
    } finally {
      lines.close();
    }
  };
}
