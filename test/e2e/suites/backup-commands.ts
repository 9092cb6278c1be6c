/** The commands about backups, as a person runs them, against the containers of two installations. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { BackupWorld, SUPERUSER_PASSWORD, writeStackFile } from "../lib/backup-containers";
import { docker, mustDocker } from "../lib/engine";
import { must, run, until, type RunResult } from "../lib/process";
import { REPOSITORY } from "../lib/pulumi";
import { expect, expectMatch, type Check, type Suite } from "../lib/runner";
import type { Context } from "../lib/stacks";
import { SCHEMA } from "./backup-containers";

const OLD = "rampart-e2e-old";
const NEW = "rampart-e2e-new";

/** What `pulumi up` makes on a new engine: the databases, the roles and who may connect; no table. */
const EMPTY = `
CREATE ROLE migrator LOGIN; CREATE ROLE app_rw LOGIN; CREATE ROLE app_ro LOGIN;
CREATE ROLE backup LOGIN BYPASSRLS PASSWORD 'e2eBackupPassword1';
REVOKE ALL ON DATABASE app, billing FROM PUBLIC; GRANT CONNECT ON DATABASE app TO app_rw, backup;
GRANT CONNECT ON DATABASE billing TO backup;
ALTER ROLE app_rw IN DATABASE app SET search_path TO app, public; ALTER DATABASE app SET timezone TO 'Europe/Zurich';
`;

const worlds = new Map<string, BackupWorld>();
const world = (name: string): BackupWorld => {
  const found = worlds.get(name);
  if (found === undefined) throw new Error(`${name} is not there`);
  return found;
};

