import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseError, type Client } from "pg";
import { renderDropOwnedSql } from "../../../../hardening/postgres/roles/drop-owned-sql";
import { FIXED_SETTINGS } from "../../../../hardening/postgres/tenancy/tenancy";
import { EXTENSIONS, withRequired } from "../../../../hardening/postgres/server/extensions";
import {
  databasePrivileges,
  DATABASE_ROLES,
  loginSpec,
  SERVICE_ROLES,
  type DatabaseRole,
} from "../../../../hardening/postgres/roles/privileges";
import { renderPrivilegesSql } from "../../../../hardening/postgres/roles/privileges-sql";
import {
  PRIVILEGE_TABLE,
  renderPrivilegeTable,
  type PrivilegeRow,
} from "../../../../hardening/postgres/roles/privilege-table";
import { scramSha256Verifier } from "../../../../hardening/postgres/roles/scram";
import type { Statement } from "../../../../verify/probes/database/attempts";
import { duties, oversteps } from "../../../../verify/probes/database/oversteps";
import {
  FIRST_MIGRATION,
  inSecondDatabase,
  OUTSIDE_TRANSACTION,
  PROBES,
  SECOND_DATABASE_MIGRATION,
  SECOND_MIGRATION,
} from "../migration";
import { passwordOf, startPostgres, SUPERUSER, type PostgresServer } from "../postgres-server";

const MODEL = databasePrivileges({
  database: "app",
  schemas: ["audit"],
  extensions: ["citext", "earthdistance", "pgcrypto", "uuid-ossp"],
  databases: { analytics: { schemas: ["main"], extensions: ["citext"] } },
  superuser: SUPERUSER,
});
const SALT = Buffer.alloc(16, 7).toString("base64");
const LOGINS = SERVICE_ROLES.map((role) => ({ role, login: `${role}_0a1b2c3d` }));
const LOGIN_SPECS = MODEL.roles.flatMap((role) =>
  LOGINS.flatMap((one) => (one.role === role.name ? [loginSpec(role, one.login)] : [])),
);
/** Everyone who logs in, and the row of the table that holds for them. */
const WHO: readonly (readonly [user: string, as: DatabaseRole])[] = [
  ...DATABASE_ROLES.map((role) => [role, role] as const),
  ...LOGINS.map(({ role, login }) => [login, role] as const),
];
const PASSWORDS = Object.fromEntries(
  WHO.map(([user]) => [user, scramSha256Verifier({ password: passwordOf(user), saltBase64: SALT })]),
);

const INSUFFICIENT_PRIVILEGE = "42501";
/**
 * Undefined table, function, type, no schema to create in:
 * monitor may not use the schemas, so their names do not even resolve for it.
 */
const UNKNOWN_NAME = ["42P01", "42883", "42704", "3F000"];
/** node-postgres answers COPY FROM STDIN with CopyFail: the server had agreed to take rows. */
const COPY_FAILED = "57014";

let server: PostgresServer;
let superuser: Client;
let analyst: Client;
const clients = new Map<string, Client>();
const analysts = new Map<string, Client>();

async function run(client: Client, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await client.query(statement);
}

async function applyModel(): Promise<void> {
  await run(superuser, [
    "BEGIN",
    ...renderPrivilegesSql(MODEL, { passwords: PASSWORDS, logins: LOGIN_SPECS }),
    ...renderDropOwnedSql(SUPERUSER),
    "COMMIT",
  ]);
  await run(analyst, [
    "BEGIN",
    ...renderPrivilegesSql(MODEL, { database: "analytics" }),
    ...renderDropOwnedSql(SUPERUSER),
    "COMMIT",
  ]);
  for (const database of ["postgres", "template1"]) {
    const maintenance = await server.connect(SUPERUSER, { database });
    await run(maintenance, renderPrivilegesSql(MODEL, { database }));
    await maintenance.end();
  }
}

