/** Elevated logins on a real PostgreSQL: what they may do, and that they end. */
import type { Client } from "pg";
import { ELEVATION_FUNCTION, elevationFunctionSql } from "../../../../hardening/postgres/elevation/elevation-guard";
import {
  ELEVATED_PREFIX,
  ELEVATION_WATCH,
  ELEVATION_WATCH_HEALTH_CHECK,
  ELEVATION_WATCH_SQL,
  elevatedLogin,
  elevationWatchScript,
  isOver,
  renderElevationOwnershipSql,
  renderElevationsSql,
  type Elevation,
} from "../../../../hardening/postgres/elevation/elevations";
import { databasePrivileges } from "../../../../hardening/postgres/roles/privileges";
import { renderPrivilegesSql } from "../../../../hardening/postgres/roles/privileges-sql";
import { scramSha256Verifier } from "../../../../hardening/postgres/roles/scram";
import { until, type Seen } from "../../../../engine/until";
import { passwordOf, startPostgres, SUPERUSER, type PostgresServer } from "../postgres-server";

const SALT = Buffer.alloc(16, 3).toString("base64");
const verifierOf = (login: string): string => scramSha256Verifier({ password: passwordOf(login), saltBase64: SALT });
const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString();

let server: PostgresServer;
let superuser: Client;
const sessions: Client[] = [];

async function login(user: string): Promise<Client> {
  const client = await server.connect(user, { database: "app" });
  client.on("error", () => undefined);
  sessions.push(client);
  return client;
}

async function apply(elevations: readonly Elevation[]): Promise<void> {
  const verifiers = Object.fromEntries(
    [...elevations.map(elevatedLogin), ELEVATION_WATCH].map((name) => [name, verifierOf(name)]),
  );
  await superuser.query("BEGIN");
  for (const sql of [
    ...renderElevationOwnershipSql(elevations),
    ...renderElevationsSql({ database: "app", superuser: SUPERUSER, elevations, verifiers }),
  ])
    await superuser.query(sql);
  await superuser.query("COMMIT");
}

/** The watch's pause between two looks, which a test need not wait for. */
const PAUSE = "PERFORM pg_sleep(5)";
const SOON = { seconds: 15, everyMs: 50 };

