import { resolve } from "node:path";
import { DockerClient } from "../engine/docker";
import { EngineError } from "../engine/engine";
import { readStackFile, StackFileError } from "../plan/stack-file";
import { UsageError } from "./start/options";
import { StartError } from "./start/state";
import { engineHost } from "./start/survey";
import { parseUpgradeOptions, type UpgradeOptions } from "./upgrade/options";
import { findServer, upgradeNames } from "./upgrade/server";
import { abort, currentMajor, nextSteps, preflight, prepare, type Upgrade } from "./upgrade/steps";

const USAGE = `usage: npm run upgrade-postgres -- <stack> --to <repo:tag@sha256:…> [--confirm <stack>]
       npm run upgrade-postgres -- <stack> --abort --confirm <stack>

Prepares a data volume of PostgreSQL's next major version: dump, new volume, restore, comparison. \`pulumi up\` switches
to it afterwards, and the old volume is kept. From the dump until the switch the databases are read-only.

  --to IMAGE          the image of the new version; its tag begins with the major version
  --confirm STACK     the stack's name again; without it the preflight runs, and nothing is changed
  --abort             makes the old databases writable again and removes what was prepared
  --config-file FILE  the stack's file, read for docker:host alone

A run that was cut off is taken up again by the same command. docs/upgrades.md has the whole.
`;

const root = resolve(__dirname, "..");
const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(args: readonly string[]): Promise<number> {
  const options = parseUpgradeOptions(args);
  if (options === undefined) {
    process.stdout.write(USAGE);
    return 0;
  }
  const docker = new DockerClient(await engineHost(configuredHost(options), process.env));
  const server = await findServer(docker, options.stack);
  if (options.action.kind === "abort") {
    if (!options.confirmed) throw new UsageError(`--abort removes what was prepared: add --confirm ${options.stack}`);
    await abort(docker, server, say);
    return 0;
  }
  const { image, major: to } = options.action;
  const upgrade: Upgrade = { docker, server, image, to, from: currentMajor(server), say };
  say(`[1/8] preflight: PostgreSQL ${upgrade.from} in ${server.dataVolume} to PostgreSQL ${to}`);
  await preflight(upgrade);
  const prepared = server.volumes.some(
    ({ name, preparedFrom }) => name === upgradeNames(server.base, to).data && preparedFrom === upgrade.from,
  );
  if (!prepared && !options.confirmed) {
    say(
      `Nothing was changed. To go on, repeat the command with --confirm ${options.stack}: the databases are then read-only until the switch.`,
    );
    return 2;
  }
  if (prepared) say("The volume is prepared already.");
  else await prepare(upgrade);
  say(
    `\nPostgreSQL ${to} is prepared in ${upgradeNames(server.base, to).data}. The old databases stay read-only until the switch:\n`,
  );
  for (const line of nextSteps(upgrade)) say(`  ${line}`);
  say(`\nOr put everything back: npm run upgrade-postgres -- ${options.stack} --abort --confirm ${options.stack}`);
  return 0;
}

/** docker:host of the stack's file, where there is one: the command works on any machine that reaches the engine. */
function configuredHost({ stack, configFile }: UpgradeOptions): string | undefined {
  try {
    return readStackFile(root, stack, configFile === undefined ? undefined : resolve(configFile)).values["docker:host"];
  } catch (error) {
    if (error instanceof StackFileError && configFile === undefined) return undefined;
    throw error;
  }
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    process.stderr.write(
      "\nCut off. The same command goes on from here; with --abort instead of --to it puts everything back.\n",
    );
    process.exit(130);
  });
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    const usage = error instanceof UsageError;
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage ? USAGE : ""}`);
    process.exitCode = usage ? 2 : 1;
    const known = [StartError, StackFileError, EngineError].some((kind) => error instanceof kind);
    if (!usage && !known && error instanceof Error) process.stderr.write(`${error.stack ?? ""}\n`);
  },
);
