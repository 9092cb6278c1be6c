import { defined } from "../hardening/defined";
import type { PostureEntry } from "../hardening/rules";
import { compareConfigs, compareControls } from "./changes";
import type { Plan } from "./evaluate";
import { comparisonLines, type Comparison } from "./text/changes";
import { summarise, type Summary } from "./summary";
import { summaryLines } from "./text/items";
import { pageOf, fill, type PageOptions } from "./text/page";
import { postureLines } from "./text/posture";
import { treeLines } from "./text/tree";

/** The contract of `plan --json`: other tools rely on these names. */
export interface PlanJson {
  readonly stack: string;
  readonly resources: readonly {
    readonly type: string;
    readonly name: string;
    readonly parent: string;
    readonly inputs: Readonly<Record<string, unknown>>;
  }[];
  readonly posture: readonly PostureEntry[];
  readonly summary: Summary;
  /** Only where the plan was compared with another. */
  readonly against?: Comparison;
}

export function planJson(plan: Plan, against?: Comparison): PlanJson {
  return {
    stack: plan.stack,
    resources: plan.resources.map(({ type, name, parent, inputs }) => ({ type, name, parent, inputs })),
    posture: plan.posture,
    summary: summarise(plan.config),
    ...defined({ against }),
  };
}

/** What makes one plan another. @param source what the earlier one was made from, as the user named it */
export const compare = (source: string, before: Plan, after: Plan): Comparison => ({
  source,
  changes: compareConfigs(before.config, after.config),
  controls: compareControls(before.posture, after.posture),
});

/** What changed, as a person reads it. */
export const renderComparison = (comparison: Comparison, options: PageOptions = {}): string =>
  [...comparisonLines(comparison, pageOf(options)), ""].join("\n");

/** The plan as a person reads it: what the stack is, and how it stands against the rules. */
export function renderPlan(plan: Plan, options: PageOptions = {}): string {
  const page = pageOf(options);
  return [
    ...headline(plan, page.width),
    "",
    ...summaryLines(summarise(plan.config), page),
    ...(page.verbose ? [page.paint("bold", "Resources"), ...treeLines(plan.resources, page.width), ""] : []),
    ...postureLines(plan.posture, page),
    ...(page.verbose ? [] : ["", ...fill("--verbose lists every rule and every resource.", page.width)]),
    "",
  ].join("\n");
}

function headline({ stack, config, resources }: Plan, width: number): string[] {
  const custom = resources.filter((resource) => resource.custom).length;
  const counts = `${custom} resources in ${resources.length - custom} components`;
  return [
    ...fill(`Plan of stack "${stack}" (environment ${config.environment}): ${counts}.`, width),
    ...fill("Nothing was contacted or changed.", width),
  ];
}
