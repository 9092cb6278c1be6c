/** What of a compose file may stand in a stack's file as it is, and what becomes a place to fill in. */
import type { Environment } from "../environment";
import { fillIn } from "../places";
import { environmentCheck } from "../values/program";
import { isMarked, readable, secretIds, unsetNames } from "./hidden";

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

export function checkedWord(word: string, secret: boolean): string {
  if (secret || secretIds(word).length > 0)
    return fillIn("this word of the command holds a secret: have the program read it from a file");
  return isMarked(word) ? fillIn(`${readable(word)}, where ${unsetNames(word).join(", ")} is not set`) : word;
}
