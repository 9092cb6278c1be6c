import type { Conversion } from "../../config/compose/convert";
import type { Note } from "../../config/compose/notes";
import type { Fault } from "../../config/faults";

export interface ReportArgs {
  readonly title: string;
  readonly conversion: Conversion;
  /** What `rampart plan` refuses until a person has mended it. */
  readonly open: readonly Fault[];
  readonly commands: readonly string[];
  /** Of the compose file; paths in it are shown from there. */
  readonly directory: string;
}

/** What a conversion did, as a person reads it. */
export function reportText({ title, conversion, open, commands, directory }: ReportArgs): string {
  const { taken, instead, weaker, check } = conversion;
  const places = open.map(
    ({ path, given, allowed }) =>
      `  ${path}: ${given === "a place to fill in" ? allowed : `${allowed} (now ${given})`}`,
  );
  const sections: readonly (readonly [string, readonly string[]])[] = [
    ["What became what", table(taken.map(({ service, what }) => [service, what]))],
    ["Not taken over, and what Rampart does instead", notes(instead, directory)],
    ["Weaker than Rampart's default, with the reason in the file", notes(weaker, directory)],
    ["To check", notes(check, directory)],
    [
      open.length === 0
        ? ""
        : `To fill in: ${open.length === 1 ? "1 place" : `${open.length} places`}, which \`npx rampart plan\` ` +
          "refuses until then",
      places,
    ],
    ["Run", commands],
  ];
  const text = sections.flatMap(([heading, lines]) => (lines.length === 0 ? [] : ["", heading, ...lines]));
  return [title, ...text].join("\n");
}

/** Paths are shown from the compose file, as the file itself writes them. */
const notes = (all: readonly Note[], directory: string): string[] =>
  all.map(({ services, about, text }) =>
    `  ${services.length > 6 ? `${services.length} services` : services.join(", ")}: ${about}: ${text}`.replaceAll(
      `${directory}/`,
      "./",
    ),
  );

function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.min(38, Math.max(...rows.map(([first]) => first.length)));
  return rows.map(([first, second]) => `  ${first.padEnd(width)}  ${second}`);
}