/** A restore into the live databases reads the file of their stack, which these containers have none of. */
async function command(name: string, args: readonly string[]): Promise<RunResult> {
  const wantsFile = args.includes("live") && !args.includes("--config-file");
  const directory = mkdtempSync(join(tmpdir(), "rampart-e2e-file-"));
  try {
    const file = wantsFile ? ["--config-file", writeStackFile(directory, ["app", "billing"])] : [];
    return await run("node", ["bin/rampart.cjs", name, ...args, ...file], { cwd: REPOSITORY, timeoutSeconds: 300 });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
const databases = (name: string): Promise<string> =>
  world(name).sql(
    "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database WHERE NOT datistemplate",
    "postgres",
  );

/** A session of the superuser's that does nothing until somebody ends it. */
const sleepIn = (database: string): Promise<RunResult> =>
  docker(
    [
      "exec",
      "--env",
      `PGPASSWORD=${SUPERUSER_PASSWORD}`,
      world(OLD).name("postgres"),
      "psql",
      "-h",
      "127.0.0.1",
      "-U",
      "postgres",
      "-d",
      database,
      "-c",
      "SELECT pg_sleep(600)",
    ],
    { timeoutSeconds: 280 },
  );

/** The number, as the host counts, of a container's process. */
async function processOf(container: string, pattern: RegExp): Promise<number | undefined> {
  const line = (await mustDocker(["top", container, "-eo", "pid,args"])).split("\n").find((one) => pattern.test(one));
  return line === undefined ? undefined : Number(line.trim().split(/\s+/)[0]);
}

async function make(name: string, images: Context["images"], sql: string): Promise<void> {
  const one = new BackupWorld({ prefix: name, images, databases: ["app", "billing"] });
  worlds.set(name, one);
  await one.create(sql);
}

async function begin(name: string): Promise<void> {
  for (const part of ["dump", "store", "drill"] as const) await world(name).start(part);
  await until(
    "the store opens its repository",
    60,
    async () => (await world(name).exec("store", ["health"])).code === 0,
  );
}

const CHECKS: readonly Check<Context>[] = [
  {
    name: "npm run backup takes one and prints its snapshot",
    critical: true,
    run: async ({ images }) => {
      await make(OLD, images, SCHEMA);
      await begin(OLD);
      const result = await command("backup", [OLD]);
      expect(result.code === 0, result.output);
      expectMatch(result.stdout, /^[0-9a-f]{64}\nThe databases as of \S+Z: \d+ bytes/, "its words");
    },
  },
  {
    name: "npm run restore-drill says what passed",
    run: async () => {
      const result = await command("restore-drill", [OLD]);
      expect(result.code === 0, result.output);
      expectMatch(
        result.stdout,
        /RESTORE DRILL PASSED: backup [0-9a-f]{8} of \S+, \d+ s\n {2}app: 5 tables, 10000\d rows, 1 policies, 6 roles: the same/,
        "its words",
      );
    },
  },
  {
    name: "npm run restore lists, and without the right confirmation changes nothing",
    run: async () => {
      const before = await databases(OLD);
      const list = await command("restore", [OLD]);
      expect(list.code === 0 && /^[0-9a-f]{8} {2}\S+Z {2}rampart-e2e-old installation-/.test(list.stdout), list.output);
      for (const confirm of [[], ["--confirm", "another"]]) {
        const result = await command("restore", [OLD, "--to", "live", ...confirm]);
        expect(result.code === 1, result.output);
        expectMatch(
          result.stdout,
          /Nothing was changed\. This would: restore app and billing into new databases/,
          "its words",
        );
      }
      expect((await databases(OLD)) === before, await databases(OLD));
    },
  },
  {
    name: "Postgres killed while the names change: nothing is lost, everybody gets in again, and the command says so",
    run: async () => {
      const postgres = world(OLD).name("postgres");
      // A session that cannot end keeps the switch waiting, with the live database shut.
      const session = sleepIn("app");
      process.kill(
        await until("the session is there", 20, () => processOf(postgres, /postgres: postgres app .*SELECT/)),
        "SIGSTOP",
      );
      const restore = command("restore", [OLD, "--to", "live", "--confirm", OLD]);
      await until(
        "the live database is shut",
        120,
        async () =>
          (await world(OLD).sql("SELECT datallowconn FROM pg_database WHERE datname = 'app'", "postgres")) === "f",
        100,
      );
      await mustDocker(["kill", "--signal", "KILL", postgres]);
      await mustDocker(["start", postgres]);
      const result = await restore;
      await session;
      expect(result.code === 1, result.output);
      expectMatch(result.output, /app and billing are as they were, and can be connected to/, "its words");
      expect((await world(OLD).sql("SELECT count(*) FROM app.items")) === "100000", "rows are missing");
    },
  },
  {
    name: "--to live brings deleted rows back, keeps what was live, and the sessions come back by themselves",
    continues: true,
    run: async () => {
      await world(OLD).sql(
        "DELETE FROM app.items WHERE id > 10; INSERT INTO app.nothing DEFAULT VALUES; CREATE TABLE app.later (a int)",
      );
      const acl = "SELECT datacl::text FROM pg_database WHERE datname = 'app'";
      const settings =
        "SELECT string_agg(coalesce(setrole::regrole::text, '') || setconfig::text, ' ' ORDER BY setrole) " +
        "FROM pg_db_role_setting WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = 'app')";
      const before = [await world(OLD).sql(acl), await world(OLD).sql(settings)];
      const session = sleepIn("app");
      const result = await command("restore", [OLD, "--to", "live", "--confirm", OLD]);
      expect(result.code === 0, result.output);
      expectMatch(
        result.stdout,
        /^app_restore_\S+ is left by a restore that did not end.*DROP DATABASE "app_restore_/m,
        "what the killed one left",
      );
      expectMatch(
        result.stdout,
        /app_restore_\S+: 5 tables, 100005 rows, 1 policies: the same as in the backup/,
        "verification",
      );
      expectMatch(
        result.stdout,
        /app is the restored one now; [1-9]\d* sessions were ended\. The one before is kept as app_before_\S+\. To drop it: DROP DATABASE "app_before_/,
        "the end",
      );
      expect((await session).code !== 0, "the old session lived on");
      expect((await world(OLD).sql("SELECT count(*) FROM app.items")) === "100000", "the rows are not back");
      expect(
        (await world(OLD).sql("SELECT to_regclass('app.later') IS NULL")) === "t",
        "a table of after the backup is there",
      );
      expect(
        (await world(OLD).sql(
          "SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = 'app.items'::regclass",
        )) === "t",
        "row security is off",
      );
      const triggers = await world(OLD).sql("SELECT string_agg(evtname, ' ' ORDER BY evtname) FROM pg_event_trigger");
      // The second one is what the stack's guard makes in every database.
      expect(triggers === "audit_guard rampart_drop_owned", `event triggers: ${triggers}`);
      expect(
        [await world(OLD).sql(acl), await world(OLD).sql(settings)].join() === before.join(),
        `${before.join()} became ${await world(OLD).sql(acl)} ${await world(OLD).sql(settings)}`,
      );
      const kept = /kept as (app_before_\S+)\./.exec(result.stdout)?.[1] ?? "";
      expect((await world(OLD).sql("SELECT count(*) FROM app.items", kept)) === "10", "what was live is not kept");
      const again = await command("backup", [OLD]);
      expect(again.code === 0, `a backup after the restore: ${again.output}`);
      // Its drill is that of the check below, of "the backup before".
    },
  },
  {
    name: "--to database does not touch the live one, and --to directory gives files that pg_restore reads",
    run: async () => {
      const beside = await command("restore", [
        OLD,
        "--snapshot",
        "latest",
        "--database",
        "billing",
        "--to",
        "database:billing_copy",
        "--confirm",
        OLD,
      ]);
      expect(beside.code === 0, beside.output);
      expect(
        (await world(OLD).sql("SELECT count(*) FROM app.invoices", "billing_copy")) === "100",
        "the copy is empty",
      );
      const twice = await command("restore", [
        OLD,
        "--database",
        "billing",
        "--to",
        "database:billing_copy",
        "--confirm",
        OLD,
      ]);
      expect(twice.code === 1 && /billing_copy exists already/.test(twice.output), twice.output);
      const directory = mkdtempSync(join(tmpdir(), "rampart-restore-"));
      try {
        const files = await command("restore", [OLD, "--to", `directory:${directory}`, "--confirm", OLD]);
        expect(files.code === 0, files.output);
        expect(
          readdirSync(directory).sort().join() ===
            "app.dump,app.manifest,billing.dump,billing.manifest,globals.sql,info.json",
          readdirSync(directory).join(),
        );
        expectMatch(
          readFileSync(join(directory, "globals.sql"), "utf8"),
          /ALTER ROLE app_rw WITH NOSUPERUSER/,
          "globals.sql",
        );
        expect(!/PASSWORD/.test(readFileSync(join(directory, "globals.sql"), "utf8")), "a password is in globals.sql");
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    },
  },
  {
    name: "a restored database that differs is not put in the live one's place",
    run: async () => {
      const good = await command("restore", [OLD]);
      const newest =
        good.stdout
          .split("\n")
          .filter((line) => /^[0-9a-f]{8} /.test(line))
          .at(-1)
          ?.slice(0, 8) ?? "";
      await until("no dump waits", 30, async () => (await world(OLD).inVolume("scratch", "ls -A /v")).trim() === "");
      await world(OLD).stop("store");
      await docker(["exec", world(OLD).name("dump"), "touch", "/state/dump/request"]);
      await until("a dump waits", 60, async () =>
        (await world(OLD).inVolume("scratch", "ls /v/whole")).includes("epoch"),
      );
      await world(OLD).inVolume("scratch", "sed -i 's/THE-MARKED-ROW/THE-CHANGED-RO/' /v/whole/app.dump");
      await world(OLD).start("store");
      await until("it is stored", 60, async () => (await world(OLD).inVolume("scratch", "ls -A /v")).trim() === "");
      const before = await world(OLD).sql("SELECT oid FROM pg_database WHERE datname = 'app'");
      const result = await command("restore", [OLD, "--database", "app", "--to", "live", "--confirm", OLD]);
      expect(result.code === 1, result.output);
      expectMatch(
        result.stdout,
        /DIFFERS FROM THE BACKUP in 1 places:\n {2}rows app\.items: expected .*\nThe live databases were not touched/,
        "its words",
      );
      expect(
        (await world(OLD).sql("SELECT oid FROM pg_database WHERE datname = 'app'")) === before,
        "the live database was changed",
      );
      const drill = await command("restore-drill", [OLD]);
      expect(drill.code === 1 && /RESTORE DRILL FAILED/.test(drill.stdout), drill.output);
      expect(
        (await command("restore-drill", [OLD, "--snapshot", newest])).code === 0,
        "the backup before does not pass",
      );
      await must("node", ["bin/rampart.cjs", "backup", OLD], { cwd: REPOSITORY, timeoutSeconds: 120 });
    },
  },
  {
    name:
      "a backup that is older than database.tenancy is confined before it takes the live one's place, " +
      "or does not take it",
    run: async () => {
      const directory = mkdtempSync(join(tmpdir(), "rampart-tenancy-"));
      const restore = (tenancy: object): Promise<RunResult> => {
        const services = { api: { image: `me/api:1.0.0@sha256:${"ab".repeat(32)}`, port: 3000, data: "read-write" } };
        const database = {
          databases: { billing: {} },
          tenancy: { variable: "app.tenant_id", column: "tenant_id", type: "uuid", ...tenancy },
        };
        writeFileSync(
          join(directory, "stack.yaml"),
          stringify({
            config: { "rampart:environment": "dev", "rampart:services": services, "rampart:database": database },
          }),
        );
        return command("restore", [
          OLD,
          "--config-file",
          join(directory, "stack.yaml"),
          "--database",
          "app",
          "--to",
          "live",
          "--confirm",
          OLD,
        ]);
      };
      try {
        const before = await world(OLD).sql("SELECT oid FROM pg_database WHERE datname = 'app'");
        const leaks = await restore({ sharedTables: [] });
        expect(leaks.code === 1, leaks.output);
        expectMatch(leaks.output, /The live databases were not touched/, "its words");
        expectMatch(
          leaks.output,
          /does not hold to the configuration as it is now:[\s\S]*tenancy: app\.nothing: has no column tenant_id/,
          "the guard's words",
        );
        expect(
          (await world(OLD).sql("SELECT oid FROM pg_database WHERE datname = 'app'")) === before,
          "the live database was changed",
        );
        const confined = await restore({});
        expect(confined.code === 0, confined.output);
        const rows = (tenant: string): Promise<string> =>
          world(OLD).sql(
            `BEGIN; SET LOCAL ROLE app_rw; SET LOCAL app.tenant_id = '${tenant}'; ` +
              "SELECT count(*) FROM app.items; COMMIT",
          );
        const [nobody, one] = [
          await rows(""),
          await rows(await world(OLD).sql("SELECT tenant_id FROM app.items LIMIT 1")),
        ];
        expect(nobody === "0" && one === "1", `nobody sees ${nobody} rows, one tenant ${one}`);
        expect(
          (await world(OLD).sql("SELECT count(*) FROM pg_event_trigger WHERE evtname = 'rampart_tenancy_ddl'")) === "1",
          "a later table would not be confined",
        );
        // Back to what the checks below expect.
        expect(
          (await command("restore", [OLD, "--database", "app", "--to", "live", "--confirm", OLD])).code === 0,
          "the way back",
        );
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    },
  },
  {
    name: "a stack on another engine with the same repository and password is restored --to live",
    run: async ({ images }) => {
      await make(NEW, images, EMPTY);
      const [from, to] = [world(OLD).name("repository"), world(NEW).name("repository")];
      await mustDocker([
        "run",
        "--rm",
        "--user",
        "0:0",
        "--network",
        "none",
        "--entrypoint",
        "sh",
        "--volume",
        `${from}:/from:ro`,
        "--volume",
        `${to}:/to`,
        images.postgres,
        "-c",
        "cp -a /from/. /to/",
      ]);
      await begin(NEW);
      const result = await command("restore", [NEW, "--to", "live", "--confirm", NEW]);
      expect(result.code === 0, result.output);
      expectMatch(
        result.stdout,
        /roles that the server does not have, made without login: reporting/,
        "the missing role",
      );
      expect(
        (await world(NEW).sql("SELECT count(*) || ' ' || (SELECT count(*) FROM pg_policy) FROM app.items")) ===
          "100000 1",
        "rows and policies",
      );
      // From now on there are two origins, and nobody guesses which is meant.
      expect((await command("backup", [NEW])).code === 0, "the new stack's own backup");
      const unclear = await command("restore", [NEW, "--to", "live", "--confirm", NEW]);
      expect(unclear.code === 1 && /of more than one installation\. Say which/.test(unclear.output), unclear.output);
      expect((await command("restore-drill", [NEW])).code === 0, "the new stack's drill");
    },
  },
  {
    name: "and all is gone when the test is over",
    run: async () => {
      for (const one of worlds.values()) await one.remove();
    },
  },
];

export const backupCommands: Suite<Context> = {
  name: "backup commands",
  stack: "backup commands",
  once: true,
  checks: CHECKS,
};
