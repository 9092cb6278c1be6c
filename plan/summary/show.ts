/** How a value of a stack's file is shown: on one line, and never where it may be a secret. */
import type { SecretReference } from "../../config/schema/secret";
import { sourceText } from "../../config/sources/arguments";
import { printable } from "../../config/text";
import { hasCredentials, isSecretName } from "../../config/values/secret-shapes";

/** Stands for a value that is not shown. */
export const HIDDEN = "(hidden)";

/** A run of letters and digits that no person made up: a key, a token, a digest. */
const RUN = /[A-Za-z0-9+/_=-]{20,}/g;
const DIGITS_OF_A_KEY = 4;

/** Whether a text holds something that looks like a key: long, of letters and digits mixed, and no path or word. */
function looksLikeKey(text: string): boolean {
  return (text.match(RUN) ?? []).some((run) =>
    run
      .split(/[/_-]/)
      .some(
        (part) => part.length >= 16 && (part.match(/\d/g) ?? []).length >= DIGITS_OF_A_KEY && /[A-Za-z]/.test(part),
      ),
  );
}

/** Whether a value may be shown. @param name what it is the value of, whose words may say "secret" */
export const isPlain = (value: string, name = ""): boolean =>
  !isSecretName(name) && !hasCredentials(value) && !looksLikeKey(value);

const NAMED: Readonly<Record<string, string>> = { "\n": "\\n", "\t": "\\t", "\r": "\\r" };

/** A text on one line, with everything invisible written out. */
export const visible = (text: string): string =>
  printable(text.replace(/[\n\t\r]/g, (character) => NAMED[character] ?? character));

/** A value, or `(hidden)`. */
export const shown = (value: string, name?: string): string => (isPlain(value, name) ? visible(value) : HIDDEN);

/** A command line as a shell would take it; an argument that may be a secret is hidden. */
export const commandLine = (words: readonly string[]): string =>
  words
    .map((word) => {
      if (!isPlain(word)) return HIDDEN;
      return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${visible(word)}'`;
    })
    .join(" ");

/** `repo:tag@sha256:0123456789ab…`: the start of a digest tells two apart. */
export const imageName = (reference: string): string => reference.replace(/(@sha256:[0-9a-f]{12})[0-9a-f]*$/, "$1…");

/** A list in a sentence, or another text where it is empty. */
export const joined = (items: readonly string[], none: string): string =>
  items.length === 0 ? none : items.join(", ");

/** Where a secret's value is: the key that holds it, or another program's keeping. */
export const secretPlace = (secret: SecretReference): string =>
  "from" in secret ? visible(sourceText(secret.from, commandLine)) : secret.config;