/** What the model consists of in the catalogs. */
async function catalogState(): Promise<unknown> {
  const queries = [
    "SELECT rolname, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolconnlimit, " +
      "rolpassword FROM pg_authid ORDER BY 1",
    "SELECT setrole::regrole, setconfig FROM pg_db_role_setting ORDER BY 1",
    "SELECT datname, datdba::regrole, datacl FROM pg_database ORDER BY 1",
    "SELECT nspname, nspowner::regrole, nspacl FROM pg_namespace WHERE nspname !~ '^pg_t' ORDER BY 1",
    "SELECT defaclrole::regrole, defaclnamespace::regnamespace, defaclobjtype, defaclacl FROM pg_default_acl " +
      "ORDER BY 1, 2, 3",
    "SELECT oid::regprocedure::text, proacl FROM pg_proc WHERE proacl IS NOT NULL ORDER BY 1",
    "SELECT relname, relacl FROM pg_class WHERE relnamespace::regnamespace::text IN ('app', 'audit', 'main') " +
      "ORDER BY 1",
    "SELECT extname, extnamespace::regnamespace FROM pg_extension ORDER BY 1",
    "SELECT roleid::regrole, member::regrole FROM pg_auth_members ORDER BY 1, 2",
  ];
  const answers: unknown[] = [];
  for (const client of [superuser, analyst])
    for (const query of queries) answers.push((await client.query(query)).rows);
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

function clientOf(user: string, connections: ReadonlyMap<string, Client> = clients): Client {
  const client = connections.get(user);
  if (client === undefined) throw new Error(`no connection of ${user}`);
  return client;
}

async function probe(user: string, as: DatabaseRole, row: PrivilegeRow): Promise<string> {
  const other = as === "migrator" ? "app_rw" : "migrator";
  const sql = PROBES[row.object]?.[row.action]?.replaceAll("$other", other).replaceAll("$self", user);
  if (sql === undefined) return "no probe";
  const client = clientOf(user, inSecondDatabase(row.object) ? analysts : clients);
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
  await maintenance.query("CREATE DATABASE analytics");
  await maintenance.end();
  superuser = await server.connect(SUPERUSER);
  analyst = await server.connect(SUPERUSER, { database: "analytics" });
  await applyModel();
  for (const [user] of WHO) {
    clients.set(user, await server.connect(user));
    analysts.set(user, await server.connect(user, { database: "analytics" }));
  }
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
  for (const client of [superuser, analyst, ...clients.values(), ...analysts.values()]) await client?.end();
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
    const probes = Object.entries(PROBES).flatMap(([object, actions]) =>
      Object.keys(actions).map((action) => `${object}: ${action}`),
    );
    expect([...probes].sort()).toEqual([...rows].sort());
    expect(new Set(rows).size).toBe(rows.length);
  });

  describe("after a later release", () => {
    beforeAll(async () => {
      await run(clientOf("migrator"), SECOND_MIGRATION);
      await run(clientOf("migrator", analysts), SECOND_DATABASE_MIGRATION);
    });

    test.each(WHO)("%s can do what the table says of %s, and nothing else of it", async (user, as) => {
      const found: Record<string, string> = {};
      const expected: Record<string, string> = {};
      for (const row of PRIVILEGE_TABLE) {
        const key = `${row.object}: ${row.action}`;
        expected[key] = row.allowed.includes(as) ? "ok" : INSUFFICIENT_PRIVILEGE;
        const state = await probe(user, as, row);
        found[key] = as === "monitor" && UNKNOWN_NAME.includes(state) ? INSUFFICIENT_PRIVILEGE : state;
      }
      expect(found).toEqual(expected);
    });

    test("monitor is refused by the schemas, not by a name that it misspelt", async () => {
      for (const table of ["app.item", "app.later", "app.vault", "audit.entry"]) {
        expect([table, await sqlState(() => clientOf("monitor").query(`SELECT FROM ${table}`))]).toEqual([
          table,
          INSUFFICIENT_PRIVILEGE,
        ]);
      }
      expect(await sqlState(() => clientOf("monitor", analysts).query("SELECT FROM main.entry"))).toBe(
        INSUFFICIENT_PRIVILEGE,
      );
      expect(await sqlState(() => clientOf("monitor").query("SELECT extensions.gen_random_bytes(1)"))).toBe(
        INSUFFICIENT_PRIVILEGE,
      );
    });
  });

  describe("what rampart verify tries", () => {
    const place = { schema: "app", table: { name: "app.item", column: "name" } };
    const tryAll = async (client: Client, steps: readonly Statement[]): Promise<Record<string, string>> => {
      const found: Record<string, string> = {};
      for (const { sql, alone = false } of steps) {
        if (!alone) await client.query("BEGIN");
        found[sql] = await sqlState(() => client.query(sql));
        if (!alone) await client.query("ROLLBACK");
      }
      return found;
    };

    test.each(WHO)("is refused to %s, who does what the role is for", async (user, as) => {
      const client = clientOf(user);
      const steps = oversteps(place, as);
      // This PostgreSQL may not have the extension that is tried.
      const beyond = await tryAll(client, steps);
      expect(
        steps.flatMap(({ sql, what, untold = [] }) =>
          beyond[sql] === INSUFFICIENT_PRIVILEGE || untold.includes(beyond[sql] ?? "") ? [] : [[what, beyond[sql]]],
        ),
      ).toEqual([]);
      expect(new Set(Object.values(await tryAll(client, duties(place, as))))).toEqual(new Set(["ok"]));
    });

    test("leaves nothing behind where nothing is refused", async () => {
      const before = await catalogState();
      const found = await tryAll(superuser, oversteps(place, "monitor"));
      expect(Object.values(found).filter((state) => state === "ok").length).toBeGreaterThan(20);
      expect(Object.values(found)).not.toContain(INSUFFICIENT_PRIVILEGE);
      expect(await catalogState()).toEqual(before);
      const { rows } = await superuser.query("SELECT name FROM pg_file_settings WHERE setting = 'rampart_verify'");
      expect(rows).toEqual([]);
    });
  });

  test.each(["postgres", "template1"])("PUBLIC has nothing on schema public of %s", async (database) => {
    const client = await server.connect(SUPERUSER, { database });
    const { rows } = await client.query(
      "SELECT nspacl::text FROM pg_namespace WHERE nspname = 'public' AND nspacl::text ~ '[{,]=U'",
    );
    await client.end();
    expect(rows).toEqual([]);
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
      SELECT 'relation' AS kind, relname AS name FROM pg_class WHERE relnamespace = 'app'::regnamespace
        AND relkind IN ('r','p','v','m','S')
        AND has_table_privilege('stranger', oid, 'SELECT')
      UNION ALL SELECT 'function', proname FROM pg_proc WHERE pronamespace = 'app'::regnamespace
        AND has_function_privilege('stranger', oid, 'EXECUTE')
      UNION ALL SELECT 'type', typname FROM pg_type WHERE typnamespace = 'app'::regnamespace AND typtype IN ('e', 'd')
        AND has_type_privilege('stranger', oid, 'USAGE')
      UNION ALL SELECT 'schema', nspname FROM pg_namespace WHERE nspname IN ('app', 'public', 'other')
        AND has_schema_privilege('stranger', oid, 'USAGE')`);
    expect(rows).toEqual([]);
  });

  const path = "app, audit, main, extensions";

  test("sessions start with the role's limits and search path", async () => {
    const settings: Record<string, unknown> = {};
    for (const [user] of WHO) {
      const { rows } = await clientOf(user).query(
        `SELECT current_user AS is, current_setting('statement_timeout') AS statement,
           current_setting('idle_in_transaction_session_timeout') AS idle, current_setting('search_path') AS path,
           (SELECT rolconnlimit FROM pg_roles WHERE rolname = session_user) AS connections`,
      );
      settings[user] = rows[0];
    }
    expect(settings).toEqual({
      migrator: { is: "migrator", statement: "1h", idle: "5min", path, connections: 5 },
      app_rw: { is: "app_rw", statement: "30s", idle: "1min", path, connections: 50 },
      app_ro: { is: "app_ro", statement: "2min", idle: "1min", path, connections: 20 },
      backup: { is: "backup", statement: "0", idle: "1h", path, connections: 4 },
      monitor: { is: "monitor", statement: "30s", idle: "1min", path, connections: 3 },
      app_rw_0a1b2c3d: { is: "app_rw", statement: "30s", idle: "1min", path, connections: 50 },
      app_ro_0a1b2c3d: { is: "app_ro", statement: "2min", idle: "1min", path, connections: 20 },
    });
  });

  test("a login stays the role's equal whatever a pooler does, and is dropped without a trace", async () => {
    await superuser.query("CREATE ROLE app_rw_ffffffff LOGIN PASSWORD 'apprwffffffffpassword1'");
    await run(
      superuser,
      renderPrivilegesSql(MODEL, {
        logins: LOGIN_SPECS.filter(({ name }) => name === "app_rw_0a1b2c3d").map((spec) => ({
          ...spec,
          name: "app_rw_ffffffff",
        })),
      }),
    );
    const client = await server.connect("app_rw_ffffffff");
    const look = async (): Promise<unknown> =>
      (await client.query("SELECT current_user AS is, (SELECT count(*)::int FROM item) AS items")).rows;
    await client.query("DISCARD ALL");
    expect(await look()).toEqual([{ is: "app_rw", items: 1 }]);
    await client.query("SET ROLE NONE");
    expect(await look()).toEqual([{ is: "app_rw_ffffffff", items: 1 }]);
    await client.end();
    await superuser.query("DROP ROLE app_rw_ffffffff");
    expect(await sqlState(() => server.connect("app_rw_ffffffff"))).toBe("28P01");
  });

  test("backup reads what pg_dump reads, in a transaction like its own, and no password of a role", async () => {
    const client = clientOf("backup");
    await run(client, [
      "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
      "SET LOCAL row_security = off",
      "LOCK TABLE app.item, app.vault, app.event_2026, audit.entry IN ACCESS SHARE MODE",
    ]);
    const { rows } = await client.query("SELECT id, label::text FROM ONLY app.vault");
    await run(client, [
      "SELECT last_value, is_called FROM app.ticket",
      "SELECT rolname FROM pg_roles",
      "SELECT * FROM pg_auth_members",
      "SELECT * FROM pg_db_role_setting",
      "ROLLBACK",
    ]);
    expect(rows).toEqual([{ id: 1, label: "hidden" }]);
  });

  test("pg_read_all_data would read the passwords: the reason why backup is no member of it", async () => {
    await run(superuser, ["BEGIN", "CREATE ROLE reader", "GRANT pg_read_all_data TO reader", "SET ROLE reader"]);
    expect(await sqlState(() => superuser.query("SELECT rolpassword FROM pg_authid"))).toBe("ok");
    await superuser.query("ROLLBACK");
  });

  test("every extension on the list can be made, in order; its functions are PUBLIC's to execute", async () => {
    await run(superuser, [
      "BEGIN",
      ...withRequired(EXTENSIONS).map((extension) => `CREATE EXTENSION IF NOT EXISTS "${extension}" SCHEMA extensions`),
    ]);
    const { rows } = await superuser.query(
      "SELECT proname FROM pg_proc WHERE pronamespace = 'extensions'::regnamespace " +
        "AND NOT has_function_privilege('app_ro', oid, 'EXECUTE')",
    );
    await superuser.query("ROLLBACK");
    expect(rows).toEqual([]);
  });

  test("extensions serve the application: a column of citext, random bytes, UUIDs", async () => {
    const { rows } = await clientOf("app_rw_0a1b2c3d").query(
      "SELECT (SELECT label = 'HIDDEN'::citext FROM (SELECT 'hidden'::citext AS label) one) AS equal, " +
        "length(gen_random_bytes(8)) AS bytes, uuid_generate_v4() IS NOT NULL AS uuid, earth() > 0 AS earth",
    );
    expect(rows).toEqual([{ equal: true, bytes: 8, uuid: true, earth: true }]);
  });

  test("the superuser may still drop what a role owns, as a login's end needs it", async () => {
    await run(superuser, ["BEGIN", "CREATE ROLE gone", "DROP OWNED BY gone", "ROLLBACK"]);
    expect(await sqlState(() => clientOf("migrator").query("DROP EVENT TRIGGER rampart_drop_owned"))).toBe(
      INSUFFICIENT_PRIVILEGE,
    );
  });

  test("a role's connections end at its limit", async () => {
    const opened: Client[] = [];
    const tooMany = await sqlState(async () => {
      // Two are open already, one in each database.
      for (let count = 0; count < 5; count += 1) opened.push(await server.connect("migrator"));
    });
    await Promise.all(opened.map((client) => client.end()));
    expect({ tooMany, opened: opened.length }).toEqual({ tooMany: "53300", opened: 3 });
  });

  test("the catalog holds the verifier that was computed here, and the log no password", async () => {
    const { rows } = await superuser.query("SELECT rolname, rolpassword FROM pg_authid WHERE rolname = 'app_rw'");
    expect(rows).toEqual([{ rolname: "app_rw", rolpassword: PASSWORDS["app_rw"] }]);
    expect(await sqlState(() => server.connect("app_rw", { password: "wrong" }))).toBe("28P01");
    expect(server.log()).toContain('ALTER ROLE "app_rw" WITH');
    for (const [user] of WHO) expect(server.log()).not.toContain(passwordOf(user));
  });
});

describe("the model as data", () => {
  test("ids are unique", () => {
    // Names that might meet: a schema and a database of one name, and what PostgreSQL calls its own.
    const crowded = databasePrivileges({
      database: "app",
      schemas: ["large", "objects", "x"],
      extensions: ["cube"],
      databases: { x: { schemas: ["app", "x"], extensions: ["cube"] }, objects: { schemas: ["x"], extensions: [] } },
      superuser: SUPERUSER,
    });
    for (const { databases, schemas, extensions, grants, defaultPrivileges } of [MODEL, crowded]) {
      for (const entries of [databases, schemas, extensions, grants, defaultPrivileges])
        expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length);
    }
  });

  test("what a stack with one schema has is called what it always was, whatever is added", () => {
    const ids = (model: typeof MODEL): string[] =>
      [...model.schemas, ...model.grants, ...model.defaultPrivileges].map(({ id }) => id);
    const least = ids(databasePrivileges({ database: "app", superuser: SUPERUSER }));
    expect(least).toEqual(
      expect.arrayContaining([
        "schema",
        "public-database-postgres",
        "public-database",
        "migrator-database",
        "public-schema-public",
        "public-schema",
        "app_rw-schema",
        "public-large-objects",
        "public-functions",
        "public-types",
        "app_rw-tables",
        "app_ro-types",
      ]),
    );
    expect(ids(MODEL)).toEqual(
      expect.arrayContaining([
        ...least,
        "schema-audit",
        "schema-extensions",
        "schema-analytics-main",
        "app_rw-schema-audit",
        "backup-tables-analytics-main",
        "public-large-objects-analytics",
        "public-types-analytics",
      ]),
    );
  });

  test("no role is more than it has to be, and PUBLIC gets nothing", () => {
    for (const role of [...MODEL.roles, ...LOGIN_SPECS]) {
      expect(role).toMatchObject({
        superuser: false,
        createDatabase: false,
        createRole: false,
        replication: false,
        bypassRowLevelSecurity: role.name === "backup",
      });
    }
    expect(MODEL.roles.filter(({ roles }) => roles.length > 0).map(({ name, roles }) => [name, roles])).toEqual([
      ["monitor", ["pg_monitor"]],
    ]);
    expect(LOGIN_SPECS.map(({ name, roles, assumeRole }) => [name, roles, assumeRole])).toEqual([
      ["app_rw_0a1b2c3d", ["app_rw"], "app_rw"],
      ["app_ro_0a1b2c3d", ["app_ro"], "app_ro"],
    ]);
    for (const entry of [...MODEL.grants, ...MODEL.defaultPrivileges]) {
      if (entry.role === "public") expect(entry.privileges).toEqual([]);
      expect([...entry.privileges]).toEqual([...entry.privileges].sort());
    }
  });

  test("limits can be set, and a limit of 0 resets the timeout", () => {
    const model = databasePrivileges({
      database: "app",
      superuser: "postgres",
      limits: { app_rw: { connectionLimit: 7, statementTimeoutMs: 0 } },
    });
    const sql = renderPrivilegesSql(model);
    expect(sql).toContain('ALTER ROLE "app_rw" RESET statement_timeout');
    expect(sql.join(";")).toContain('ALTER ROLE "app_rw" WITH CONNECTION LIMIT 7 ');
    expect(sql.join(";")).not.toContain("PASSWORD");
  });

  test.each([
    [{ database: "App", superuser: "postgres" }, 'database: "App" cannot be a name in PostgreSQL'],
    [{ database: "all", superuser: "postgres" }, 'database: "all" cannot be a name in PostgreSQL'],
    [{ database: "app", schema: "pg_x", superuser: "postgres" }, 'schema: "pg_x" cannot be a name in PostgreSQL'],
    [{ database: "template1", superuser: "postgres" }, 'database: "template1" is PostgreSQL\'s own'],
    [{ database: "app", schema: "extensions", superuser: "postgres" }, 'schema: "extensions" holds the extensions'],
    [
      { database: "app", schemas: ["rampart"], superuser: "postgres" },
      'schemas[0]: "rampart" holds what guards the database from its owner',
    ],
    [{ database: "app", schemas: ["app"], superuser: "postgres" }, 'schemas: "app" stands twice in database "app"'],
    [
      { database: "app", databases: { app: { schemas: ["x"], extensions: [] } }, superuser: "postgres" },
      'databases: "app" is the first database already',
    ],
    [
      { database: "app", databases: { x: { schemas: [], extensions: [] } }, superuser: "postgres" },
      "databases.x.schemas: none given",
    ],
    [{ database: "app", superuser: "migrator" }, 'superuser: "migrator" is the name of a least-privilege role'],
    [
      { database: "app", superuser: "postgres", limits: { app_ro: { connectionLimit: 0 } } },
      "limits.app_ro.connectionLimit: 0 is not allowed",
    ],
  ])("refuses %j", (args, message) => {
    expect(() => databasePrivileges(args)).toThrow(message);
  });

  test("a password that would need escaping is refused without being shown", () => {
    const render = (): string[] => renderPrivilegesSql(MODEL, { passwords: { app_rw: "it's" } });
    expect(render).toThrow("passwords.app_rw: a password has to be 1 to 99 letters and digits");
    expect(render).not.toThrow("it's");
  });

  test("docs/database-roles.md shows the table as it is", () => {
    const page = readFileSync(join(__dirname, "../../../../docs/database-roles.md"), "utf8");
    const [, shown] = page.split(/<!-- (?:begin|end) of the generated table -->\n/);
    expect(shown?.trim()).toBe(renderPrivilegeTable());
  });
});

test("the function that refuses DROP OWNED has the settings of every function here", () => {
  const statement = renderDropOwnedSql(SUPERUSER).find((one) => one.startsWith("CREATE OR REPLACE FUNCTION")) ?? "";
  expect(FIXED_SETTINGS.filter((setting) => !statement.replace(/\s+/g, " ").includes(` SET ${setting} `))).toEqual([]);
});
