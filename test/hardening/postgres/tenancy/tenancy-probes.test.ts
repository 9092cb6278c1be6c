import { DatabaseError, type Client } from "pg";
import { TENANT_COLUMN_TYPES, type TenantColumnType } from "../../../../hardening/postgres/tenancy/tenancy";
import { fixture, LEAK, probes, rows, WEIRD, type Probe } from "./tenancy-probes";
import {
  asTenant,
  copyIn,
  createTenantDatabase,
  outcome,
  run,
  startPostgres,
  TENANTS,
  type PostgresServer,
  type TenantDatabase,
} from "./tenancy-server";

let server: PostgresServer;
const confined = new Map<TenantColumnType, TenantDatabase>();
let open: TenantDatabase;

async function fill(database: TenantDatabase, type: TenantColumnType): Promise<void> {
  await run(database.clients.migrator, fixture(type));
  for (const which of ["a", "b"] as const)
    await asTenant(database.clients.migrator, TENANTS[type][which], rows(type, which));
  await database.clients.superuser.query("ANALYZE");
}

function databaseOf(type: TenantColumnType): TenantDatabase {
  const database = confined.get(type);
  if (database === undefined) throw new Error(`no database of ${type}`);
  return database;
}

/** Whether the probe gets at the other tenant. */
async function leaks(client: Client, tenant: string, { sql, commit }: Probe): Promise<boolean> {
  await client.query("BEGIN");
  try {
    await client.query("SELECT set_config('app.tenant_id', $1, true)", [tenant]);
    let rowCount: number | null = 0;
    for (const statement of sql) ({ rowCount } = await client.query(statement));
    if (commit === true) await client.query("SET CONSTRAINTS ALL IMMEDIATE");
    await client.query("ROLLBACK");
    return (rowCount ?? 0) > 0;
  } catch (error) {
    await client.query("ROLLBACK");
    if (!(error instanceof DatabaseError)) throw error;
    // A mistake in a probe must not pass for a refusal.
    if (!["42501", "23503", LEAK].includes(error.code ?? "")) throw error;
    return error.code === LEAK;
  }
}

async function leakingProbes(
  database: TenantDatabase,
  type: TenantColumnType,
  role: "app_rw" | "app_ro",
): Promise<string[]> {
  const found: string[] = [];
  for (const [name, probe] of Object.entries(probes(type))) {
    if (role === "app_ro" && probe.write === true) continue;
    if (await leaks(database.clients[role], TENANTS[type].a, probe)) found.push(name);
  }
  return found;
}

beforeAll(async () => {
  server = await startPostgres();
  for (const type of TENANT_COLUMN_TYPES) {
    const database = await createTenantDatabase(server, `confined_${type}`, { type });
    await database.install();
    await fill(database, type);
    await database.guard();
    confined.set(type, database);
  }
  open = await createTenantDatabase(server, "open");
  await fill(open, "integer");
}, 120_000);

afterAll(async () => {
  for (const database of [...confined.values(), open]) await database?.close();
  await server?.stop();
});

describe("another tenant's rows", () => {
  test.each(["app_rw", "app_ro"] as const)(
    "the control: without row security, every probe of %s gets at them",
    async (role) => {
      const possible = Object.entries(probes("integer")).filter(([, { write }]) => role === "app_rw" || write !== true);
      expect(await leakingProbes(open, "integer", role)).toEqual(possible.map(([name]) => name));
    },
  );

  test.each(TENANT_COLUMN_TYPES)("with row security by a column of type %s, no probe does", async (type) => {
    expect(await leakingProbes(databaseOf(type), type, "app_rw")).toEqual([]);
    expect(await leakingProbes(databaseOf(type), type, "app_ro")).toEqual([]);
  });

  test("with the policies gone, the probes get at them again", async () => {
    const { superuser, app_rw } = databaseOf("text").clients;
    await superuser.query("BEGIN");
    await superuser.query("ALTER EVENT TRIGGER rampart_tenancy_ddl DISABLE");
    await superuser.query("ALTER TABLE app.parent DISABLE ROW LEVEL SECURITY");
    await superuser.query("COMMIT");
    const select = probes("text")["SELECT parent"];
    if (select === undefined) throw new Error("no probe");
    expect(await leaks(app_rw, TENANTS.text.a, select)).toBe(true);
    await superuser.query("ALTER EVENT TRIGGER rampart_tenancy_ddl ENABLE ALWAYS");
    await databaseOf("text").guard();
    expect(await leaks(app_rw, TENANTS.text.a, select)).toBe(false);
  });
});

