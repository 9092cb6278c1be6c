import { createRequire } from "node:module";
import { resolve } from "node:path";
import { readStackFile } from "../plan/stack-file";
import { command } from "./shared/command";
import { configFile } from "./shared/common-options";
import { programOf } from "./shared/project";

const load = createRequire(__filename);

/** Loads a program, which runs as it loads, and may be TypeScript that nothing has compiled. */
const fromFile = (path: string) => (): unknown => {
  load("tsx/cjs");
  return load(path);
};

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
  run: async ({ root, print, programs = {} }, { stack, options }) => {
    const given = options["config-file"];
    const file = readStackFile(root, stack, given === undefined ? undefined : resolve(given));
    // Only now: Pulumi's SDK takes half a second to load, and no other command needs it.
    const { evaluate, planJson, renderPlan } = await import("../plan");
    const path = programOf(root);
    const evaluated = await evaluate(file, () => Promise.resolve((programs[path] ?? fromFile(path))()));
    print.result(options.json ? JSON.stringify(planJson(evaluated), undefined, 2) : renderPlan(evaluated));
    return evaluated.posture.some((entry) => entry.status === "fail") ? 1 : 0;
  },
});
