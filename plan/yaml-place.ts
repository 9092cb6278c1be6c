/** Where in a YAML file something stands, without its being readable. */

/** A key at the beginning of a line, after the dashes of a list. */
const KEY_LINE = /^([ ]{0,200}(?:- {0,20}){0,20})(["']?)([\w:.-]{1,80})\2 {0,20}:(?:\s|$)/;

/**
 * The keys around a place, the outermost first: those that stand above it, each further to the left than the one
 * before. Of a list the elements are not counted.
 */
export function keyAround(text: string, offset: number): string[] {
  const lines = text.slice(0, lineEnd(text, offset)).split(/\r\n|\r|\n/);
  const keys: string[] = [];
  let column = Infinity;
  for (let index = lines.length - 1; index >= 0 && column > 0; index -= 1) {
    const match = KEY_LINE.exec((lines[index] ?? "").slice(0, 400).replace(/^\ufeff/, ""));
    const [, indent = "", , key = ""] = match ?? [];
    if (match === null || indent.length >= column) continue;
    keys.unshift(key);
    column = indent.length;
  }
  return keys;
}

/** The end of the line in which a place stands. */
function lineEnd(text: string, offset: number): number {
  const end = text.slice(offset).search(/[\r\n]/);
  return end < 0 ? text.length : offset + end;
}