describe("own rows", () => {
  test.each(TENANT_COLUMN_TYPES)("are all there and can be changed (%s)", async (type) => {
    const { app_rw } = databaseOf(type).clients;
    const { a } = TENANTS[type];
    const literal = `'${a.replaceAll("'", "''")}'`;
    await app_rw.query("BEGIN");
    await app_rw.query("SELECT set_config('app.tenant_id', $1, true)", [a]);
    for (const table of [
      "parent",
      "child",
      "tree",
      "pair",
      "paired",
      "late",
      "event",
      "event_1",
      "of_event",
      "derived",
      "seen",
      "seen_twice",
      "all_parents()",
      WEIRD,
    ]) {
      expect({ table, rows: (await app_rw.query(`SELECT * FROM ${table}`)).rowCount }).toEqual({ table, rows: 1 });
    }
    for (const statement of [
      `INSERT INTO parent VALUES (10, ${literal}, 'ten')`,
      `INSERT INTO child VALUES (10, ${literal}, 10), (11, ${literal}, NULL)`,
      `INSERT INTO late VALUES (10, ${literal}, 12)`,
      `INSERT INTO parent VALUES (12, ${literal}, 'after its child')`,
      `INSERT INTO tree VALUES (10, ${literal}, 11), (11, ${literal}, 10)`,
      `INSERT INTO paired VALUES (10, ${literal}, 1, 'y'), (11, ${literal}, 99, NULL)`,
      `INSERT INTO event VALUES (10, ${literal}, 10)`,
      `INSERT INTO ${WEIRD} VALUES (10, ${literal}, 10)`,
      "UPDATE child SET parent_id = 1 WHERE id = 11",
      "DELETE FROM parent WHERE id = 1 AND false",
      "SET CONSTRAINTS ALL IMMEDIATE",
    ]) {
      await app_rw.query(statement);
    }
    await app_rw.query("DELETE FROM event WHERE id = 10");
    await app_rw.query(`DELETE FROM ${WEIRD} WHERE id = 10`);
    expect((await app_rw.query("DELETE FROM parent WHERE id = 10")).rowCount).toBe(1);
    expect((await app_rw.query("SELECT * FROM child WHERE id = 10")).rowCount).toBe(0);
    await app_rw.query("ROLLBACK");
  });

  test("PostgreSQL takes no COPY FROM under row security; the superuser's obeys foreign keys' check", async () => {
    const { app_rw, superuser } = databaseOf("integer").clients;
    const copy = (client: Client, sql: string, lines: string): Promise<string> =>
      outcome(async () => {
        await client.query("BEGIN");
        try {
          await client.query("SET LOCAL app.tenant_id = '1'");
          await copyIn(client, sql, lines);
        } finally {
          await client.query("ROLLBACK");
        }
      });
    expect(await copy(app_rw, "COPY parent FROM STDIN", "20\t1\tmine\n")).toBe(
      "COPY FROM not supported with row-level security",
    );
    expect(await copy(open.clients.app_rw, "COPY parent FROM STDIN", "20\t2\ttheirs\n")).toBe("ok");
    expect(await copy(superuser, "COPY app.child FROM STDIN", "20\t1\t1\n")).toBe("ok");
    expect(await copy(superuser, "COPY app.child FROM STDIN", "20\t1\t1\n21\t1\t2\n")).toBe(
      'insert or update on table "child" violates foreign key constraint "child_parent_id_fkey"',
    );
  });
});

describe("the session variable", () => {
  const count = async (client: Client): Promise<number | null> => (await client.query("SELECT * FROM parent")).rowCount;

  test.each(TENANT_COLUMN_TYPES)("unset, empty and reset show nothing (%s)", async (type) => {
    const { app_rw } = databaseOf(type).clients;
    await app_rw.query("DISCARD ALL");
    expect(await count(app_rw)).toBe(0);
    await app_rw.query("SET app.tenant_id = ''");
    expect(await count(app_rw)).toBe(0);
    await app_rw.query("SELECT set_config('app.tenant_id', $1, false)", [TENANTS[type].a]);
    expect(await count(app_rw)).toBe(1);
    await app_rw.query("RESET app.tenant_id");
    expect(await count(app_rw)).toBe(0);
    expect(await outcome(() => app_rw.query("INSERT INTO parent VALUES (30, NULL, 'x')"))).toBe(
      'new row violates row-level security policy for table "parent"',
    );
  });

  test.each(TENANT_COLUMN_TYPES)("is an error, or nobody, where it is malformed (%s)", async (type) => {
    const { app_rw } = databaseOf(type).clients;
    const { malformed } = TENANTS[type];
    await app_rw.query("SELECT set_config('app.tenant_id', $1, false)", [malformed ?? "' OR true --"]);
    const found = await outcome(async () => expect(await count(app_rw)).toBe(0));
    expect(found).toBe(malformed === undefined ? "ok" : `invalid input syntax for type ${type}: "${malformed}"`);
    await app_rw.query("RESET app.tenant_id");
  });

  test("SET LOCAL ends with the transaction, committed or not", async () => {
    const { app_rw } = databaseOf("uuid").clients;
    for (const end of ["COMMIT", "ROLLBACK"]) {
      await app_rw.query("BEGIN");
      await app_rw.query("SELECT set_config('app.tenant_id', $1, true)", [TENANTS.uuid.a]);
      expect(await count(app_rw)).toBe(1);
      await app_rw.query(end);
      expect(await count(app_rw)).toBe(0);
    }
  });

  test("a prepared plan follows the variable", async () => {
    const { app_rw } = databaseOf("integer").clients;
    await app_rw.query("SET plan_cache_mode = force_generic_plan");
    const seen: unknown[] = [];
    for (const tenant of ["1", "2", ""]) {
      await app_rw.query("SELECT set_config('app.tenant_id', $1, false)", [tenant]);
      seen.push((await app_rw.query({ name: "by-variable", text: "SELECT id FROM parent" })).rows);
    }
    await app_rw.query("DISCARD ALL").catch(() => undefined);
    expect(seen).toEqual([[{ id: 1 }], [{ id: 2 }], []]);
  });

  test("switching row security off is an error, not a way out; TRUNCATE is refused", async () => {
    for (const role of ["app_rw", "app_ro", "migrator"] as const) {
      const client = databaseOf("integer").clients[role];
      await client.query("SET row_security = off");
      expect(await outcome(() => client.query("SELECT * FROM parent"))).toBe(
        'query would be affected by row-level security policy for table "parent"',
      );
      await client.query("RESET row_security");
    }
    expect(await outcome(() => databaseOf("integer").clients.app_rw.query("TRUNCATE parent CASCADE"))).toBe(
      "permission denied for table parent",
    );
  });

  test("the owner is confined too; backup, which bypasses row security, sees all", async () => {
    const { migrator, backup } = databaseOf("integer").clients;
    expect(await count(migrator)).toBe(0);
    await migrator.query("UPDATE parent SET secret = 'x'");
    expect((await backup.query("SELECT secret FROM parent ORDER BY id")).rows).toEqual([
      { secret: "a's secret" },
      { secret: "b's secret" },
    ]);
  });
});

