import type { DockerClient } from "../engine/docker";
import { BACKUP_CONTAINERS, script } from "../hardening/backup/paths";
import { parseSnapshots, type Snapshot } from "./shared/snapshots";
import { containerOf, execIn, leftNoMessage } from "./shared/backup-engine";
import { command } from "./shared/command";
import { configFile } from "./shared/common-options";
import { requiredEngine } from "./shared/engine-host";
import { UserError } from "./shared/errors";
import { anyText } from "./shared/options";
import { stackFileOf } from "./shared/project";
import { describeDamage, named, parseFacts, REPAIR_PLAN, type RepairFacts } from "./backup-repair/facts";
import { takeBackup } from "./shared/take-backup";

type Say = (line: string) => void;

export const backupRepair = command({
  name: "backup repair",
  summary: "reads the whole repository of backups, and repairs what is damaged",
  about:
    "Reads every byte of the repository of backups, and says what is damaged and which backups are hit. Without " +
    "--confirm nothing is changed. With it, the command saves what can be saved, takes a new backup, forgets the " +
    "backups that lack content even then, and reads everything again. Backups are not stored meanwhile.",
  stack: "required",
  options: {
    confirm: {
      value: "STACK",
      summary: "the stack's name again; without it the command says what it would do, and changes nothing",
      read: anyText,
    },
    "config-file": configFile(
      "the stack's file, read only for docker:host (default: the one of the last start, else Pulumi.<stack>.yaml, if " +
        "it exists)",
    ),
  },
  run: async ({ root, env, print }, { stack, options }) => {
    const engine = await requiredEngine(stackFileOf(root, stack, options["config-file"]), env);
    const store = await containerOf(engine, stack, BACKUP_CONTAINERS.store);
    const dump = await containerOf(engine, stack, BACKUP_CONTAINERS.dump);
    const agreed = options.confirm === stack;
    print.progress("Every byte of the repository is read.");
    const found = await part(engine, store, agreed ? "mend" : "look");
    if (found.clean && !found.began) {
      print.result("Every byte of the repository was read. Nothing is damaged, and there is nothing to repair.");
      return 0;
    }
    const known = await listOf(engine, store);
    print.result(
      found.clean
        ? "Nothing is damaged any more, but a repair that was begun has not come to its end."
        : describeDamage(found, known),
    );
    if (!agreed) {
      print.result(`Nothing was changed. This would: ${REPAIR_PLAN}\nTo do it, add --confirm ${stack}`);
      return 1;
    }
    return finish({ engine, store, dump, known, stack, say: print.result });
  },
});

interface Repairing {
  readonly engine: DockerClient;
  /** The ids of the two containers. */
  readonly store: string;
  readonly dump: string;
  /** The backups before the repair. */
  readonly known: readonly Snapshot[];
  readonly stack: string;
  readonly say: Say;
}

/** From the mended packs to a repository in order: a new backup, no backup that lacks content, and all of it read. */
async function finish({ engine, store, dump, known, stack, say }: Repairing): Promise<number> {
  const again = `Remove the cause, then run \`npx rampart backup repair ${stack} --confirm ${stack}\` again.`;
  say("What could be saved of the damaged packs is saved. A new backup is taken.");
  const taken = await takeBackup(engine, dump);
  if ("failure" in taken)
    throw new UserError(
      `${taken.failure}\nNo backup was forgotten. Those that lack content cannot be restored until a new backup ` +
        "brings the content back.",
      { hint: again },
    );
  const ended = await part(engine, store, "end");
  if (ended.forgotten.length > 0)
    say(
      "Forgotten, as a part of their content is in no database any more:\n" +
        named(ended.forgotten, known)
          .map((line) => `  ${line}`)
          .join("\n"),
    );
  if (!ended.clean)
    throw new UserError(
      `${describeDamage(ended, known)}\nThe repair did not mend this. Copies of the damaged packs are kept in the ` +
        "container backup-store, under /restored/repair.",
      {
        hint:
          ended.snapshots.length > 0
            ? `restic cannot remove a backup whose file is damaged: delete snapshots/<id> in the storage. ${again}`
            : again,
      },
    );
  const left = await listOf(engine, store);
  say(
    `Every byte of the repository was read again: nothing is damaged. ${left.length} ` +
      `${left.length === 1 ? "backup is" : "backups are"} there, the newest is ${taken.snapshot.slice(0, 8)}.`,
  );
  return 0;
}

/** @throws UserError where the part did not come to an answer */
async function part(engine: DockerClient, store: string, name: "look" | "mend" | "end"): Promise<RepairFacts> {
  const result = await execIn(engine, store, ["sh", script("store"), "repair", name]);
  const facts = parseFacts(result.stdout);
  if (result.code !== 0 && (name !== "end" || facts.errors === 0))
    throw new UserError(result.stderr.trim() || leftNoMessage(store));
  return facts;
}

async function listOf(engine: DockerClient, store: string): Promise<Snapshot[]> {
  const listed = await execIn(engine, store, ["sh", script("store"), "list"]);
  if (listed.code !== 0) throw new UserError(`The repository cannot be read: ${listed.stderr.trim()}`);
  return parseSnapshots(listed.stdout);
}
