/** The report as a comment of a pull request. Pure: the same plan is the same text. */
import type { PostureEntry } from "../../hardening/rules";
import { costOf, costText } from "../cost";
import type { Plan } from "../evaluate";
import { imageChanges } from "../images";
import { changeText, countsOfChanges, type Comparison } from "../text/changes";
import { countsText, findings, STATUS_NAMES } from "../text/posture";
import { code, plain, table } from "./text";

export interface MarkdownInput {
  readonly plan: Plan;
  /** What runs, and how the plan differs from it. @default this is the first deployment */
  readonly before?: { readonly plan: Plan; readonly comparison: Comparison };
}

/** The first line of a stack's comment, by which the next run finds it. */
export const marker = (stack: string): string => `<!-- rampart-report:${stack.replace(/[^A-Za-z0-9_.-]/g, "_")} -->`;

/** Rows that a table shows; the page has all of them. */
const MOST_ROWS = 60;

export function renderMarkdown({ plan, before }: MarkdownInput): string {
  const { stack, config, posture } = plan;
  return [
    marker(stack),
    `### Rampart: stack ${plain(stack)} (${config.environment})`,
    "",
    before === undefined
      ? "Nothing is deployed yet: this is the first deployment."
      : `Against ${plain(before.comparison.source)}: ${countsOfChanges(before.comparison.changes)}.`,
    "",
    ...table(
      ["", ...(before === undefined ? [] : ["now"]), "after"],
      [
        ["posture", ...(before === undefined ? [] : [countsText(before.plan.posture)]), countsText(posture)],
        ["cost", ...(before === undefined ? [] : [costText(costOf(before.plan))]), costText(costOf(plan))],
      ],
    ),
    ...(before === undefined ? [] : changesOf(before.comparison)),
    ...(before === undefined ? [] : imagesSection(before.plan, plan)),
    ...(before === undefined ? [] : controlsOf(before.comparison)),
    ...decisions(posture),
    "",
  ].join("\n");
}

function changesOf({ changes }: Comparison): string[] {
  if (changes.length === 0) return [];
  const order = ["weaker", "stronger", "other"] as const;
  const sorted = order.flatMap((direction) => changes.filter((change) => change.direction === direction));
  return section(
    "Changes",
    ["", "what", "change"],
    sorted.map((change) => [
      change.direction === "weaker" ? "**weaker**" : change.direction,
      code(change.path),
      plain(changeText(change)),
    ]),
  );
}

const imagesSection = (before: Plan, after: Plan): string[] =>
  section(
    "Images",
    ["repository", "now", "after"],
    imageChanges(before.resources, after.resources).map(({ repository, before: was = "none", after: is = "none" }) => [
      code(repository),
      code(was),
      code(is),
    ]),
  );

const controlsOf = ({ controls }: Comparison): string[] =>
  section(
    "Controls that stand otherwise",
    ["control", "of", "now", "after"],
    controls.map(({ id, resource, before, after }) => [
      code(id),
      plain(resource),
      STATUS_NAMES[before],
      STATUS_NAMES[after],
    ]),
  );

/** What fails, and what a person has to decide. */
function decisions(posture: readonly PostureEntry[]): string[] {
  const rows = findings(posture)
    .filter(({ status }) => status === "fail" || status === "open")
    .flatMap(({ rule, status, groups }) =>
      groups.map(({ resources, message }) => [
        status === "fail" ? `**fail**, ${rule.severity}` : "open",
        code(rule.id),
        plain(`${resources.length > 3 ? `${resources.length} resources` : resources.join(", ")}: ${message}`),
      ]),
    );
  return section("To decide", ["", "control", "finding"], rows);
}

function section(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const more = rows.length - MOST_ROWS;
  return [
    "",
    `#### ${title}`,
    "",
    ...table(head, rows.slice(0, MOST_ROWS)),
    ...(more > 0 ? ["", `${more} more: see the page.`] : []),
  ];
}