describe("foreign keys", () => {
  const fields = async (client: Client, sql: string, commit = false): Promise<unknown> => {
    try {
      await asTenant(client, "1", [sql, ...(commit ? ["SELECT 1"] : [])]);
      return "ok";
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      const { code, severity, message, detail, hint, schema, table, constraint } = error;
      return { code, severity, message, detail, hint, schema, table, constraint };
    }
  };

  test.each([
    ["child", "INSERT INTO child VALUES (40, 1, $)", "child_parent_id_fkey", "parent"],
    ["late", "INSERT INTO late VALUES (40, 1, $)", "late_parent_id_fkey", "parent"],
    ["event_1", "INSERT INTO event VALUES (40, 1, $)", "event_parent_id_fkey", "parent"],
    ["tree", "INSERT INTO tree VALUES (40, 1, $)", "tree_up_fkey", "tree"],
  ])("a row of another tenant and no row cannot be told apart (%s)", async (table, sql, constraint, parent) => {
    const { app_rw } = databaseOf("integer").clients;
    const missing = await fields(app_rw, sql.replace("$", "777"));
    expect(missing).toEqual({
      code: "23503",
      severity: "ERROR",
      message: `insert or update on table "${table}" violates foreign key constraint "${constraint}"`,
      detail: `Key is not present in table "${parent}".`,
      hint: undefined,
      schema: "app",
      table,
      constraint,
    });
    expect(await fields(app_rw, sql.replace("$", "2"))).toEqual(missing);
  });

  test("without Rampart's triggers, PostgreSQL says the same of a missing row", async () => {
    const { superuser, app_rw } = databaseOf("integer").clients;
    const missing = "INSERT INTO child VALUES (40, 1, 777)";
    const ours = await fields(app_rw, missing);
    await superuser.query("ALTER EVENT TRIGGER rampart_tenancy_ddl DISABLE");
    await superuser.query("ALTER TABLE app.child DISABLE TRIGGER USER");
    expect(await fields(app_rw, missing)).toEqual(ours);
    await superuser.query("ALTER EVENT TRIGGER rampart_tenancy_ddl ENABLE ALWAYS");
    await databaseOf("integer").guard();
    expect(await fields(app_rw, "INSERT INTO child VALUES (40, 1, 2)")).toEqual(ours);
  });
});

test("an index on the column serves the policy, and the variable is read once a query", async () => {
  const { migrator, app_rw, superuser } = databaseOf("integer").clients;
  await run(migrator, [
    "CREATE TABLE big (id integer PRIMARY KEY, tenant_id integer NOT NULL)",
    "CREATE INDEX big_tenant ON big (tenant_id)",
  ]);
  await superuser.query("INSERT INTO app.big SELECT n, n % 1000 FROM generate_series(1, 20000) n");
  await superuser.query("ANALYZE app.big");
  await app_rw.query("SET app.tenant_id = '1'");
  const { rows: plan } = await app_rw.query<{ "QUERY PLAN": string }>("EXPLAIN SELECT * FROM big");
  const text = plan.map((row) => row["QUERY PLAN"]).join("\n");
  expect(text).toContain("Index Cond: (tenant_id = $0)");
  expect(text).toContain("InitPlan 1");
  expect((await app_rw.query("SELECT * FROM big")).rowCount).toBe(20);
  await app_rw.query("RESET app.tenant_id");
});
