import { BACKUP_CONTAINERS, script } from "../hardening/backup/paths";
import { POSTGRES_SUPERUSER } from "../hardening/postgres/roles/roles";
import { guardScripts, type DatabaseScript } from "../hardening/postgres/tenancy/policy-scripts";
import { configOf } from "../plan/stack-config";
import type { StackFile } from "../plan/stack-file";
import { checkTarget, OPTIONS, type Target } from "./restore/options";
import { Restore, timedName, unfinished, type BackupInfo, type Verified } from "./restore/restore";
import { chooseSnapshot, describeSnapshot, parseSnapshots } from "./shared/snapshots";
import { containerOf, execIn } from "./shared/backup-engine";
import { command } from "./shared/command";
import { describeDifference } from "./shared/difference";
import { requiredEngine } from "./shared/engine-host";
import { UserError } from "./shared/errors";
import { stackFileOf } from "./shared/project";

type Say = (line: string) => void;

const SHOWN_DIFFERENCES = 20;
export const restore = command({
  name: "restore",
  summary: "lists the backups, or restores one",
  about: [
    "Restores a backup. Without --to the command lists the backups. Without --confirm it says what it would do, " +
      "and changes nothing.",
    "",
    "  --to live             a new database, verified, takes the live one's place; the old one is kept",
    "  --to database:NAME    a new database beside the live one, verified; needs --database",
    "  --to directory:PATH   the dumps and their manifests, as files on this machine",
  ].join("\n"),
  stack: "required",
  options: OPTIONS,
  run: async ({ root, env, print }, input) => {
    checkTarget(input);
    const { stack } = input;
    const { to: target, snapshot: wanted, database, confirm } = input.options;
    const say: Say = print.result;
    const file = stackFileOf(root, stack, input.options["config-file"]);
    const guard = target?.kind === "live" ? guardOf(file, stack) : [];
    const engine = await requiredEngine(file, env);
    const store = await containerOf(engine, stack, BACKUP_CONTAINERS.store);
    const listed = await execIn(engine, store, ["sh", script("store"), "list"]);
    if (listed.code !== 0) throw new UserError(`The repository cannot be read: ${listed.stderr.trim()}`);
    const snapshots = parseSnapshots(listed.stdout);
    if (target === undefined) {
      for (const snapshot of snapshots) say(describeSnapshot(snapshot));
      print.progress(
        snapshots.length === 0
          ? "The repository holds no backup."
          : "Restore one with --to live, --to database:<new name> or --to directory:<path>.",
      );
      return 0;
    }
    const snapshot = chooseSnapshot(snapshots, wanted);
    const restoring = new Restore(engine, store, snapshot.id, say);
    const info = await restoring.info();
    const databases = databasesOf(info, database);
    say(
      `backup ${snapshot.id.slice(0, 8)} of ${info.time}, stack ${info.stack}, PostgreSQL ${info.server}, ` +
        `databases ${info.databases.join(", ")}`,
    );
    const plan = describePlan(target, databases);
    if (confirm !== stack) {
      say(`Nothing was changed. This would: ${plan}\nTo do it, add --confirm ${stack}`);
      return 1;
    }
    say(plan);
    if (target.kind === "directory") {
      await restoring.toDirectory(info, target.path);
      return 0;
    }
    const postgres = await containerOf(engine, stack, "postgres");
    await restoring.room(postgres, snapshot.summary?.total_bytes_processed ?? 0);
    return target.kind === "live"
      ? toLive({ restoring, postgres, databases, guard, say })
      : toDatabase({ restoring, postgres, database: databases[0] ?? "", target: target.name, say });
  },
});

function databasesOf(info: BackupInfo, database: string | undefined): readonly string[] {
  if (database === undefined) return info.databases;
  if (!info.databases.includes(database))
    throw new UserError(`The backup holds no database ${database}, but ${info.databases.join(", ")}.`);
  return [database];
}

