/** The tables of docs/doctor.md: every control over the host, and the ways out of containers that it knows. */
import { ESCAPES, ESCAPES_AS_OF, HOST_CONTROLS, type HostControl } from "../../hardening/host";
import { SEVERITIES } from "../../hardening/rules";

const code = (text: string): string => `\`${text}\``;
const cell = (text: string): string => text.replaceAll("|", "\\|");

/** What stands in the page before and after what is written. */
const mark = (name: string, at: "begins" | "ends"): string =>
  `<!-- ${name} ${at}: written by \`npm run schema\` from hardening/host -->`;

const numbersOf = ({ sources }: HostControl): string =>
  sources.flatMap((source) => /^CIS Docker Benchmark \S+ (\S+)/.exec(source)?.[1] ?? []).join(", ");

/** Pages and addresses; numbers of the benchmark have a column of their own. */
const pagesOf = ({ sources }: HostControl): string =>
  sources
    .filter((source) => !source.startsWith("CIS Docker Benchmark"))
    .map((source) => {
      const page = /^docs\/(.+)\.md$/.exec(source)?.[1];
      return page !== undefined ? `[${page}](${page}.md)` : source.startsWith("http") ? `<${source}>` : code(source);
    })
    .join("<br>");

const fixes = ({ remedy }: HostControl): readonly string[] =>
  (typeof remedy === "string"
    ? [["fix", remedy]]
    : [
        ["fix, Debian and Ubuntu", remedy.debian],
        ["fix, Fedora", remedy.fedora],
      ]
  ).map(([what = "", text = ""]) => `| ${what} | ${cell(/^(?:echo|npx|sudo) |@/.test(text) ? code(text) : text)} |`);

const sections = (): string =>
  HOST_CONTROLS.map((control) => {
    const { id, title, why, judged, severity } = control;
    const pages = pagesOf(control);
    return [
      `### ${id}`,
      "",
      `${title.charAt(0).toUpperCase()}${title.slice(1)}.`,
      "",
      "| | |",
      "|---|---|",
      `| why | ${cell(why)} |`,
      `| judged | ${cell(judged)} |`,
      ...fixes(control),
      `| CIS | ${numbersOf(control) || "none"} |`,
      ...(pages === "" ? [] : [`| more | ${pages} |`]),
      `| exception | ${severity === "critical" ? "no" : "yes"} |`,
    ].join("\n");
  }).join("\n\n");

const controls = (): string =>
  [
    "| control | severity | what is true where it passes | CIS |",
    "|---|---|---|---|",
    ...SEVERITIES.flatMap((severity) => HOST_CONTROLS.filter((control) => control.severity === severity)).map(
      (control) =>
        `| [${control.id}](#${control.id}) | ${control.severity} | ${cell(control.title)} | ${numbersOf(control)} |`,
    ),
  ].join("\n");

const escapes = (): string =>
  [
    `As of ${ESCAPES_AS_OF}:`,
    "",
    "| CVE | what | where | mended by the makers in | mended by the distribution in |",
    "|---|---|---|---|---|",
    ...ESCAPES.map(({ cve, name, component, fixed, packages = {}, source }) => {
      const own = Object.entries(packages)
        .map(([release, version]) => `${release} ${code(version)}`)
        .join(", ");
      const cells = [`[${cve}](${source})`, cell(name), component, fixed.join(", "), own || "not known here"];
      return `| ${cells.join(" | ")} |`;
    }),
  ].join("\n");

const PARTS: Readonly<Record<string, () => string>> = { controls, escapes, sections };

/** Puts the tables into the page, between their marks. @throws Error where the page has no such marks */
export const withHostControls = (page: string): string =>
  Object.entries(PARTS).reduce((text, [name, write]) => {
    const [start, end] = [mark(name, "begins"), mark(name, "ends")];
    const [from, to] = [text.indexOf(start), text.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`docs/doctor.md has no marks of "${name}"`);
    return `${text.slice(0, from + start.length)}\n\n${write()}\n\n${text.slice(to)}`;
  }, page);
