/** Text of a compose file, where Rampart takes it as it is; else a place to fill in. */
import type { Environment } from "../environment";
import { fillIn } from "../places";
import { environmentCheck } from "../values/program";
import { isMarked, readable, secretIds, unsetNames } from "./hidden";
import { quoteWords } from "./words";

/** A line of a shell that holds a place to fill in cannot be quoted. */
export const safeLine = (words: readonly string[]): string => {
  const place = words.find((word) => word.includes("FILL IN: "));
  return place === undefined ? quoteWords(words) : place;
};

/** A plain variable's value, or what a person has to write in its place. */
export function checked(
  name: string,
  value: string,
  { environment, leaks }: { readonly environment: Environment; readonly leaks: boolean },
): string {
  if (leaks)
    return fillIn(
      `the value of ${name}, which holds a secret of the compose file: write it without, or move it to secrets`,
    );
  const fault = environmentCheck(name, value, environment);
  return fault === undefined ? value : fillIn(`the value of ${name}: ${fault.allowed}`);
}

/** A word of a command, or what a person has to write in its place. */
export function checkedWord(word: string, secret: boolean): string {
  if (secret || secretIds(word).length > 0)
    return fillIn("this word of the command holds a secret: have the program read it from a file");
  return isMarked(word) ? fillIn(`${readable(word)}, where ${unsetNames(word).join(", ")} is not set`) : word;
}
