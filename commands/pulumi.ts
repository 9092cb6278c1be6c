import { resolve } from "node:path";
import { splitPulumiArguments, UsageError } from "./start/options";
import { pulumiCommand } from "./start/preflight";
import { judgePulumiCli } from "./start/prerequisites";
import { findProgram, show } from "./start/run";
import { pulumiEnvironment, StartError } from "./start/state";
import { engineHost, packageVersion } from "./start/survey";
import { ensureStack, openWorkspace, prepareWorkspace } from "./start/workspace";

const USAGE = `usage: npm run pulumi -- <command of Pulumi's> [--stack NAME] [--config-file FILE]

Runs the Pulumi CLI on the state, passphrase and configuration of \`npm start\`: preview, up, destroy, refresh, stack output,
config set --secret, cancel and all others.
`;

const root = resolve(__dirname, "..");

async function main(args: readonly string[]): Promise<number> {
  const { rest, ...options } = splitPulumiArguments(args);
  if (rest.length === 0) {
    process.stdout.write(USAGE);
    return 2;
  }
  const pulumi = findProgram("pulumi", process.env);
  if (pulumi === undefined) {
    const finding = judgePulumiCli(undefined, packageVersion(root, "pulumi"));
    throw new StartError(finding.ok ? finding.text : finding.sentence);
  }
  const workspace = openWorkspace(root, options);
  if (rest[0] === "config" && rest[1] === "set" && !rest.includes("--secret")) {
    throw new StartError(
      `Plain values belong in ${workspace.sourceName}, which is the file that is reviewed: edit it there. Only secrets are set here: \`${pulumiCommand(options.stack, "config set --secret <key>")}\`.`,
    );
  }
  prepareWorkspace(workspace);
  await ensureStack(workspace, pulumi);
  const host = await engineHost(workspace.tracked.values["docker:host"], process.env);
  return show(
    pulumi,
    rest,
    { ...pulumiEnvironment(process.env, workspace.paths, workspace.stack, workspace.pulumiFile), DOCKER_HOST: host },
    root,
  );
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  },
);
