import { linesOf } from "../../config/text";

/** How wide the text is, and whether it has colours. */
export interface PageOptions {
  /** Columns. @default 100 */
  readonly width?: number;
  /** Everything: each rule with each finding, and every resource. @default false */
  readonly verbose?: boolean;
  /** @default no colours */
  readonly paint?: Paint;
}

export type Page = Required<PageOptions>;

export type Style = "bold" | "dim" | "red" | "yellow" | "green";
export type Paint = (style: Style, text: string) => string;

/** The widest that a line for a person may be, in columns. */
export const WIDEST = 100;

export const pageOf = ({ width = WIDEST, verbose = false, paint = (_style, text) => text }: PageOptions): Page => ({
  width: Math.min(width, WIDEST),
  verbose,
  paint,
});

/**
 * Puts as many words on a line as its width takes. A word that is wider than a line is broken.
 * @param width of a line without its indent, in columns
 */
export function fill(text: string, width: number): string[] {
  const room = Math.max(width, 1);
  const words = text.split(/ +/).flatMap((each) => pieces(each, room));
  const lines = linesOf(words, room);
  return lines.length === 0 ? [""] : lines;
}

function pieces(word: string, width: number): string[] {
  if (word.length <= width) return [word];
  return [word.slice(0, width), ...pieces(word.slice(width), width)];
}

/** A text under its first line's start. @param indent what each line begins with */
export const block = (text: string, indent: string, width: number): string[] =>
  fill(text, width - indent.length).map((line) => `${indent}${line}`);
