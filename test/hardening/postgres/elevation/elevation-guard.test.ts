/** What somebody who is elevated may try so as to stay, on a real PostgreSQL. */
import type { Client } from "pg";
import { renderPasswordAnnouncedSql } from "../../../../hardening/postgres/elevation/elevation-guard";
import {
  ELEVATION_WATCH,
  elevatedLogin,
  renderElevationEndSql,
  renderElevationOwnershipSql,
  renderElevationsSql,
  type Elevation,
} from "../../../../hardening/postgres/elevation/elevations";
import { databasePrivileges } from "../../../../hardening/postgres/roles/privileges";
import { renderPrivilegesSql } from "../../../../hardening/postgres/roles/privileges-sql";
import { scramSha256Verifier } from "../../../../hardening/postgres/roles/scram";
import { passwordOf, startPostgres, SUPERUSER, type PostgresServer } from "../postgres-server";

const ROLES = ["migrator", "app_rw", "app_ro", "backup", "monitor"];
const MODEL = databasePrivileges({ database: "app", superuser: SUPERUSER });
const SALT = Buffer.alloc(16, 3).toString("base64");
const verifier = (password: string): string => scramSha256Verifier({ password, saltBase64: SALT });
const verifierOf = (login: string): string => verifier(passwordOf(login));
const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString();
const ANNA: Elevation = { who: "anna", role: "app_rw", until: inSeconds(600), reason: "ticket 4711: orders" };

let server: PostgresServer;
let superuser: Client;
const sessions: Client[] = [];

async function login(user: string, password = passwordOf(user)): Promise<Client> {
  const client = await server.connect(user, { database: "app", password });
  client.on("error", () => undefined);
  sessions.push(client);
  return client;
}

/** As `up` does it: each of the scripts is a transaction. */
async function apply(
  elevations: readonly Elevation[],
  passwords: Readonly<Record<string, string>> = Object.fromEntries(ROLES.map((role) => [role, verifierOf(role)])),
): Promise<void> {
  const verifiers = Object.fromEntries(
    [...elevations.map(elevatedLogin), ELEVATION_WATCH].map((name) => [name, verifierOf(name)]),
  );
  const scripts = [
    ...renderElevationEndSql(elevations),
    renderElevationOwnershipSql(elevations),
    renderElevationsSql({
      database: "app",
      superuser: SUPERUSER,
      elevations,
      verifiers,
      passwords,
      roles: MODEL.roles,
    }),
  ];
  for (const script of scripts) {
    await superuser.query("BEGIN");
    for (const sql of script) await superuser.query(sql);
    await superuser.query("COMMIT");
  }
}

async function look(): Promise<string[]> {
  const watch = await login(ELEVATION_WATCH);
  const { rows } = await watch.query<{ said: string }>("SELECT rampart.end_elevations() AS said");
  await watch.end();
  return rows.map(({ said }) => said.replace(/\d+/, "#"));
}

const ended = (client: Client): Promise<string> =>
  client.query("SELECT 1").then(
    () => "lives",
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );

beforeAll(async () => {
  server = await startPostgres();
  const bootstrap = await server.connect(SUPERUSER, { database: "postgres" });
  await bootstrap.query("CREATE DATABASE app");
  await bootstrap.end();
  superuser = await server.connect(SUPERUSER, { database: "app" });
  for (const sql of renderPrivilegesSql(MODEL, {
    passwords: Object.fromEntries(ROLES.map((role) => [role, passwordOf(role)])),
  }))
    await superuser.query(sql);
  for (const role of ROLES) await superuser.query(`ALTER ROLE ${role} PASSWORD '${verifierOf(role)}'`);
}, 60_000);

afterAll(async () => {
  await Promise.allSettled([...sessions, superuser].map((client) => client.end()));
  await server.stop();
});

