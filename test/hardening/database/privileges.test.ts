import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseError, type Client } from "pg";
import { databasePrivileges, DATABASE_ROLES, type DatabaseRole } from "../../../hardening/database/privileges";
import { renderPrivilegesSql } from "../../../hardening/database/privileges-sql";
import { PRIVILEGE_TABLE, renderPrivilegeTable, type PrivilegeRow } from "../../../hardening/database/privilege-table";
import { scramSha256Verifier } from "../../../hardening/database/scram";
import { FIRST_MIGRATION, OUTSIDE_TRANSACTION, PROBES, SECOND_MIGRATION } from "./migration";
import { passwordOf, startPostgres, SUPERUSER, type PostgresServer } from "./postgres-server";

const MODEL = databasePrivileges({ database: "app", superuser: SUPERUSER });
const SALT = Buffer.alloc(16, 7).toString("base64");
const PASSWORDS = Object.fromEntries(
  DATABASE_ROLES.map((role) => [role, scramSha256Verifier({ password: passwordOf(role), saltBase64: SALT })]),
);

const INSUFFICIENT_PRIVILEGE = "42501";
/** node-postgres answers COPY FROM STDIN with CopyFail: the server had agreed to take rows. */
const COPY_FAILED = "57014";

let server: PostgresServer;
let superuser: Client;
const clients = new Map<string, Client>();

async function run(client: Client, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await client.query(statement);
}

async function applyModel(): Promise<void> {
  await run(superuser, ["BEGIN", ...renderPrivilegesSql(MODEL, PASSWORDS), "COMMIT"]);
}

/** What the model consists of in the catalogs. */
async function catalogState(): Promise<unknown> {
  const queries = [
    "SELECT rolname, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolconnlimit, rolpassword FROM pg_authid ORDER BY 1",
    "SELECT setrole::regrole, setconfig FROM pg_db_role_setting ORDER BY 1",
    "SELECT datname, datdba::regrole, datacl FROM pg_database ORDER BY 1",
    "SELECT nspname, nspowner::regrole, nspacl FROM pg_namespace WHERE nspname !~ '^pg_t' ORDER BY 1",
    "SELECT defaclrole::regrole, defaclnamespace::regnamespace, defaclobjtype, defaclacl FROM pg_default_acl ORDER BY 1, 2, 3",
    "SELECT oid::regprocedure::text, proacl FROM pg_proc WHERE proacl IS NOT NULL ORDER BY 1",
    "SELECT relname, relacl FROM pg_class WHERE relnamespace = 'app'::regnamespace ORDER BY 1",
    "SELECT roleid::regrole, member::regrole FROM pg_auth_members ORDER BY 1, 2",
  ];
  const answers: unknown[] = [];
  for (const query of queries) answers.push((await superuser.query(query)).rows);
  return answers;
}

async function sqlState(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
    return "ok";
  } catch (error) {
    if (error instanceof DatabaseError && error.code !== undefined) return error.code;
    throw error;
  }
}

function clientOf(role: string): Client {
  const client = clients.get(role);
  if (client === undefined) throw new Error(`no connection of ${role}`);
  return client;
}

async function probe(role: DatabaseRole, row: PrivilegeRow): Promise<string> {
  const other = role === "migrator" ? "app_rw" : "migrator";
  const sql = PROBES[row.object]?.[row.action]?.replaceAll("$other", other).replaceAll("$self", role);
  if (sql === undefined) return "no probe";
  const client = clientOf(role);
  if (OUTSIDE_TRANSACTION.has(row.action)) return sqlState(() => client.query(sql));
  await client.query("BEGIN");
  const state = await sqlState(() => client.query(sql));
  await client.query("ROLLBACK");
  if (state === COPY_FAILED && row.action === "COPY FROM STDIN") return "ok";
  return state;
}

