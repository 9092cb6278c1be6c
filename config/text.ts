/** Text that a person reads in a terminal, whoever wrote it. */

/**
 * What moves a cursor, hides, or turns the direction of what follows: control characters, separators of lines, and
 * characters of format. The joiners of emoji and of some scripts stay (U+200C, U+200D).
 */
const UNSEEN = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/u;
const EACH_UNSEEN = new RegExp(UNSEEN.source, "gu");

/** Whether a text has a character that nobody sees, or that changes how the rest is shown. */
export const hasUnseen = (text: string): boolean => UNSEEN.test(text);

const escaped = (character: string): string => {
  const point = character.codePointAt(0) ?? 0;
  return point > 0xffff ? `\\u{${point.toString(16)}}` : `\\u${point.toString(16).padStart(4, "0")}`;
};

/** The text with each such character as its code: `\u001b`, `\u202e`. */
export const printable = (text: string): string => text.replace(EACH_UNSEEN, escaped);

/**
 * A value as JSON of several lines that any terminal and any tool for differences shows as it is:
 * characters that nobody sees are `\uXXXX` in it. Read as JSON, it is the same value.
 */
export const jsonText = (value: unknown): string =>
  JSON.stringify(value, undefined, 2).replace(EACH_UNSEEN, (character) =>
    character === "\n"
      ? character
      : character
          .split("")
          .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
          .join(""),
  );

const SHOWN = 120;

/** At most 120 characters; a character is never cut in two. */
export const shorten = (text: string): string =>
  text.length > SHOWN ? `${text.slice(0, SHOWN - 3).replace(/[\ud800-\udbff]$/, "")}...` : text;

/** A text in a message: quoted, on one line, short, and without a character that nobody sees. */
export const quote = (text: string): string =>
  shorten(printable(JSON.stringify(text.length > 2 * SHOWN ? text.slice(0, 2 * SHOWN) : text)));

/** Lines of as many words as the width takes, in columns. A word that is wider stands on a line of its own. */
export function linesOf(words: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
