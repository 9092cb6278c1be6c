import { createInterface, type Interface } from "node:readline/promises";

/** Asks a person. */
export interface Asker {
  /** Asks until the answer is good. @param check What is wrong with an answer; undefined where nothing is. */
  readonly ask: (
    question: string,
    fallback: string | undefined,
    check: (answer: string) => string | undefined,
  ) => Promise<string>;
  readonly choose: <T extends string>(question: string, choices: readonly T[], fallback: T) => Promise<T>;
  readonly close: () => void;
}

/** Whether somebody is there to answer: not in CI, and not where input or messages go to a file or a pipe. */
const isSomebodyThere = (env: NodeJS.ProcessEnv): boolean =>
  process.stdin.isTTY && process.stderr.isTTY && (env["CI"] ?? "") === "";

const open = (): Interface => createInterface({ input: process.stdin, output: process.stderr });

/** Asks a yes or no. */
export type Question = (question: string) => Promise<boolean>;

/** A yes or no of the person at the terminal, an empty answer for yes; undefined where there is nobody. */
export const agreement = (env: NodeJS.ProcessEnv): Question | undefined => yesOrNo(env, /^(?:y|yes|)$/i);

/** The same for what changes a deployment: only a yes is a yes. */
export const consent = (env: NodeJS.ProcessEnv): Question | undefined => yesOrNo(env, /^(?:y|yes)$/i);

function yesOrNo(env: NodeJS.ProcessEnv, yes: RegExp): Question | undefined {
  if (!isSomebodyThere(env)) return undefined;
  return async (question) => {
    const lines = open();
    try {
      return yes.test((await lines.question(question)).trim());
    } finally {
      lines.close();
    }
  };
}

/** The person at the terminal; undefined where there is none. */
export function terminal(env: NodeJS.ProcessEnv): Asker | undefined {
  if (!isSomebodyThere(env)) return undefined;
  const lines = open();
  return asker(
    (prompt) => lines.question(prompt),
    (line) => void process.stderr.write(`${line}\n`),
    () => lines.close(),
  );
}

/** @param question Shows a prompt, and gives the line that the person writes. */
export function asker(
  question: (prompt: string) => Promise<string>,
  say: (line: string) => void,
  close: () => void,
): Asker {
  const ask: Asker["ask"] = async (text, fallback, check) => {
    for (;;) {
      const answer = (await question(`${text}${fallback === undefined ? "" : ` [${fallback}]`} `)).trim();
      const value = answer === "" ? (fallback ?? "") : answer;
      const fault = check(value);
      if (fault === undefined) return value;
      say(`  ${fault}`);
    }
  };
  return {
    ask,
    choose: async (text, choices, fallback) => {
      const answer = await ask(`${text} (${choices.join(", ")})`, fallback, (value) =>
        choices.some((one) => one === value) ? undefined : `one of ${choices.join(", ")}`,
      );
      return choices.find((one) => one === answer) ?? fallback;
    },
    close,
  };
}
