import { createRequire } from "node:module";
import { join, resolve, sep } from "node:path";
import type * as PlanModule from "../../plan";
import type { Plan } from "../../plan";
import type * as PageModule from "../../plan/page";
import type { StackFile } from "../../plan/stack-file";
import { programOf } from "./project";

const load = createRequire(__filename);
/** The directory that holds Rampart's own modules. */
const HOME = resolve(__dirname, "../..");

/** The module of the plan. Only now, and not as an import: Pulumi's SDK takes half a second to load, and few commands need it. */
export const planModule = (): typeof PlanModule => load("../../plan") as typeof PlanModule;

/** The module that draws a plan as a page, which only a page needs. */
export const pageModule = (): typeof PageModule => load("../../plan/page") as typeof PageModule;

/**
 * Runs the project's program in this process, with a stack's file.
 * @throws ConfigError for a faulty configuration, and whatever else the program throws
 */
export function evaluateStack(root: string, file: StackFile): Promise<Plan> {
  // The program runs as it loads, and may be TypeScript that nothing has compiled.
  load("tsx/cjs");
  const program = programOf(root);
  return planModule().evaluate(file, () => {
    forget(root, load.resolve(program));
    return Promise.resolve(load(program));
  });
}

/** A program that has run once runs again only if its modules load again. Rampart's own declare nothing as they load. */
function forget(root: string, entry: string): void {
  const own = Object.keys(load.cache).filter(
    (file) =>
      file === entry ||
      (file.startsWith(`${root}${sep}`) &&
        !file.startsWith(`${HOME}${sep}`) &&
        !file.includes(join(sep, "node_modules", sep))),
  );
  for (const file of own) delete load.cache[file];
}
