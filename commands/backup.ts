import { BACKUP_CONTAINERS, script } from "../hardening/backup/paths";
import { containerOf, execIn, leftNoMessage } from "./shared/backup-engine";
import { command } from "./shared/command";
import { configFile } from "./shared/common-options";
import { requiredEngine } from "./shared/engine-host";
import { UserError } from "./shared/errors";
import { field, parseJson, text } from "./shared/json";
import { stackFileOf } from "./shared/project";

export const backup = command({
  name: "backup",
  summary: "takes a backup now, besides the daily ones",
  about: "Takes a backup now, waits until it is stored and checked, and prints its snapshot's id.",
  stack: "required",
  options: {
    "config-file": configFile(
      "the stack's file, read only for docker:host (default: the one of the last start, else Pulumi.<stack>.yaml, if it exists)",
    ),
  },
  run: async ({ root, env, print }, { stack, options }) => {
    const engine = await requiredEngine(stackFileOf(root, stack, options["config-file"]), env);
    const container = await containerOf(engine, stack, BACKUP_CONTAINERS.dump);
    await containerOf(engine, stack, BACKUP_CONTAINERS.store);
    const result = await execIn(engine, container, ["sh", script("dump"), "now"]);
    const answer = parseJson(result.stdout);
    const snapshot = text(field(answer, "snapshot"));
    if (result.code !== 0 || snapshot === undefined) {
      const step = text(field(answer, "step"));
      const reason = text(field(answer, "error")) ?? text(result.stderr.trim()) ?? leftNoMessage(container);
      throw new UserError(`The backup failed${step === undefined ? "" : ` at ${step}`}: ${reason}`);
    }
    const number = (key: string): number => Number(field(answer, key) ?? 0);
    print.result(
      `${snapshot}\nThe databases as of ${text(field(answer, "time")) ?? "now"}: ${number("bytes")} bytes, of ` +
        `which ${number("added")} are new in the repository.`,
    );
    return 0;
  },
});