const ended = (client: Client): Promise<string> =>
  client.query("SELECT 1").then(
    () => "lives",
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
const rolesLike = async (pattern: string): Promise<string[]> =>
  (
    await superuser.query<{ rolname: string }>("SELECT rolname FROM pg_roles WHERE rolname LIKE $1 ORDER BY 1", [
      pattern,
    ])
  ).rows.map(({ rolname }) => rolname);

beforeAll(async () => {
  server = await startPostgres();
  const bootstrap = await server.connect(SUPERUSER, { database: "postgres" });
  await bootstrap.query("CREATE DATABASE app");
  await bootstrap.end();
  superuser = await server.connect(SUPERUSER, { database: "app" });
  const passwords = Object.fromEntries(
    ["migrator", "app_rw", "app_ro", "backup", "monitor"].map((role) => [role, passwordOf(role)]),
  );
  for (const sql of renderPrivilegesSql(databasePrivileges({ database: "app", superuser: SUPERUSER }), { passwords }))
    await superuser.query(sql);
  const migrator = await login("migrator");
  await migrator.query("CREATE TABLE app.items (id int)");
}, 60_000);

afterAll(async () => {
  await Promise.allSettled([...sessions, superuser].map((client) => client.end()));
  await server.stop();
});

const ANNA: Elevation = {
  who: "anna",
  role: "app_ro",
  until: inSeconds(600),
  reason: "ticket 4711:\nlook at orders; it's urgent",
};

test("an elevated login acts as its role, and has no right of its own", async () => {
  await apply([ANNA]);
  const anna = await login("elevated_anna");
  expect((await anna.query("SELECT current_user, session_user")).rows).toEqual([
    { current_user: "app_ro", session_user: "elevated_anna" },
  ]);
  await anna.query("SELECT * FROM app.items");
  for (const sql of [
    "INSERT INTO app.items VALUES (1)",
    "CREATE TABLE app.x (a int)",
    "SELECT rolpassword FROM pg_authid",
    "CREATE ROLE x",
    "SELECT rampart.end_elevations()",
    "ALTER ROLE elevated_anna VALID UNTIL 'infinity'",
    "SET log_statement = 'none'",
  ]) {
    await expect(anna.query(sql)).rejects.toThrow(/permission denied|must be/);
  }
  const { rows } = await superuser.query(
    "SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication " +
      "OR rolbypassrls AS administers, rolconnlimit, shobj_description(oid, " +
      "'pg_authid') AS comment FROM pg_roles WHERE rolname = 'elevated_anna'",
  );
  expect(rows).toEqual([
    {
      administers: false,
      rolconnlimit: 3,
      comment: `elevated_anna may act as app_ro until ${ANNA.until}: ticket 4711: look at orders; it's urgent`,
    },
  ]);
  expect(
    (
      await superuser.query<{ log_statement: string }>(
        "SELECT split_part(setting, '=', 2) AS log_statement " +
          "FROM pg_db_role_setting s, unnest(setconfig) setting WHERE setrole = 'elevated_anna'::regrole AND " +
          "setting LIKE 'log_statement%'",
      )
    ).rows,
  ).toEqual([{ log_statement: "all" }]);
});

test("the statements of elevations change nothing when they are applied again, and no session ends", async () => {
  const anna = await login("elevated_anna");
  await apply([ANNA]);
  expect(await ended(anna)).toBe("lives");
});

test("another role for an elevation ends the sessions that had the former role's rights", async () => {
  const anna = await login("elevated_anna");
  await apply([{ ...ANNA, role: "migrator" }]);
  expect(await ended(anna)).toMatch(/terminat|closed|not queryable/i);
  const again = await login("elevated_anna");
  await again.query("CREATE TABLE app.repaired (a int)");
  await again.query("SET ROLE NONE");
  await again.query("CREATE TABLE app.own (a int)");
  expect(
    (
      await superuser.query(
        "SELECT tablename, tableowner FROM pg_tables WHERE tablename IN ('repaired', 'own') ORDER BY 1",
      )
    ).rows,
  ).toEqual([
    { tablename: "own", tableowner: "elevated_anna" },
    { tablename: "repaired", tableowner: "migrator" },
  ]);
});

test("the watch ends sessions whose time is over, and those of dropped logins, and nobody else's", async () => {
  const declare = (until: string): Promise<void> =>
    apply([
      { ...ANNA, role: "migrator" },
      { who: "ben", role: "app_rw", until, reason: "a short repair" },
    ]);
  await declare(inSeconds(600));
  const [ben, anna, app] = [await login("elevated_ben"), await login("elevated_anna"), await login("app_rw")];
  await superuser.query("CREATE ROLE app_rw_old LOGIN IN ROLE app_rw PASSWORD '" + verifierOf("app_rw_old") + "'");
  const dropped = await login("app_rw_old");
  await superuser.query("DROP ROLE app_rw_old");
  const watch = await login(ELEVATION_WATCH);
  const said: string[] = [];
  watch.on("notice", ({ message }) => said.push(message ?? ""));
  expect(ELEVATION_WATCH_SQL).toContain(PAUSE);
  const looping = watch.query(ELEVATION_WATCH_SQL.replace(PAUSE, "PERFORM pg_sleep(0.1)")).catch(() => undefined);
  const isEnded = async (client: Client): Promise<Seen<string>> => {
    const state = await ended(client);
    return state === "lives" ? { state } : { fact: state };
  };
  await until("the session of a dropped login did not end", SOON, () => isEnded(dropped));
  expect(await ended(ben)).toBe("lives");
  await declare(inSeconds(1));
  expect(await until("ben's session did not end", SOON, () => isEnded(ben))).toMatch(/terminat|closed|not queryable/i);
  expect(await ended(anna)).toBe("lives");
  expect(await ended(app)).toBe("lives");
  await expect(login("elevated_ben")).rejects.toMatchObject({ code: "28P01" });
  expect(said).toContainEqual(expect.stringMatching(/^ended session \d+ of elevated_ben$/));
  expect(said).toContain("looked");
  await superuser.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", [ELEVATION_WATCH]);
  await looping;
}, 20_000);

test("the watch's login may do nothing but end sessions", async () => {
  const watch = await login(ELEVATION_WATCH);
  for (const sql of [
    "SELECT * FROM app.items",
    "CREATE TEMPORARY TABLE x (a int)",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres'",
  ])
    await expect(watch.query(sql)).rejects.toThrow(/permission denied/);
});

test("an elevation that is not declared any more is gone with its sessions; what it made stays", async () => {
  const anna = await login("elevated_anna");
  await apply([]);
  expect(await ended(anna)).not.toBe("lives");
  expect(await rolesLike("elevat%")).toEqual([]);
  expect((await superuser.query("SELECT tableowner FROM pg_tables WHERE tablename = 'own'")).rows).toEqual([
    { tableowner: "migrator" },
  ]);
  expect((await superuser.query("SELECT to_regprocedure('rampart.end_elevations()') AS f")).rows).toEqual([
    { f: null },
  ]);
});

test("an elevation is refused without a verifier and under an impossible name, and is over at its end", () => {
  const args = { database: "app", superuser: SUPERUSER, elevations: [ANNA], verifiers: {} };
  expect(() => renderElevationsSql(args)).toThrow("verifiers.elevated_anna: has to be a SCRAM-SHA-256 verifier");
  expect(() => renderElevationsSql({ ...args, elevations: [{ ...ANNA, who: 'x"; DROP' }] })).toThrow(
    /^who: "elevated_x"; DROP" cannot be a name/,
  );
  expect(isOver({ until: "2026-11-24T18:00:00+01:00" }, new Date("2026-11-24T17:00:00Z"))).toBe(true);
  expect(isOver({ until: "2026-11-24T18:00:00+01:00" }, new Date("2026-11-24T16:59:59Z"))).toBe(false);
});

test("the watch notes each look where its health check reads it", () => {
  const script = elevationWatchScript();
  expect(script).toContain(`<<'SQL' |\n${ELEVATION_WATCH_SQL};\nSQL\n`);
  const [, looked = ""] = />(\S+) ;;/.exec(script) ?? [];
  expect(looked).not.toBe("");
  expect(ELEVATION_WATCH_HEALTH_CHECK.join(" ")).toContain(`stat -c %Y ${looked})`);
});

test("the watch's SQL names the login, its function and the elevated as the rest does", () => {
  expect(ELEVATION_WATCH_SQL).toContain(`SELECT ${ELEVATION_FUNCTION}()`);
  const sql = elevationFunctionSql(["app_rw"]);
  expect(sql).toContain(`FUNCTION ${ELEVATION_FUNCTION}() RETURNS`);
  expect(sql).toContain(`rolname = '${ELEVATION_WATCH}'`);
  expect(sql.split(`starts_with(r.rolname, '${ELEVATED_PREFIX}')`)).toHaveLength(2);
  expect(sql.split(`starts_with(rolname, '${ELEVATED_PREFIX}')`)).toHaveLength(2);
  expect(sql).toContain("ANY (ARRAY['app_rw']::text[])");
});
