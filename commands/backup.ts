import { BACKUP_CONTAINERS } from "../hardening/backup/paths";
import { takeBackup } from "./shared/take-backup";
import { containerOf } from "./shared/backup-engine";
import { command } from "./shared/command";
import { configFile } from "./shared/common-options";
import { requiredEngine } from "./shared/engine-host";
import { UserError } from "./shared/errors";
import { stackFileOf } from "./shared/project";

export const backup = command({
  name: "backup",
  summary: "takes a backup now, besides the daily ones",
  about: "Takes a backup now, waits until it is stored and checked, and prints its snapshot's id.",
  stack: "required",
  options: {
    "config-file": configFile(
      "the stack's file, read only for docker:host (default: the one of the last start, else Pulumi.<stack>.yaml, if " +
        "it exists)",
    ),
  },
  run: async ({ root, env, print }, { stack, options }) => {
    const engine = await requiredEngine(stackFileOf(root, stack, options["config-file"]), env);
    const container = await containerOf(engine, stack, BACKUP_CONTAINERS.dump);
    await containerOf(engine, stack, BACKUP_CONTAINERS.store);
    const taken = await takeBackup(engine, container);
    if ("failure" in taken) throw new UserError(taken.failure);
    print.result(
      `${taken.snapshot}\nThe databases as of ${taken.time}: ${taken.bytes} bytes, of which ${taken.added} are new ` +
        "in the repository.",
    );
    return 0;
  },
});
