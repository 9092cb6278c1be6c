import { resolve } from "node:path";
import { BACKUP_CONTAINERS, script } from "../hardening/backup/paths";
import { guardScripts, type DatabaseScript } from "../hardening/postgres/tenancy/policy-scripts";
import { POSTGRES_SUPERUSER } from "../hardening/postgres/roles/roles";
import { configOf } from "../plan/stack-config";
import { CommandError, containerOf, engineOf, execIn, stackFileOf } from "./backup/engine";
import { runMain } from "./backup/main";
import { parseRestoreOptions, type RestoreOptions, type Target } from "./backup/options";
import { Restore, timedName, unfinished, type BackupInfo, type Verified } from "./backup/restore";
import { chooseSnapshot, describeSnapshot, parseSnapshots } from "./backup/snapshots";

const USAGE = `usage: npm run restore -- <stack> [--snapshot ID|latest] [--database NAME] --to TARGET --confirm <stack>

Restores a backup. Without --to it lists the backups; without --confirm it says what it would do and changes nothing.

  --to live              into a new database, verified, and then put in the live one's place, which is kept
  --to database:NAME     into a new database beside the live one, verified (with --database)
  --to directory:PATH    the dumps and their manifests, as files on this machine
  --snapshot ID          which backup, by the start of its id; latest is the newest
  --database NAME        one database of the backup's, not all
  --config-file FILE     the stack's file: for docker:host, and for what it says of tenants and rights
`;

const root = resolve(__dirname, "..");
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const SHOWN_DIFFERENCES = 20;
const UNGUARDED = `The stack's file is not here (--config-file), so tenancy and rights are those of the backup. If it is older than
the configuration: pulumi up --replace '**RandomId::*-database-guard'`;

async function main(args: readonly string[]): Promise<number> {
  const options = parseRestoreOptions(args);
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const engine = await engineOf(root, options, process.env);
  const store = await containerOf(engine, options.stack, BACKUP_CONTAINERS.store);
  const listed = await execIn(engine, store, ["sh", script("store"), "list"]);
  if (listed.code !== 0) throw new CommandError(`The repository cannot be read: ${listed.stderr.trim()}`);
  const snapshots = parseSnapshots(listed.stdout);
  if (options.target === undefined) {
    for (const snapshot of snapshots) say(describeSnapshot(snapshot));
    say(
      snapshots.length === 0
        ? "The repository holds no backup."
        : "Restore one with --to live, --to database:<new name> or --to directory:<path>.",
    );
    return 0;
  }
  const snapshot = chooseSnapshot(snapshots, options.snapshot);
  const restore = new Restore(engine, store, snapshot.id, say);
  const info = await restore.info();
  const databases = databasesOf(info, options);
  say(
    `backup ${snapshot.id.slice(0, 8)} of ${info.time}, stack ${info.stack}, PostgreSQL ${info.server}, databases ${info.databases.join(", ")}`,
  );
  const plan = describePlan(options.target, databases);
  if (options.confirm !== options.stack) {
    say(`Nothing was changed. This would: ${plan}\nTo do it, add --confirm ${options.stack}`);
    return 1;
  }
  say(plan);
  if (options.target.kind === "directory") {
    await restore.toDirectory(info, options.target.path);
    return 0;
  }
  const postgres = await containerOf(engine, options.stack, "postgres");
  await restore.room(postgres, snapshot.summary?.total_bytes_processed ?? 0);
  return options.target.kind === "live"
    ? toLive(restore, postgres, databases, guardOf(options))
    : toDatabase(restore, postgres, databases[0] ?? "", options.target.name);
}

function databasesOf(info: BackupInfo, { database }: RestoreOptions): readonly string[] {
  if (database === undefined) return info.databases;
  if (!info.databases.includes(database))
    throw new CommandError(`The backup holds no database ${database}, but ${info.databases.join(", ")}.`);
  return [database];
}

function describePlan(target: Target, databases: readonly string[]): string {
  const named = databases.join(" and ");
  switch (target.kind) {
    case "live":
      return `restore ${named} into new databases, compare them with the backup, end all sessions of ${named}, and put the restored in their place. What is live now is kept under another name.`;
    case "database":
      return `restore ${named} into the new database ${target.name} and compare it with the backup; the live one is left alone.`;
    case "directory":
      return `write the backup's files, in clear, into ${target.path}.`;
    default: {
      const unknown: never = target;
      throw new Error(`not a target: ${JSON.stringify(unknown)}`);
    }
  }
}

function tell(target: string, verified: Verified): boolean {
  const { tables, rows, policies, differences } = verified;
  if (differences.length === 0) {
    say(`${target}: ${tables} tables, ${rows} rows, ${policies} policies: the same as in the backup`);
    return true;
  }
  say(`${target} DIFFERS FROM THE BACKUP in ${differences.length} places:`);
  for (const { what, name, expected, found } of differences.slice(0, SHOWN_DIFFERENCES))
    say(`  ${what} ${name}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}`);
  return false;
}

async function toDatabase(restore: Restore, postgres: string, database: string, target: string): Promise<number> {
  const same = tell(target, await restore.toDatabase(postgres, database, target));
  say(`To drop it: DROP DATABASE "${target}";`);
  return same ? 0 : 1;
}

/** What the guard of `pulumi up` runs, by database; none where the stack's file is not here. */
function guardOf(options: RestoreOptions): readonly DatabaseScript[] | undefined {
  const file = stackFileOf(root, options);
  return file === undefined ? undefined : guardScripts(configOf(file).database, POSTGRES_SUPERUSER);
}

/** All are restored, verified and confined before the first one takes its place: a fault leaves everything as it was. */
async function toLive(
  restore: Restore,
  postgres: string,
  databases: readonly string[],
  guard: readonly DatabaseScript[] | undefined,
): Promise<number> {
  const at = new Date();
  const live = await restore.databases(postgres);
  const missing = databases.filter((database) => !live.includes(database));
  if (missing.length > 0)
    throw new CommandError(
      `The server has no database ${missing.join(", ")}: run \`pulumi up\` first, or name one with --database.`,
    );
  for (const left of unfinished(live, databases))
    say(`${left} is of a restore that did not end, or that runs now. To drop it: DROP DATABASE "${left}";`);
  const restored: string[] = [];
  for (const database of databases) {
    const target = timedName(database, "restore", at);
    restored.push(target);
    const untouched = `The live databases were not touched. To look into it, or to drop what was restored: ${restored.map((name) => `DROP DATABASE "${name}";`).join(" ")}`;
    if (!tell(target, await restore.toDatabase(postgres, database, target))) {
      say(untouched);
      return 1;
    }
    const statements = guard?.find((script) => script.database === database)?.statements;
    try {
      if (statements !== undefined) await restore.confine(postgres, target, statements);
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
  const ended = await restore.switch(postgres, swaps);
  for (const { live: database, before } of swaps) {
    say(
      `${database} is the restored one now; ${ended[database] ?? "its"} sessions were ended. The one before is kept as ${before}. To drop it: DROP DATABASE "${before}";`,
    );
  }
  if (guard === undefined) say(UNGUARDED);
  return 0;
}

runMain(main);
