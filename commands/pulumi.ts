import { FORM_VARIABLE, formVariable } from "../config/commands";
import { OPTIONS, splitPulumiArguments } from "./pulumi/options";
import type { Command, Context } from "./shared/command";
import { engineHost } from "./shared/engine-host";
import { usageError, UserError } from "./shared/errors";
import { missingPulumi, packageVersion, pulumiCommand, startedForm } from "./shared/pulumi-cli";
import { findPulumi, withPulumi } from "./shared/pulumi-program";
import { show } from "./shared/run";
import { pulumiEnvironment } from "./shared/state";
import { ensureStack, openWorkspace, prepareWorkspace } from "./shared/workspace";

export const pulumi: Command = {
  name: "pulumi",
  summary: "runs the Pulumi CLI on the state that `npm start` keeps",
  about:
    "Runs the Pulumi CLI with the state, the passphrase and the configuration of `npm start`: preview, up, " +
    "destroy, refresh, stack output, config set --secret, cancel and all others. All other options are passed on to " +
    "Pulumi.",
  stack: "none",
  passesOn: "<command of Pulumi>",
  options: OPTIONS,
  run,
};

async function run({ root, env }: Context, args: readonly string[]): Promise<number> {
  const { rest, ...options } = splitPulumiArguments(args);
  if (rest.length === 0) throw usageError("Name a command of Pulumi, such as `npx rampart pulumi preview`.");
  const found = await findPulumi(root, env);
  if (found === undefined)
    throw new UserError(`${missingPulumi(packageVersion(root, "pulumi"))}, then run the command again.`);
  const program = found.path;
  const workspace = openWorkspace(root, options);
  if (rest[0] === "config" && rest[1] === "set" && !rest.includes("--secret")) {
    throw new UserError(
      `Plain values belong in ${workspace.sourceName}, the file that is reviewed: edit that file. Only secrets are ` +
        `set here: \`${pulumiCommand(workspace, "config set --secret <key>")}\`.`,
    );
  }
  prepareWorkspace(workspace);
  await ensureStack(workspace, program);
  const host = await engineHost(workspace.tracked.values["docker:host"], env);
  return show(
    program,
    rest,
    {
      ...pulumiEnvironment(withPulumi(env, program), workspace.paths, workspace.stack, workspace.pulumiFile),
      DOCKER_HOST: host,
      [FORM_VARIABLE]: formVariable(startedForm(workspace)),
    },
    root,
  );
}