beforeAll(async () => {
  server = await startPostgres({ flags: () => ["-c", "log_statement=ddl"] });
  const maintenance = await server.connect(SUPERUSER, { database: "postgres" });
  await maintenance.query("CREATE DATABASE app");
  await maintenance.end();
  superuser = await server.connect(SUPERUSER);
  await applyModel();
  for (const role of DATABASE_ROLES) clients.set(role, await server.connect(role));
  await run(clientOf("migrator"), FIRST_MIGRATION);
  await run(superuser, [
    "CREATE ROLE stranger LOGIN PASSWORD 'strangerpassword1'",
    "CREATE TABLE public.planted AS SELECT 1 AS one",
    "GRANT SELECT ON public.planted TO PUBLIC",
    "CREATE SCHEMA other",
    "CREATE TABLE other.secret AS SELECT 1 AS one",
    "GRANT SELECT ON other.secret TO PUBLIC",
    "CREATE FUNCTION public.event_touch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'",
  ]);
});

afterAll(async () => {
  for (const client of [superuser, ...clients.values()]) await client?.end();
  await server?.stop();
});

describe("the model on a real PostgreSQL", () => {
  test("applying it again after a migration changes nothing", async () => {
    const before = await catalogState();
    await applyModel();
    expect(await catalogState()).toEqual(before);
  });

  test("every row of the table has a probe, and every probe a row", () => {
    const rows = PRIVILEGE_TABLE.map(({ object, action }) => `${object}: ${action}`);
    const probes = Object.entries(PROBES).flatMap(([object, actions]) => Object.keys(actions).map((action) => `${object}: ${action}`));
    expect([...probes].sort()).toEqual([...rows].sort());
    expect(new Set(rows).size).toBe(rows.length);
  });

  test.each(DATABASE_ROLES)("%s can do what the table says, and nothing else of it", async (role) => {
    await run(clientOf("migrator"), SECOND_MIGRATION.map((statement) => statement.replace("TABLE", "TABLE IF NOT EXISTS")));
    const found: Record<string, string> = {};
    const expected: Record<string, string> = {};
    for (const row of PRIVILEGE_TABLE) {
      const key = `${row.object}: ${row.action}`;
      expected[key] = row.allowed.includes(role) ? "ok" : INSUFFICIENT_PRIVILEGE;
      found[key] = await probe(role, row);
    }
    expect(found).toEqual(expected);
  });

  test.each(["postgres", "template1"])("no role enters database %s", async (database) => {
    for (const role of DATABASE_ROLES) {
      expect(await sqlState(() => server.connect(role, { database }))).toBe(INSUFFICIENT_PRIVILEGE);
    }
  });

  test("a role without grants does not even enter the database", async () => {
    expect(await sqlState(() => server.connect("stranger"))).toBe(INSUFFICIENT_PRIVILEGE);
    expect(await sqlState(() => server.connect("stranger", { database: "postgres" }))).toBe(INSUFFICIENT_PRIVILEGE);
  });

  test("a role without grants has none on anything a migration made, by way of PUBLIC either", async () => {
    const { rows } = await superuser.query<{ kind: string; name: string }>(`
      SELECT 'relation' AS kind, relname AS name FROM pg_class WHERE relnamespace = 'app'::regnamespace AND relkind IN ('r','p','v','m','S')
        AND has_table_privilege('stranger', oid, 'SELECT')
      UNION ALL SELECT 'function', proname FROM pg_proc WHERE pronamespace = 'app'::regnamespace AND has_function_privilege('stranger', oid, 'EXECUTE')
      UNION ALL SELECT 'type', typname FROM pg_type WHERE typnamespace = 'app'::regnamespace AND typtype IN ('e', 'd') AND has_type_privilege('stranger', oid, 'USAGE')
      UNION ALL SELECT 'schema', nspname FROM pg_namespace WHERE nspname IN ('app', 'public', 'other') AND has_schema_privilege('stranger', oid, 'USAGE')`);
    expect(rows).toEqual([]);
  });

  test("sessions start with the role's limits and search path", async () => {
    const settings: Record<string, unknown> = {};
    for (const role of DATABASE_ROLES) {
      const { rows } = await clientOf(role).query(
        `SELECT current_setting('statement_timeout') AS statement, current_setting('idle_in_transaction_session_timeout') AS idle,
         current_setting('search_path') AS path, (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user) AS connections`,
      );
      settings[role] = rows[0];
    }
    expect(settings).toEqual({
      migrator: { statement: "1h", idle: "5min", path: "app", connections: 5 },
      app_rw: { statement: "30s", idle: "1min", path: "app", connections: 50 },
      app_ro: { statement: "2min", idle: "1min", path: "app", connections: 20 },
    });
  });

  test("a role's connections end at its limit", async () => {
    const opened: Client[] = [];
    const tooMany = await sqlState(async () => {
      for (let count = 0; count < 5; count += 1) opened.push(await server.connect("migrator"));
    });
    await Promise.all(opened.map((client) => client.end()));
    expect({ tooMany, opened: opened.length }).toEqual({ tooMany: "53300", opened: 4 });
  });

  test("the catalog holds the verifier that was computed here, and the log no password", async () => {
    const { rows } = await superuser.query("SELECT rolname, rolpassword FROM pg_authid WHERE rolname = 'app_rw'");
    expect(rows).toEqual([{ rolname: "app_rw", rolpassword: PASSWORDS["app_rw"] }]);
    expect(await sqlState(() => server.connect("app_rw", { password: "wrong" }))).toBe("28P01");
    expect(server.log()).toContain('ALTER ROLE "app_rw" WITH');
    for (const role of DATABASE_ROLES) expect(server.log()).not.toContain(passwordOf(role));
  });
});