test.each(["app_rw", "app_ro", "migrator", "monitor"])(
  "a password that an elevated session gave to %s is void, with whoever came in by it",
  async (role) => {
    await apply([{ ...ANNA, role }]);
    const anna = await login("elevated_anna");
    await anna.query(`ALTER ROLE ${role} PASSWORD 'stolen1'`);
    const thief = await login(role, "stolen1");
    expect((await look()).sort()).toEqual(
      [
        `ended session # of ${role}`,
        "ended session # of elevated_anna",
        `the changed password of ${role} is void`,
      ].sort(),
    );
    expect(await ended(thief)).not.toBe("lives");
    expect(await ended(anna)).not.toBe("lives");
    await expect(login(role, "stolen1")).rejects.toMatchObject({ code: "28P01" });
    expect(server.log()).toContain(`rampart: the password of ${role} was changed by somebody`);
    // As `up --refresh` does.
    await superuser.query(`ALTER ROLE ${role} PASSWORD '${verifierOf(role)}'`);
    expect(await look()).toEqual([]);
    await login(role);
  },
);

test("a password that an elevated session gave is void, too, when its entry goes before the watch looks", async () => {
  await apply([ANNA]);
  const anna = await login("elevated_anna");
  await anna.query("ALTER ROLE app_rw PASSWORD 'stolen1'");
  await apply([]);
  await expect(login("app_rw", "stolen1")).rejects.toMatchObject({ code: "28P01" });
  await superuser.query(`ALTER ROLE app_rw PASSWORD '${verifierOf("app_rw")}'`);
});

test("a rotation is the stack's own change: nobody is thrown out, before, in between and after", async () => {
  await apply([ANNA]);
  const next = Object.fromEntries(ROLES.map((role) => [role, verifier(`${passwordOf(role)}next`)]));
  // Side by side, as Pulumi updates roles.
  const clients = await Promise.all(ROLES.map(() => login(SUPERUSER)));
  await Promise.all(
    ROLES.map(async (role, index) => {
      for (const sql of renderPasswordAnnouncedSql(next[role] ?? "")) await clients[index]?.query(sql);
    }),
  );
  expect(await look()).toEqual([]);
  for (const role of ROLES) await superuser.query(`ALTER ROLE ${role} PASSWORD '${next[role] ?? ""}'`);
  const session = await login("app_rw", `${passwordOf("app_rw")}next`);
  expect(await look()).toEqual([]);
  await apply([ANNA], next);
  expect(await look()).toEqual([]);
  expect(await ended(session)).toBe("lives");
  // From here on the password before is as void as anybody's.
  await superuser.query(`ALTER ROLE app_rw PASSWORD '${verifierOf("app_rw")}'`);
  expect(await look()).toContain("the changed password of app_rw is void");
  for (const role of ROLES) {
    for (const sql of [
      ...renderPasswordAnnouncedSql(verifierOf(role)),
      `ALTER ROLE ${role} PASSWORD '${verifierOf(role)}'`,
    ])
      await superuser.query(sql);
  }
});

test("a rotation announces nothing to the watch where nobody is elevated", async () => {
  await apply([]);
  for (const sql of renderPasswordAnnouncedSql(verifierOf("app_rw"))) await superuser.query(sql);
  expect((await superuser.query("SELECT FROM pg_roles WHERE rolname = 'elevation_watch'")).rowCount).toBe(0);
});

test("the end of an elevation that had no session is logged, once", async () => {
  await apply([{ ...ANNA, until: inSeconds(1) }]);
  await new Promise((resolve) => setTimeout(resolve, 1200));
  expect(await look()).toEqual(["the time of elevated_anna is over"]);
  expect(await look()).toEqual([]);
  expect(server.log().match(/elevation ended: the time of elevated_anna is over/g)).toHaveLength(1);
  await expect(login("elevated_anna")).rejects.toMatchObject({ code: "28P01" });
  // A later end opens it again.
  await apply([ANNA]);
  await login("elevated_anna");
});

