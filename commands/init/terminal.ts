import { createInterface } from "node:readline/promises";

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

/** The person at the terminal; undefined where there is none. */
export function terminal(): Asker | undefined {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
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
