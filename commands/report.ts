import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { defined } from "../hardening/defined";
import type { MarkdownInput, Plan } from "../plan";
import { deployedFile, readUpdates } from "./shared/rollback/plan";
import { command } from "./shared/command";
import { configFile } from "./shared/common-options";
import { messageOf, UserError } from "./shared/errors";
import { evaluateOwn, evaluateStack } from "./shared/evaluated";
import { anyText } from "./shared/options";
import { openPulumiStack, type PulumiStack } from "./shared/pulumi-stack";
import { makePrivateDirectory, statePaths } from "./shared/state";

export const report = command({
  name: "report",
  summary: "writes a page and a comment for whoever approves a change",
  about:
    "Compares the stack's file with what was deployed last, from the stack's history, and writes two files: one page " +
    "for a browser, and the same in Markdown as a comment of a pull request. They show what changes, what weakens " +
    "the stack first, images by their digests, the posture and the cost before and after. Needs the stack's state, " +
    "and no engine. Nothing is changed. The exit code is 1 if a rule fails.",
  stack: "required",
  options: {
    "config-file": configFile("the stack's file (default: the one of the last start, else Pulumi.<stack>.yaml)"),
    html: { value: "FILE", summary: "where the page goes (default: .rampart/report-<stack>.html)", read: anyText },
    markdown: { value: "FILE", summary: "where the comment goes (default: .rampart/….md)", read: anyText },
  },
  run: async (context, { stack, options }) => {
    const { root, cwd, print } = context;
    const pulumi = await openPulumiStack(context, {
      stack,
      readOnly: true,
      ...defined({ configFile: options["config-file"] }),
    });
    const deployed = await evaluateDeployed(pulumi);
    const plan = await evaluateStack(context, pulumi.file);
    const [{ compare, renderMarkdown }, { renderPage }] = await Promise.all([
      import("../plan"),
      import("../plan/page"),
    ]);
    const before: MarkdownInput["before"] =
      deployed === undefined
        ? undefined
        : { plan: deployed.plan, comparison: compare(deployed.source, deployed.plan, plan) };
    const page = renderPage({ plan, ...defined({ comparison: before?.comparison }) });
    const comment = renderMarkdown({ plan, ...defined({ before }) });
    const { directory } = statePaths(root);
    if (options.html === undefined || options.markdown === undefined) makePrivateDirectory(directory);
    for (const [given, name, text] of [
      [options.html, `report-${stack}.html`, page],
      [options.markdown, `report-${stack}.md`, comment],
    ] as const) {
      const path = given === undefined ? join(directory, name) : resolve(cwd, given);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      print.result(relative(cwd, path) || path);
    }
    return plan.posture.some(({ status }) => status === "fail") ? 1 : 0;
  },
});

/** What was deployed last; undefined where nothing was. @throws UserError where this version refuses it */
async function evaluateDeployed(
  pulumi: PulumiStack,
): Promise<{ readonly plan: Plan; readonly source: string } | undefined> {
  const updates = await readUpdates(pulumi, { none: "allowed" });
  const file = deployedFile(pulumi, updates);
  const at = updates.find(({ succeeded }) => succeeded)?.at ?? "";
  if (file === undefined) return undefined;
  try {
    return { plan: await evaluateOwn(file), source: `what was deployed on ${at.slice(0, 10)}` };
  } catch (error) {
    throw new UserError(`What was deployed on ${at.slice(0, 10)} cannot be compared with: ${messageOf(error)}`, {
      hint:
        "The configuration has to be one that this version of Rampart takes: use " +
        `\`npx rampart plan ${pulumi.stack} --against <revision>\`.`,
    });
  }
}
