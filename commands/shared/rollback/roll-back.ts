import type { Context } from "../command";
import { requiredEngine } from "../engine-host";
import { messageOf, UserError } from "../errors";
import { evaluateOwn } from "../evaluated";
import type { PulumiStack } from "../pulumi-stack";
import type { Question } from "../terminal";
import { apply, preview } from "./apply";
import { KEPT_NAMES, type Update } from "./history";
import { planRollback, type Rollback } from "./plan";

/** An update on one line. */
export const describe = (update: Update | undefined): string =>
  [update?.at, update?.commit, update?.message.slice(0, 60)]
    .filter((part) => part !== undefined && part !== "")
    .join("  ");

export interface RollbackArgs {
  readonly pulumi: PulumiStack;
  readonly updates: readonly Update[];
  /** How many configurations back. */
  readonly to: number;
  readonly yes: boolean;
  readonly ask: Question | undefined;
}

/** @returns whether the stack has the earlier configuration now. @throws UserError where it cannot go back */
export async function rollBack(context: Context, { pulumi, updates, to, yes, ask }: RollbackArgs): Promise<boolean> {
  const { print } = context;
  const planned = planRollback(pulumi, updates, to);
  print.progress(`From ${describe(planned.current)}\nback to ${describe(planned.target)}`);
  print.progress(`Kept as they are now: secrets, ${KEPT_NAMES.join(", ")}.\n`);
  if (planned.undeployed)
    print.missing(`${pulumi.sourceName} has changes that were never deployed; a copy of it is kept.`);
  await tellImages(context, pulumi, planned);
  print.result(await comparison(context, planned));
  await preview(pulumi, planned);
  if (!yes) {
    if (ask === undefined) {
      print.progress("Nothing was changed. To do it, add --yes.");
      return false;
    }
    if (!(await ask(`Roll stack ${pulumi.stack} back? [y/N] `))) {
      print.progress("Nothing was changed.");
      return false;
    }
  }
  await apply(pulumi, planned, print);
  return true;
}

/** Old images stay on the engine, so that no registry is needed to go back. */
async function tellImages({ env, print }: Context, { file }: PulumiStack, { images }: Rollback): Promise<void> {
  const engine = await requiredEngine(file, env);
  const asked = await Promise.all(
    images.map(async (image) => ({ image, here: (await engine.ask(["image", "inspect", image])).code === 0 })),
  );
  for (const { image, here } of asked)
    if (here) print.ok(`${image} is still on the engine`);
    else print.missing(`${image} is not on the engine any more, and is pulled from its registry`);
}

/** @throws UserError where this version of Rampart does not take the earlier configuration */
async function comparison({ print }: Context, { before, after, target }: Rollback): Promise<string> {
  const { compare, renderComparison } = await import("../../../plan");
  const evaluate = async (which: string, file: Rollback["before"]): ReturnType<typeof evaluateOwn> => {
    try {
      return await evaluateOwn(file);
    } catch (error) {
      throw new UserError(`${which}: ${messageOf(error)}`, {
        hint:
          "Nothing was changed. A rollback changes the stack's file, and neither Rampart's version nor your " +
          "program.",
      });
    }
  };
  const from = await evaluate("The configuration that is deployed", before);
  const to = await evaluate(`The configuration of ${target.at}`, after);
  return renderComparison(compare("what is deployed", from, to), {
    width: print.width,
    paint: print.paint,
    verbose: false,
  });
}
