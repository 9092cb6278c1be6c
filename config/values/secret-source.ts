/** What names a secret in another program's keeping: neither a secret, nor taken for an option by that program. */
import type { FaultParams } from "../faults";
import { hasUnseen, quote } from "../text";
import type { Check } from "./check";
import { hasCredentials } from "./secret-shapes";

/** A text of a form, shown in the error unless it could be a secret that somebody wrote in a name's place. */
const form =
  (pattern: RegExp, allowed: string, fix: string): Check<string> =>
  (value) => {
    if (pattern.test(value) && !hasUnseen(value) && !hasCredentials(value)) return undefined;
    return { given: `a text of ${value.length} characters (hidden)`, allowed, fix };
  };

const hasParent = (path: string): boolean => path.split(/[/\\]/).includes("..");

export const sopsFileCheck: Check<string> = (value) => {
  if (hasParent(value) || value.startsWith("-"))
    return {
      given: quote(value),
      allowed: "a path within the project, or an absolute one; no `..`, and no hyphen at its start",
      fix: "put the file beside the stack's file, such as secrets/prod.enc.yaml",
    };
  return form(
    /^[^\s"'`$;&|<>]{1,500}$/,
    "the path of a file that SOPS has encrypted",
    "name the file, such as secrets/prod.enc.yaml",
  )(value);
};

export const keyInFileCheck: Check<string> = form(
  /^[A-Za-z0-9_-]{1,100}(?:\.[A-Za-z0-9_-]{1,100}){0,20}$/,
  "keys of letters, digits, _ and - with dots between them; a number is a place in a list",
  "name the value's place, such as stripe.key",
);

export const vaultPathCheck: Check<string> = form(
  /^[A-Za-z0-9_][\w.-]*(?:\/[\w.-]+)+$/,
  "<mount>/<path>, such as secret/shop",
  "write the path that `vault kv get <path>` takes",
);

export const vaultFieldCheck: Check<string> = form(
  /^[A-Za-z0-9_][\w.-]{0,127}$/,
  "the name of a field: letters, digits, _, . and -",
  "write the field that `vault kv get -field=<field> <path>` takes",
);

export const infisicalNameCheck: Check<string> = form(
  /^[A-Za-z0-9_][\w-]{0,255}$/,
  "the name of a secret: letters, digits, _ and -",
  "write the secret's name, such as STRIPE_KEY",
);

export const slugCheck: Check<string> = form(
  /^[A-Za-z0-9][\w-]{0,63}$/,
  "letters, digits, _ and -, at most 64 characters",
  "copy it from the project's settings",
);

export const infisicalPathCheck: Check<string> = form(
  /^\/[\w/-]{0,255}$/,
  "a folder that begins with /",
  "write the folder, such as /api",
);

export const onePasswordCheck: Check<string> = form(
  /^op:\/\/[^/?#]{1,200}(?:\/[^/?#]{1,200}){2,3}(?:\?(?!attribute=otp)[\w=&-]{1,100})?$/,
  "op://<vault>/<item>/<field>, or with a section before the field; no one-time password",
  "copy the field's secret reference in 1Password",
);

/** Programs whose argument is a text of commands. */
const SHELLS = /(?:^|[/\\])(?:a|ba|c|da|fi|k|tc|z)?sh(?:\.exe)?$|(?:^|[/\\])(?:cmd|powershell|pwsh)(?:\.exe)?$/i;
const SCRIPT_OPTION = /^(?:-[a-z]*c|-Command|-EncodedCommand|\/c)$/i;

/** What is wrong with the words of a command, and with which of them. */
export function commandCheck(
  words: readonly string[],
): { readonly index: number; readonly fault: FaultParams } | undefined {
  const [program = ""] = words;
  const at = (index: number, fault: FaultParams) => ({ index, fault });
  if (words.length === 1 && /\s/.test(program))
    return at(0, {
      given: "one word with spaces in it",
      allowed: "a list of the program and its arguments; no shell takes it apart",
      fix: "write each word by itself: [pass, show, shop/stripe]",
    });
  const shell = SHELLS.test(program) ? words.findIndex((word) => SCRIPT_OPTION.test(word)) : -1;
  if (shell > 0)
    return at(shell, {
      given: "a text of shell commands",
      allowed: "a program and its arguments, without a shell",
      fix: "put the commands into a script of the project, and write [./scripts/<name>]",
    });
  if (hasParent(program))
    return at(0, {
      given: quote(program),
      allowed: "a name that PATH has, an absolute path, or a path within the project; no `..`",
      fix: "put the program into the project, such as [./scripts/secret], or on PATH",
    });
  if (program.startsWith("-") || program.trim() === "" || hasUnseen(program))
    return at(0, {
      given: "a word that is no program",
      allowed: "a name that PATH has, an absolute path, or a path within the project",
      fix: "begin with the program: [pass, show, shop/stripe]",
    });
  return undefined;
}
