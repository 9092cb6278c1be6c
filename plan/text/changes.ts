import type { Change, ControlChange, Direction } from "../changes";
import { block, fill, type Page, type Style } from "./page";
import { STATUS_NAMES } from "./posture";

/** What a stack is compared with, and what came of it. */
export interface Comparison {
  /** As the user named it. */
  readonly source: string;
  readonly changes: readonly Change[];
  readonly controls: readonly ControlChange[];
}

const TITLES: Readonly<Record<Direction, string>> = {
  weaker: "Weaker",
  stronger: "Stronger",
  other: "Other changes",
};
const STYLES: Readonly<Record<Direction, Style>> = { weaker: "red", stronger: "green", other: "bold" };
const DIRECTIONS: readonly Direction[] = ["weaker", "stronger", "other"];

export const countsOfChanges = (changes: readonly Change[]): string =>
  DIRECTIONS.map(
    (direction) => `${changes.filter((change) => change.direction === direction).length} ${direction}`,
  ).join(", ");

/** What a change is, after its path. A value that is not shown is only said to have changed. */
export function changeText({ before, after }: Change): string {
  if (before === undefined) return `added: ${after ?? ""}`;
  if (after === undefined) return `removed: ${before}`;
  return before === after ? "changed (value not shown)" : `${before} → ${after}`;
}

/** What changed, what weakens the stack first. */
export function comparisonLines({ source, changes, controls }: Comparison, page: Page): string[] {
  if (changes.length === 0 && controls.length === 0)
    return [page.paint("bold", `Against ${source}: nothing changed.`), ""];
  return [
    ...fill(`Against ${source}: ${countsOfChanges(changes)}.`, page.width).map((line) => page.paint("bold", line)),
    "",
    ...DIRECTIONS.flatMap((direction) =>
      section(
        TITLES[direction],
        STYLES[direction],
        changes.filter((change) => change.direction === direction).map((change) => [change.path, changeText(change)]),
        page,
      ),
    ),
    ...section(
      "Controls that stand otherwise",
      "bold",
      controls.map(({ id, resource, before, after }) => [
        id,
        `${resource}: ${STATUS_NAMES[before]} → ${STATUS_NAMES[after]}`,
      ]),
      page,
    ),
  ];
}

function section(title: string, style: Style, rows: readonly (readonly [string, string])[], page: Page): string[] {
  if (rows.length === 0) return [];
  return [
    page.paint(style, title),
    ...rows.flatMap(([path, text]) => [...block(path, "  ", page.width), ...block(text, "      ", page.width)]),
    "",
  ];
}