function describePlan(target: Target, databases: readonly string[]): string {
  const named = databases.join(" and ");
  switch (target.kind) {
    case "live":
      return (
        `restore ${named} into new databases, compare them with the backup, end all sessions of ${named}, and put ` +
        "the restored ones in their place. What is live now is kept under another name."
      );
    case "database":
      return (
        `restore ${named} into the new database ${target.name} and compare it with the backup; the live one is not ` +
        "touched."
      );
    case "directory":
      return `write the backup's files, in clear, into ${target.path}.`;
    default: {
      const unknown: never = target;
      throw new Error(`not a target: ${JSON.stringify(unknown)}`);
    }
  }
}

function tell(say: Say, target: string, verified: Verified): boolean {
  const { tables, rows, policies, differences } = verified;
  if (differences.length === 0) {
    say(`${target}: ${tables} tables, ${rows} rows, ${policies} policies: the same as in the backup`);
    return true;
  }
  say(`${target} DIFFERS FROM THE BACKUP in ${differences.length} places:`);
  for (const difference of differences.slice(0, SHOWN_DIFFERENCES)) say(`  ${describeDifference(difference)}`);
  return false;
}

interface Restoring {
  readonly restoring: Restore;
  /** The id of the server's container. */
  readonly postgres: string;
  readonly say: Say;
}

interface ToDatabase extends Restoring {
  readonly database: string;
  readonly target: string;
}

async function toDatabase({ restoring, postgres, database, target, say }: ToDatabase): Promise<number> {
  const same = tell(say, target, await restoring.toDatabase(postgres, database, target));
  say(`To drop it: DROP DATABASE "${target}";`);
  return same ? 0 : 1;
}

/**
 * What the guard of `pulumi up` runs, by database.
 * @throws UserError where the stack's file is not here: tenancy and rights would be those of the backup, which may be
 *   older than the file
 */
function guardOf(file: StackFile | undefined, stack: string): readonly DatabaseScript[] {
  if (file === undefined)
    throw new UserError(
      `The stack's file is not here (Pulumi.${stack}.yaml). Without it a restore cannot apply the stack's ` +
        "tenancy and rights to the backup. Nothing was changed.",
      { hint: "Name the file that the stack is deployed from: --config-file <file>." },
    );
  return guardScripts(configOf(file).database, POSTGRES_SUPERUSER);
}

interface ToLive extends Restoring {
  readonly databases: readonly string[];
  readonly guard: readonly DatabaseScript[];
}

/**
 * All are restored, verified and confined before the first one takes its place: a fault leaves everything as it was.
 */
async function toLive({ restoring, postgres, databases, guard, say }: ToLive): Promise<number> {
  const at = new Date();
  const live = await restoring.databases(postgres);
  const missing = databases.filter((database) => !live.includes(database));
  if (missing.length > 0)
    throw new UserError(
      `The server has no database ${missing.join(", ")}: run \`pulumi up\` first, or name one with --database.`,
    );
  for (const left of unfinished(live, databases))
    say(
      `${left} is left by a restore that did not end, or belongs to one that runs now. To drop it: DROP DATABASE ` +
        `"${left}";`,
    );
  const restored: string[] = [];
  for (const database of databases) {
    const target = timedName(database, "restore", at);
    restored.push(target);
    const untouched =
      "The live databases were not touched. To look into it, or to drop what was restored: " +
      `${restored.map((name) => `DROP DATABASE "${name}";`).join(" ")}`;
    if (!tell(say, target, await restoring.toDatabase(postgres, database, target))) {
      say(untouched);
      return 1;
    }
    const statements = guard.find((script) => script.database === database)?.statements;
    try {
      if (statements !== undefined) await restoring.confine(postgres, target, statements);
    } catch (error) {
      say(untouched);
      throw error;
    }
  }
  const swaps = databases.map((database) => ({
    live: database,
    restored: timedName(database, "restore", at),
    before: timedName(database, "before", at),
  }));
  const ended = await restoring.switch(postgres, swaps);
  for (const { live: database, before } of swaps) {
    say(
      `${database} is the restored one now; ${ended[database] ?? "its"} sessions were ended. The one before is ` +
        `kept as ${before}. To drop it: DROP DATABASE "${before}";`,
    );
  }
  return 0;
}
