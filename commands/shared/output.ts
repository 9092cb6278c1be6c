import { stripVTControlCharacters } from "node:util";
import { linesOf } from "../../config/text";
import { WIDEST, type Paint, type Style } from "../../plan/text/page";

/** The part of a stream that a printer needs. */
export interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/**
 * What a command says. Results go to standard output, all else to standard error, so that a pipe carries results only.
 */
export interface Printer {
  /** A result, as it is. A line break is added where there is none. */
  readonly result: (text: string) => void;
  /** What happens meanwhile. */
  readonly progress: (text: string) => void;
  /** A line of a list: something that is in order. */
  readonly ok: (text: string) => void;
  /** A line of a list: something that is missing. */
  readonly missing: (text: string) => void;
  readonly error: (message: string, hint?: string) => void;
  /** The width of a page on standard output, in columns. */
  readonly width: number;
  /** A text of a result, in a style where standard output shows colours. */
  readonly paint: Paint;
}

export interface PrinterArgs {
  readonly stdout: Stream;
  readonly stderr: Stream;
  /** NO_COLOR, FORCE_COLOR and TERM are honoured. */
  readonly env: NodeJS.ProcessEnv;
}

/** ECMA-48, select graphic rendition. */
const SGR: Readonly<Record<Style, number>> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 };

/**
 * Messages are wrapped and coloured where a person reads them, that is on a terminal. Where standard error is a file or
 * a pipe, a sentence stays one line and carries no escape codes.
 */
export function printer({ stdout, stderr, env }: PrinterArgs): Printer {
  const person = stderr.isTTY === true;
  const styled = painter(hasColours(stderr, env));
  const line = (text: string, prefix = "", style?: Style): void => {
    const plain = stripVTControlCharacters(text);
    const wrapped = person ? wrap(plain, widthOf(stderr) - prefix.length, " ".repeat(prefix.length)) : plain;
    const start = style === undefined || prefix === "" ? prefix : styled(style, prefix);
    stderr.write(`${start}${wrapped}\n`);
  };
  return {
    result: (text) => void stdout.write(text.endsWith("\n") ? text : `${text}\n`),
    progress: (text) => line(text),
    ok: (text) => line(text, "  ok  ", "green"),
    missing: (text) => line(text, "  --  ", "yellow"),
    error: (message, hint) => {
      const [first = "", ...rest] = wrap(stripVTControlCharacters(message), person ? widthOf(stderr) : Infinity).split(
        "\n",
      );
      stderr.write(`${[styled("red", first), ...rest].join("\n")}\n`);
      if (hint !== undefined) line(hint);
    },
    width: widthOf(stdout),
    paint: painter(hasColours(stdout, env)),
  };
}

/** On a terminal, unless NO_COLOR forbids it; elsewhere where FORCE_COLOR asks for it. */
function hasColours({ isTTY }: Stream, env: NodeJS.ProcessEnv): boolean {
  if ((env["NO_COLOR"] ?? "") !== "") return false;
  const forced = env["FORCE_COLOR"] ?? "";
  if (forced !== "") return forced !== "0" && forced !== "false";
  return isTTY === true && env["TERM"] !== "dumb";
}

const painter =
  (colours: boolean): Printer["paint"] =>
  (style, text) =>
    colours ? `\u001b[${SGR[style]}m${text}\u001b[0m` : text;

const widthOf = ({ isTTY, columns }: Stream): number =>
  isTTY === true && columns !== undefined && columns > 0 ? Math.min(columns, WIDEST) : WIDEST;

/**
 * Breaks lines between words. A line that begins with a space is a list, a table or a command, and stays as it is, and
 * so does what stands between backticks.
 * @param width in columns
 * @param indent what each further line begins with
 */
export function wrap(text: string, width: number, indent = ""): string {
  return text
    .split("\n")
    .map((line) => (line.startsWith(" ") ? line : flow(line.match(/(?:`[^`]*`|\S)+/g) ?? [], width, indent)))
    .join(`\n${indent}`);
}

/** Puts as many words on a line as its width takes; a word is never broken. */
export const flow = (words: readonly string[], width: number, indent = ""): string =>
  linesOf(words, width).join(`\n${indent}`);
