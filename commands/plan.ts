import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { jsonText } from "../config/text";
import { defined } from "../hardening/defined";
import type { Comparison, Plan } from "../plan";
import { readStackFile } from "../plan/stack-file";
import { readAgainst, stackFileOf, type AgainstArgs } from "./plan/against";
import { command } from "./shared/command";
import { withKeptSecrets } from "./shared/kept-secrets";
import { configFile } from "./shared/common-options";
import { messageOf, UserError, wrongOption } from "./shared/errors";
import { evaluateOwn, evaluateStack } from "./shared/evaluated";
import { anyText } from "./shared/options";

export const plan = command({
  name: "plan",
  summary: "shows what a stack declares and how it stands against the rules",
  about:
    "Evaluates the program with the stack's configuration, in this process: no engine, no account, no Docker. Prints " +
    "the stack's routes, services and data, and how they stand against the rules: what fails, and what is open. With " +
    "--against it also prints what changed, what weakens the stack first. The exit code is 1 if a rule fails.",
  stack: "required",
  options: {
    "config-file": configFile("the stack's file (default: Pulumi.<stack>.yaml)"),
    against: {
      value: "WHAT",
      summary: "also prints what changed since: another stack's file, or a git revision that has this one",
      read: anyText,
    },
    "fail-on": {
      value: "weaker",
      summary: "with --against, ends with 1 as well if a change weakens the stack",
      read: (given: string, refusal) => {
        if (given !== "weaker") throw refusal("weaker");
        return given;
      },
    },
    html: { value: "FILE", summary: "also writes the plan as one page for a browser", read: anyText },
    json: { summary: "prints { stack, resources, posture, summary } for tools; with --against { against } too" },
    verbose: { summary: "prints every rule with its findings, and every resource" },
  },
  run: async (context, { stack, options }) => {
    const { root, print, env, cwd } = context;
    const { against, html, "fail-on": failOn } = options;
    if (failOn !== undefined && against === undefined)
      throw wrongOption({ option: "--fail-on", given: failOn, allowed: "--fail-on with --against" });
    const stackFile = stackFileOf(root, stack, options["config-file"], cwd);
    const file = withKeptSecrets(root, readStackFile(root, stack, stackFile));
    const { compare, planJson, renderComparison, renderPlan } = await import("../plan");
    const before =
      against === undefined ? undefined : await evaluateOther({ root, stack, stackFile, given: against, cwd, env });
    const evaluated = await evaluateStack(context, file);
    const comparison = before === undefined ? undefined : compare(against ?? "", before, evaluated);
    if (html !== undefined) await writePage(resolve(cwd, html), evaluated, comparison);
    const page = { width: print.width, paint: print.paint, verbose: options.verbose };
    print.result(
      options.json
        ? jsonText(planJson(evaluated, comparison))
        : `${comparison === undefined ? "" : renderComparison(comparison, page)}${renderPlan(evaluated, page)}`,
    );
    const failed = evaluated.posture.some((entry) => entry.status === "fail");
    const weakened = comparison?.changes.some(({ direction }) => direction === "weaker") ?? false;
    return failed || (failOn !== undefined && weakened) ? 1 : 0;
  },
});

/** @throws UserError where the other configuration is not one that this version takes */
async function evaluateOther(args: AgainstArgs): Promise<Plan> {
  const other = await readAgainst(args);
  try {
    return await evaluateOwn(other);
  } catch (error) {
    throw new UserError(`--against ${args.given}: ${messageOf(error)}`, {
      hint: "What is compared with has to be a configuration that this version of Rampart takes.",
    });
  }
}

async function writePage(path: string, evaluated: Plan, comparison: Comparison | undefined): Promise<void> {
  const { renderPage } = await import("../plan/page");
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, renderPage({ plan: evaluated, ...defined({ comparison }) }));
}
