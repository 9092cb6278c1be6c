/**
 * JSON as a regular expression, in the dialect of PCRE2 (HAProxy) with possessive quantifiers. A grammar here says
 * what a body may be, from its first byte to its last; a body that it does not match is refused, so an engine that
 * gives up (stack or match limit) refuses as well. Rules: no single quote (HAProxy's quoting), and the sequences
 * `*+` and `?+` only as quantifiers, so that `toJavaScript` can take the plus away.
 */

export const WS = "[ \\t\\r\\n]*+";
/** Any string, with escapes. Bytes above 0x7f are text: a quote or a backslash is never part of a UTF-8 sequence. */
export const STRING = '"(?:[^"\\\\\\x00-\\x1f]|\\\\(?:["\\\\/bfnrt]|u[0-9A-Fa-f]{4}))*+"';
/** A string that reads as it is written: printable ASCII without escapes. */
export const PLAIN = '"[ !#-\\x5b\\x5d-~]*+"';
export const INTEGER = "-?+[0-9]{1,19}";
export const BOOLEAN = "(?:true|false|null)";
export const FALSE = "(?:false|null)";
export const NULL = "null";
export const EMPTY_ARRAY = `(?:null|\\[${WS}\\])`;
export const EMPTY_OBJECT = `(?:null|\\{${WS}\\})`;
export const EMPTY_STRING = '(?:null|"")';

/** One of the given texts, as a string without escapes. */
export function oneOf(...texts: readonly string[]): string {
  return `(?:null|"(?:${texts.map(quote).join("|")})")`;
}

/** The text, so that a regular expression means it literally. */
export function quote(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

/**
 * Each item once in the expression: written twice (item, then comma and item), nesting would double its size each time.
 */
function list(open: string, item: string, close: string): string {
  return `\\${open}${WS}(?:${item}${WS}(?:,${WS}(?!\\${close})|(?=\\${close})))*+\\${close}`;
}

/** `null`, or an array of such items. */
export function arrayOf(item: string): string {
  return `(?:null|${list("[", item, "]")})`;
}

/** `null`, or an object with any such keys and values. */
export function mapOf(key: string, value: string): string {
  return `(?:null|${list("{", `${key}${WS}:${WS}${value}`, "}")})`;
}

/**
 * `null`, or an object with only these keys, spelt exactly so: another spelling that the engine's case-insensitive
 * decoder would take for one of its fields is an unknown key, and refused. Every occurrence of a key has to have an
 * acceptable value, so it does not matter which of two the engine keeps.
 */
export function recordOf(members: Readonly<Record<string, string>>): string {
  const item = Object.keys(members)
    .sort()
    .map((key) => `"${quote(key)}"${WS}:${WS}${members[key] ?? NULL}`)
    .join("|");
  return `(?:null|${list("{", `(?:${item})`, "}")})`;
}

/** The whole body is one such value. */
export function whole(value: string): string {
  return `^${WS}${value}${WS}$`;
}

/** The same grammar for tests and tools that run without HAProxy. Read the body as latin1: the grammars count bytes. */
export function toJavaScript(pattern: string): RegExp {
  return new RegExp(pattern.replace(/([*?])\+/g, "$1"));
}
