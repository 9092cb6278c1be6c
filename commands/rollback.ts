import { defined } from "../hardening/defined";
import { candidates, type Update } from "./shared/rollback/history";
import { readUpdates } from "./shared/rollback/plan";
import { describe, rollBack } from "./shared/rollback/roll-back";
import { command } from "./shared/command";
import { configFile } from "./shared/common-options";
import { openPulumiStack } from "./shared/pulumi-stack";
import { consent } from "./shared/terminal";

export const rollback = command({
  name: "rollback",
  summary: "goes back to an earlier configuration and its images",
  about:
    "Shows what changes between the configuration that is deployed and an earlier one from the stack's history, what " +
    "weakens the stack first, and Pulumi's preview. Once confirmed, it writes the earlier values into the " +
    "stack's file " +
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
