/** Text that a configuration gives, so that Markdown shows it as it is: no link, no mention, no markup. */

/** One line of words. */
export const plain = (text: string): string =>
  // A word joiner keeps `@name` and `#1` from becoming a mention.
  oneLine(text)
    .replace(/[\\`*_{}[\]<>|~]/g, "\\$&")
    .replace(/([@#])(?=\w)/g, "$1\u2060")
    .replaceAll("://", ":\u2060//");

/** A value in a fixed-width font; a table's cell ends at a bar even there. */
export function code(text: string): string {
  const line = oneLine(text).replaceAll("|", "\\|");
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const pad = line.startsWith("`") || line.endsWith("`") ? " " : "";
  return `${fence}${pad}${line}${pad}${fence}`;
}

const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim();

export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] => [
  `| ${head.join(" | ")} |`,
  `|${head.map(() => "---").join("|")}|`,
  ...rows.map((row) => `| ${row.join(" | ")} |`),
];
