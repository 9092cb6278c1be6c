import { createRequire } from "node:module";
import { resolve } from "node:path";
import type * as Plan from "../plan";
import { readStackFile } from "../plan/stack-file";
import { command } from "./shared/command";
import { configFile } from "./shared/common-options";
import { programOf } from "./shared/project";

const load = createRequire(__filename);

export const plan = command({
  name: "plan",
  summary: "shows what a stack declares and how it stands against the rules",
  about:
    "Evaluates the program with the stack's configuration, in this process: no engine, no account, no Docker. Prints " +
    "everything that the program declares and how that stands against the rules. The exit code is 1 if a rule fails.",
  stack: "required",
  options: {
    "config-file": configFile("the stack's file (default: Pulumi.<stack>.yaml)"),
    json: { summary: "prints { stack, resources, posture } for tools" },
  },
  run: async ({ root, print }, { stack, options }) => {
    const given = options["config-file"];
    const file = readStackFile(root, stack, given === undefined ? undefined : resolve(given));
    // Only now, and not as an import: Pulumi's SDK takes a second to load, and no other command needs it.
    const { evaluate, planJson, renderPlan } = load("../plan") as typeof Plan;
    // The program runs as it loads, and may be TypeScript that nothing has compiled.
    load("tsx/cjs");
    const evaluated = await evaluate(file, () => Promise.resolve(load(programOf(root))));
    print.result(options.json ? JSON.stringify(planJson(evaluated), undefined, 2) : renderPlan(evaluated));
    return evaluated.posture.some((entry) => entry.status === "fail") ? 1 : 0;
  },
});
