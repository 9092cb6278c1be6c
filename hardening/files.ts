/**
 * Scripts and SQL are files of their own kind beside the module that delivers them. Two things in such a file are for
 * its reader only, and never reach a container:
 * - a note: a line that begins with `##` (shell) or `---` (SQL, Lua), and a directive for shellcheck that ends with
 * `##`;
 * - an include: a line `. ./other.sh` or `\ir other.sql`, which stands for the other file. Shellcheck and psql follow
 *   the line.
 * A change of any other byte replaces the containers that carry the file: test/golden has a digest of each.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

const NOTE = /^ *(?:(?:##|---)(?: .*)?|# shellcheck .* ##)\n/gm;
const INCLUDE = /^(?:\. \.\/|\\ir )([a-z][a-z-]*\.(?:sh|sql))\n/gm;

const texts = new Map<string, string>();

/**
 * What is delivered of a static file; it is read once.
 * @param directory The module's own: `__dirname`
 */
export function fileText(directory: string, name: string): string {
  const path = join(directory, name);
  const known = texts.get(path);
  if (known !== undefined) return known;
  const text = readFileSync(path, "utf8")
    .replaceAll(NOTE, "")
    .replaceAll(INCLUDE, (_, included: string) => fileText(directory, included));
  texts.set(path, text);
  return text;
}

/** A file that holds one SQL statement, without the semicolon at its end. */
export const fileStatement = (directory: string, name: string): string => fileText(directory, name).replace(/;\n$/, "");

/**
 * The text with other parts in it. A file has what a stack without the parameter gets, so that it is whole by itself.
 * @param parts What stands in the file, and what replaces it wherever it stands
 * @throws Error if the file does not have a part: it would be delivered without the parameter
 */
export function withParts(text: string, parts: Readonly<Record<string, string>>): string {
  const missing = Object.keys(parts).find((part) => !text.includes(part));
  if (missing !== undefined) throw new Error(`the file has no ${JSON.stringify(missing)} to replace`);
  // All at once, so that no part is looked for in what another one brought.
  const pattern = Object.keys(parts)
    .map((part) => part.replaceAll(/[$()*+.?[\\\]^{|}]/g, "\\$&"))
    .join("|");
  return pattern === "" ? text : text.replaceAll(new RegExp(pattern, "g"), (part) => parts[part] ?? part);
}
