import { defined } from "../hardening/defined";
import { command, type Context } from "./shared/command";
import { configFile } from "./shared/common-options";
import { diskSettings } from "./shared/disk-settings";
import { requiredEngine } from "./shared/engine-host";
import { UserError } from "./shared/errors";
import { stackFileOf } from "./shared/project";
import { openPulumiStack } from "./shared/pulumi-stack";
import { DEFAULT_STACK } from "./shared/workspace";
import { collect, type AskPulumi } from "./status/collect";
import { renderStatus } from "./status/render";
import { report } from "./status/report";
import { StackFileError } from "../plan/stack-file";

export const status = command({
  name: "status",
  summary: "shows what runs, of which version, and what is wrong",
  about:
    "Shows what runs and since when, where the gateway leads, when certificates end, the last backup and drill, and " +
    "the last update. Compares the state with the engine. Changes nothing, reads no secret, and works on a remote " +
    "engine. The exit code is 1 if something is wrong.",
  stack: "optional",
  options: {
    "config-file": configFile(
      "the stack's file, read for docker:host and disk (default: the one of the last start, else Pulumi.<stack>.yaml)",
    ),
    json: { summary: "prints { stack, containers, routes, certificates, backups, problems, … } for tools" },
  },
  run: async (context, { stack = DEFAULT_STACK, options }) => {
    const { root, env, print } = context;
    const named = options["config-file"];
    const file = stackFileOf(root, stack, named);
    const engine = await requiredEngine(file, env);
    const { minFreeGiB } = diskSettings(file);
    const found = await collect({ stack, engine, minFreeGiB, pulumi: () => askPulumi(context, stack, named) });
    const told = report(found);
    print.result(options.json ? JSON.stringify(told, undefined, 2) : renderStatus(told, print));
    return told.problems.length === 0 ? 0 : 1;
  },
});

/** Where there is no CLI, or no file of the stack, containers are shown all the same. */
async function askPulumi(context: Context, stack: string, named: string | undefined): Promise<AskPulumi> {
  try {
    const { ask } = await openPulumiStack(context, { stack, readOnly: true, ...defined({ configFile: named }) });
    return (args) => ask(args, 20);
  } catch (error) {
    if (error instanceof UserError || error instanceof StackFileError) return error.message;
    throw error;
  }
}