test("an elevated session starts with the search path and the limits of its role", async () => {
  await apply([{ ...ANNA, role: "migrator" }]);
  const [anna, migrator] = [await login("elevated_anna"), await login("migrator")];
  const settings =
    "SELECT current_setting('search_path') AS path, current_setting('statement_timeout') AS statement, " +
    "current_setting('idle_in_transaction_session_timeout') AS idle";
  expect((await anna.query(settings)).rows).toEqual((await migrator.query(settings)).rows);
  await migrator.query("CREATE TABLE app.found (id int)");
  await anna.query("SELECT * FROM found");
});

test("a lock on its own login or role does not keep a session alive, nor the watch from its work", async () => {
  await apply([
    { ...ANNA, until: inSeconds(2) },
    { who: "ben", role: "app_ro", until: inSeconds(2), reason: "ticket 4712: look" },
  ]);
  const [anna, ben] = [await login("elevated_anna"), await login("elevated_ben")];
  await anna.query("SET ROLE NONE");
  await anna.query("BEGIN");
  await anna.query("ALTER ROLE elevated_anna PASSWORD 'mine1'");
  await new Promise((resolve) => setTimeout(resolve, 2100));
  expect((await look()).filter((said) => said.startsWith("ended"))).toEqual([
    "ended session # of elevated_anna",
    "ended session # of elevated_ben",
  ]);
  expect([await ended(anna), await ended(ben)]).not.toContain("lives");
  await look();
  expect((await superuser.query("SELECT FROM pg_roles WHERE rolname LIKE 'elevated%' AND rolcanlogin")).rowCount).toBe(
    0,
  );
});

test("an elevated session's open transaction that holds locks does not delay its end", async () => {
  await apply([{ ...ANNA, role: "migrator" }]);
  const anna = await login("elevated_anna");
  await anna.query("SET ROLE NONE");
  await anna.query("CREATE TABLE app.mine (id int)");
  await anna.query("BEGIN");
  await anna.query("LOCK TABLE app.mine");
  await anna.query("ALTER ROLE elevated_anna PASSWORD 'mine1'");
  await superuser.query("SET lock_timeout = '3s'");
  await apply([]);
  expect(await ended(anna)).not.toBe("lives");
  expect((await superuser.query("SELECT tableowner FROM pg_tables WHERE tablename = 'mine'")).rows).toEqual([
    { tableowner: "migrator" },
  ]);
});

test("an elevated session can neither stay after its end nor act unseen", async () => {
  await apply([
    { ...ANNA, role: "migrator" },
    { who: "ben", role: "monitor", until: inSeconds(600), reason: "ticket 4712: look" },
  ]);
  const [anna, ben] = [await login("elevated_anna"), await login("elevated_ben")];
  await anna.query("SET ROLE NONE");
  await anna.query("ALTER ROLE elevated_anna RESET ALL");
  await anna.query("RESET ALL");
  await anna.query("DISCARD ALL");
  for (const sql of [
    "ALTER ROLE elevated_anna VALID UNTIL 'infinity'",
    "ALTER ROLE elevated_anna SET log_statement TO 'none'",
    "ALTER ROLE elevated_anna CONNECTION LIMIT -1",
    "SET log_statement TO 'none'",
    "SELECT set_config('log_statement', 'none', false)",
    "GRANT migrator TO elevated_ben",
    "CREATE ROLE elevated_more LOGIN",
    "ALTER ROLE migrator VALID UNTIL 'infinity'",
    "ALTER ROLE elevated_ben PASSWORD 'stolen1'",
    "COMMENT ON ROLE elevation_watch IS NULL",
    "DROP FUNCTION rampart.end_elevations()",
    "DO $$ BEGIN LOCK TABLE pg_authid; END $$",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres'",
    "CREATE EXTENSION pg_cron",
  ])
    await expect(anna.query(sql)).rejects.toThrow(/permission denied|must be|Only roles|not available/);
  await expect(
    ben.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'elevated_anna'`),
  ).rejects.toThrow(/permission denied/);
  const again = await login("elevated_anna");
  expect((await again.query("SHOW log_statement")).rows).toEqual([{ log_statement: "all" }]);
});
