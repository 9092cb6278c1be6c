import { command } from "./shared/command";
import { requiredEngine } from "./shared/engine-host";
import { wrongOption } from "./shared/errors";
import { stackFileOf } from "./shared/project";
import { abort } from "./upgrade-postgres/abort";
import { OPTIONS, upgradeOptions } from "./upgrade-postgres/options";
import { preflight } from "./upgrade-postgres/preflight";
import { findServer, upgradeNames } from "./upgrade-postgres/server";
import { nextSteps, prepare } from "./upgrade-postgres/steps";
import { currentMajor, type Upgrade } from "./upgrade-postgres/upgrade";

export const upgradePostgres = command({
  name: "upgrade-postgres",
  summary: "prepares the next major version of PostgreSQL beside the running one",
  about:
    "Prepares a data volume of PostgreSQL's next major version: dump, new volume, restore, comparison. `pulumi up` " +
    "switches to the new volume afterwards, and the old one is kept. From the dump until the switch the databases " +
    "are read-only. A run that was cut off goes on with the same command. docs/upgrades.md says more.",
  stack: "required",
  options: OPTIONS,
  run: async ({ root, env, print }, input) => {
    const options = upgradeOptions(input);
    const { stack } = options;
    goOnAfterSignals(print.error);
    const docker = await requiredEngine(stackFileOf(root, stack, options.configFile), env);
    const server = await findServer(docker, stack);
    if (options.action.kind === "abort") {
      if (!options.confirmed)
        throw wrongOption({
          option: "--confirm",
          allowed: `'${stack}', the stack's name again`,
          fix: `--abort removes what was prepared: add --confirm ${stack}.`,
        });
      await abort(docker, server, print.progress);
      return 0;
    }
    const { image, major: to } = options.action;
    const upgrade: Upgrade = { docker, server, image, to, from: currentMajor(server), say: print.progress };
    print.progress(`[1/8] preflight: PostgreSQL ${upgrade.from} in ${server.dataVolume} to PostgreSQL ${to}`);
    await preflight(upgrade);
    const { data } = upgradeNames(server.base, to);
    const prepared = server.volumes.some(({ name, preparedFrom }) => name === data && preparedFrom === upgrade.from);
    if (!prepared && !options.confirmed) {
      print.result(
        `Nothing was changed. To go on, repeat the command with --confirm ${stack}: the databases are then ` +
          "read-only until the switch.",
      );
      return 2;
    }
    if (prepared) print.progress("The volume is prepared already.");
    else await prepare(upgrade);
    print.result(
      [
        `\nPostgreSQL ${to} is prepared in ${data}. The old databases stay read-only until the switch:\n`,
        ...nextSteps(upgrade).map((line) => `  ${line}`),
        `\nOr put everything back: npx rampart upgrade-postgres ${stack} --abort --confirm ${stack}`,
      ].join("\n"),
    );
    return 0;
  },
});

/** What was begun is finished by the next run: it can be cut off anywhere. */
function goOnAfterSignals(error: (message: string) => void): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => {
      error("\nCut off. The same command goes on from here; with --abort instead of --to it puts everything back.");
      process.exit(130);
    });
}