describe("the model as data", () => {
  test("ids are unique", () => {
    for (const entries of [MODEL.schemas, MODEL.grants, MODEL.defaultPrivileges]) {
      expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length);
    }
  });

  test("no role is more than it has to be, and PUBLIC gets nothing", () => {
    for (const role of MODEL.roles) {
      expect(role).toMatchObject({ superuser: false, createDatabase: false, createRole: false, replication: false, bypassRowLevelSecurity: false, roles: [] });
    }
    for (const entry of [...MODEL.grants, ...MODEL.defaultPrivileges]) {
      if (entry.role === "public") expect(entry.privileges).toEqual([]);
      expect([...entry.privileges]).toEqual([...entry.privileges].sort());
    }
  });

  test("limits can be set, and a limit of 0 resets the timeout", () => {
    const model = databasePrivileges({ database: "app", superuser: "postgres", limits: { app_rw: { connectionLimit: 7, statementTimeoutMs: 0 } } });
    const sql = renderPrivilegesSql(model);
    expect(sql).toContain('ALTER ROLE "app_rw" RESET statement_timeout');
    expect(sql.join(";")).toContain('ALTER ROLE "app_rw" WITH CONNECTION LIMIT 7 ');
    expect(sql.join(";")).not.toContain("PASSWORD");
  });

  test.each([
    [{ database: "App", superuser: "postgres" }, 'database: "App" cannot be a name in PostgreSQL'],
    [{ database: "all", superuser: "postgres" }, 'database: "all" cannot be a name in PostgreSQL'],
    [{ database: "app", schema: "pg_x", superuser: "postgres" }, 'schema: "pg_x" cannot be a name in PostgreSQL'],
    [{ database: "app", superuser: "migrator" }, 'superuser: "migrator" is the name of a least-privilege role'],
    [{ database: "app", superuser: "postgres", limits: { app_ro: { connectionLimit: 0 } } }, "limits.app_ro.connectionLimit: 0 is not allowed"],
  ])("refuses %j", (args, message) => {
    expect(() => databasePrivileges(args)).toThrow(message);
  });

  test("a password that would need escaping is refused without being shown", () => {
    const render = (): string[] => renderPrivilegesSql(MODEL, { app_rw: "it's" });
    expect(render).toThrow("passwords.app_rw: a password has to be 1 to 99 letters and digits");
    expect(render).not.toThrow("it's");
  });

  test("docs/database-roles.md shows the table as it is", () => {
    const page = readFileSync(join(__dirname, "../../../docs/database-roles.md"), "utf8");
    const [, shown] = page.split(/<!-- (?:begin|end) of the generated table -->\n/);
    expect(shown?.trim()).toBe(renderPrivilegeTable());
  });
});
