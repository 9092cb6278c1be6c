import { defined } from "../hardening/defined";
import { apply, preview } from "./rollback/apply";
import { candidates, KEPT_NAMES, type Update } from "./rollback/history";
import { planRollback, readUpdates, type Rollback } from "./rollback/plan";
import { command, type Context } from "./shared/command";
import { configFile } from "./shared/common-options";
import { requiredEngine } from "./shared/engine-host";
import { messageOf, UserError } from "./shared/errors";
import { evaluateOwn } from "./shared/evaluated";
import { openPulumiStack, type PulumiStack } from "./shared/pulumi-stack";
import { consent, type Question } from "./shared/terminal";

export const rollback = command({
  name: "rollback",
  summary: "goes back to an earlier configuration and its images",
  about:
    "Shows what changes between the configuration that is deployed and an earlier one from the stack's history, what " +
    "weakens the stack first, and Pulumi's preview. Once confirmed, it writes the earlier values into the stack's file " +
    "and runs `pulumi up`. Secrets, rotation keys, elevations and maintenance stay as they are. Refused across a " +
    "migration that does not say that it can be gone back over (migration.reversible).",
  stack: "required",
  options: {
    to: {
      value: "NUMBER",
      summary: "how many configurations back (default: 1, the one before)",
      default: 1,
      read: (given: string, refusal) => {
        if (!/^[1-9]\d{0,2}$/.test(given)) throw refusal("a number from 1 on; --list shows them");
        return Number(given);
      },
    },
    list: { summary: "lists the configurations that the stack can go back to, and changes nothing" },
    yes: { short: "y", summary: "does not ask" },
    "config-file": configFile("the stack's file (default: the one of the last start, else Pulumi.<stack>.yaml)"),
  },
  run: async (context, { stack, options }) => {
    const { print, env } = context;
    const pulumi = await openPulumiStack(context, { stack, ...defined({ configFile: options["config-file"] }) });
    const updates = await readUpdates(pulumi);
    if (options.list) {
      print.result(listed(updates, pulumi.file.project));
      return 0;
    }
    return (await rollBack(context, { pulumi, updates, to: options.to, yes: options.yes, ask: consent(env) })) ? 0 : 1;
  },
});

function listed(updates: readonly Update[], project: string): string {
  const found = candidates(updates, project);
  if (found.length === 0) return "There is no earlier configuration.";
  return found.map((index, position) => `${String(position + 1).padStart(3)}  ${describe(updates[index])}`).join("\n");
}

const describe = (update: Update | undefined): string =>
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
  const { compare, renderComparison } = await import("../plan");
  const evaluate = async (which: string, file: Rollback["before"]): ReturnType<typeof evaluateOwn> => {
    try {
      return await evaluateOwn(file);
    } catch (error) {
      throw new UserError(`${which}: ${messageOf(error)}`, {
        hint: "Nothing was changed. A rollback changes the stack's file, and neither Rampart's version nor your program.",
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
