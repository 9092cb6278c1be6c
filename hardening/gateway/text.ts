/** How texts become arguments of HAProxy's configuration. */

/**
 * A text as one argument: in single quotes, in which HAProxy reads every character as itself.
 * @throws if it holds a single quote or a line break, which no value here needs
 */
export function quoted(text: string): string {
  if (/['\r\n\0]/.test(text)) throw new Error(`not an argument for HAProxy: ${JSON.stringify(text)}`);
  return `'${text}'`;
}

/** A text as a format that stands for itself: `%` introduces a variable there. */
export const literal = (text: string): string => formatted(text.replaceAll("%", "%%"));

/** A format as one argument. HAProxy takes a backslash in double quotes as an escape, so they are doubled. */
export function formatted(format: string): string {
  if (/[\r\n\0]/.test(format)) throw new Error(`not a format for HAProxy: ${JSON.stringify(format)}`);
  return `"${format.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("$", "\\$")}"`;
}

/** A regular expression (PCRE2) that matches the text itself. */
export const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");

/** Lines of a section, indented below its head. */
export const section = (head: string, lines: readonly string[]): string[] => [
  head,
  ...lines.map((line) => `    ${line}`),
  "",
];
