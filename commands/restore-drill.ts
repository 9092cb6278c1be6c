import { BACKUP_CONTAINERS, script } from "../hardening/backup/paths";
import { describeDrill, readDrill } from "./restore-drill/drill-result";
import { containerOf, execIn, leftNoMessage } from "./shared/backup-engine";
import { command } from "./shared/command";
import { SNAPSHOT, stackFileFor } from "./shared/common-options";
import { requiredEngine } from "./shared/engine-host";
import { UserError } from "./shared/errors";
import { stackFileOf } from "./shared/project";

export const restoreDrill = command({
  name: "restore-drill",
  summary: "restores a backup into a throw-away server, compares, and prints the differences",
  about:
    "Restores a backup into a throw-away server that is on no network. Compares rows, checksums, policies, roles and " +
    "grants with what the database held when the backup was taken, and prints what differs. The live database is not " +
    "touched.",
  stack: "required",
  options: {
    snapshot: { ...SNAPSHOT, default: "latest" },
    "config-file": stackFileFor("only for docker:host"),
  },
  run: async ({ root, env, print }, { stack, options }) => {
    const engine = await requiredEngine(stackFileOf(root, stack, options["config-file"]), env);
    const container = await containerOf(engine, stack, BACKUP_CONTAINERS.drill);
    await containerOf(engine, stack, BACKUP_CONTAINERS.store);
    print.progress(`A restore drill of stack ${stack} begins.`);
    const result = await execIn(engine, container, ["sh", script("drill"), "now", options.snapshot]);
    const drill = readDrill(result.stdout);
    if (drill === undefined)
      throw new UserError(
        `The drill gave no result: ${result.stderr.trim() || result.stdout.slice(0, 300) || leftNoMessage(container)}`,
      );
    print.result(describeDrill(drill));
    return drill.ok && result.code === 0 ? 0 : 1;
  },
});
