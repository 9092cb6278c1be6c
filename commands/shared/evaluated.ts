import { createRequire } from "node:module";
import type { Plan } from "../../plan";
import type { StackFile } from "../../plan/stack-file";
import type { Context } from "./command";
import { programOf } from "./project";

const load = createRequire(__filename);

/** Loads a program, which runs as it loads, and may be TypeScript that nothing has compiled. */
const fromFile = (path: string) => (): unknown => {
  load("tsx/cjs");
  return load(path);
};

/**
 * Runs the project's program in this process, once in a process.
 * @throws pulumi.RunError for a faulty configuration, and whatever else the program throws
 */
export async function evaluateStack({ root, programs = {} }: Context, file: StackFile): Promise<Plan> {
  // Only now: Pulumi's SDK takes half a second to load, and few commands need it.
  const { evaluate } = await import("../../plan");
  const path = programOf(root);
  return evaluate(file, () => Promise.resolve((programs[path] ?? fromFile(path))()));
}

/**
 * Runs Rampart's own program, as often as one likes: a program that has run once does not run again,
 * as it runs while it loads.
 * @throws as `evaluateStack`
 */
export async function evaluateOwn(file: StackFile): Promise<Plan> {
  const [{ evaluate }, { HardenedStack, loadStackConfig }] = await Promise.all([
    import("../../plan"),
    import("../../components"),
  ]);
  return evaluate(file, () => Promise.resolve(new HardenedStack(loadStackConfig())));
}
