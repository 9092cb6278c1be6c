import { TENANCY_FAULT_SQLSTATE, type Tenancy } from "../../../../hardening/postgres/tenancy/tenancy";
import {
  renderTenancyAbsentSql,
  renderTenancyGuardSql,
  renderTenancyRemovalSql,
  tenancyReportSql,
} from "../../../../hardening/postgres/tenancy/tenancy-guard-sql";
import { renderTenancySql } from "../../../../hardening/postgres/tenancy/tenancy-sql";
import { FAULTS, VIEW_FIX } from "./tenancy-faults";
import { fixture, rows, WEIRD } from "./tenancy-probes";
import {
  asTenant,
  createTenantDatabase,
  outcome,
  run,
  startPostgres,
  tenancyArgs,
  transaction,
  type PostgresServer,
  type TenantDatabase,
} from "./tenancy-server";

let server: PostgresServer;
let db: TenantDatabase;

const report = async (): Promise<Record<string, unknown>[]> =>
  (await db.clients.superuser.query<Record<string, unknown>>(tenancyReportSql(tenancyArgs()))).rows;
const unconfined = async (): Promise<unknown[]> =>
  (await report()).filter(({ asConfigured }) => asConfigured !== true).map(({ table }) => table);
const migrate = (...statements: string[]): Promise<void> => run(db.clients.migrator, statements);

beforeAll(async () => {
  server = await startPostgres();
  db = await createTenantDatabase(server, "app");
  await db.install();
  await run(db.clients.migrator, fixture("integer"));
  for (const which of ["a", "b"] as const)
    await asTenant(db.clients.migrator, which === "a" ? "1" : "2", rows("integer", which));
}, 120_000);

afterAll(async () => {
  await db?.close();
  await server?.stop();
});

describe("a table in the moment it is created or altered", () => {
  test("is confined before any guard ran", async () => {
    const all = await report();
    expect(all.length).toBe(12);
    expect(all).toEqual(
      all.map(({ table }) => ({
        table,
        covered: true,
        enabled: true,
        forced: true,
        policies: ["rampart_tenant", "rampart_tenant_only"],
        asConfigured: true,
      })),
    );
    await db.guard();
    expect(db.notices.filter((notice) => notice.startsWith("tenancy"))).toEqual([]);
  });

  const kept: Readonly<Record<string, readonly string[]>> = {
    "DISABLE ROW LEVEL SECURITY": ["ALTER TABLE parent DISABLE ROW LEVEL SECURITY"],
    "NO FORCE": ["ALTER TABLE parent NO FORCE ROW LEVEL SECURITY"],
    "DROP POLICY": ["DROP POLICY rampart_tenant_only ON parent", "DROP POLICY rampart_tenant ON parent"],
    "ALTER POLICY": [
      "ALTER POLICY rampart_tenant ON parent USING (true) WITH CHECK (true)",
      "ALTER POLICY rampart_tenant_only ON parent TO migrator",
    ],
    "RENAME POLICY": ["ALTER POLICY rampart_tenant ON parent RENAME TO x", "DROP POLICY x ON parent"],
    "in a function": ["DO $$ BEGIN EXECUTE 'ALTER TABLE app.parent DISABLE ROW LEVEL SECURITY'; END $$"],
    "DISABLE TRIGGER": ["ALTER TABLE child DISABLE TRIGGER USER"],
    "DROP TRIGGER": [
      "DO $$ DECLARE t text; BEGIN FOR t IN SELECT format('DROP TRIGGER %I ON app.child', tgname) " +
        "FROM pg_trigger WHERE tgrelid = 'app.child'::regclass AND NOT tgisinternal LOOP EXECUTE t; END LOOP; " +
        "END $$",
    ],
    "rename of what a foreign key refers to": [
      "ALTER TABLE parent RENAME TO renamed",
      "ALTER TABLE renamed RENAME COLUMN id TO key",
      "ALTER TABLE child RENAME CONSTRAINT child_parent_id_fkey TO x",
    ],
    "CREATE TABLE AS": ["CREATE TABLE made AS SELECT * FROM parent"],
    "SELECT INTO": ["SELECT * INTO made FROM parent"],
    LIKE: ["CREATE TABLE made (LIKE parent INCLUDING ALL)"],
    "ADD COLUMN": ["CREATE TABLE made (id integer)", "ALTER TABLE made ADD COLUMN tenant_id integer"],
    "ADD COLUMN to a parent": [
      "CREATE TABLE made (id integer)",
      "CREATE TABLE made_child () INHERITS (made)",
      "ALTER TABLE made ADD COLUMN tenant_id integer",
    ],
    "RENAME COLUMN to it": [
      "CREATE TABLE made (id integer, tenant integer)",
      "ALTER TABLE made RENAME COLUMN tenant TO tenant_id",
    ],
    "OF a type": [
      "CREATE TYPE shape AS (id integer)",
      "CREATE TABLE made OF shape",
      "ALTER TYPE shape ADD ATTRIBUTE tenant_id integer CASCADE",
    ],
    "ATTACH and DETACH PARTITION": [
      "CREATE TABLE event_2 (LIKE event)",
      "ALTER TABLE event ATTACH PARTITION event_2 FOR VALUES FROM (100) TO (200)",
      "ALTER TABLE event DETACH PARTITION event_1",
      "ALTER TABLE event ATTACH PARTITION event_1 FOR VALUES FROM (0) TO (100)",
      "ALTER TABLE event DETACH PARTITION event_2",
    ],
    "a foreign key of a detached partition": [
      "ALTER TABLE event DROP CONSTRAINT event_pkey CASCADE",
      "ALTER TABLE event DETACH PARTITION event_1",
    ],
    "a foreign key added later": [
      "ALTER TABLE base ADD COLUMN parent_id integer REFERENCES parent",
      "ALTER TABLE base ADD FOREIGN KEY (parent_id, tenant_id) REFERENCES pair_of_tenant",
    ],
    "a parent dropped": ["DROP TABLE parent CASCADE"],
    "a column dropped": ["ALTER TABLE child DROP COLUMN parent_id"],
  };

  test.each(Object.keys(kept))("stays confined: %s", async (name) => {
    await migrate("BEGIN", "CREATE TABLE pair_of_tenant (id integer, tenant_id integer, PRIMARY KEY (id, tenant_id))");
    try {
      for (const statement of kept[name] ?? []) await db.clients.migrator.query(statement);
      const query = (sql: string) => db.clients.migrator.query<Record<string, unknown>>(sql);
      expect(
        (await query(tenancyReportSql(tenancyArgs()))).rows.filter(({ asConfigured }) => asConfigured !== true),
      ).toEqual([]);
      expect((await query("SELECT * FROM rampart.tenancy_reference_work()")).rows).toEqual([]);
      if (name === "a foreign key added later") {
        const { rows: triggers } = await query(
          "SELECT tgargs FROM pg_trigger WHERE tgrelid = 'app.base'::regclass AND NOT tgisinternal",
        );
        expect(triggers.length).toBe(1);
      }
    } finally {
      await migrate("ROLLBACK");
    }
  });

  test("the guard names what it put right", async () => {
    db.notices.length = 0;
    await migrate(
      "ALTER TABLE parent NO FORCE ROW LEVEL SECURITY",
      "ALTER POLICY rampart_tenant ON parent USING (true)",
    );
    expect(db.notices).toEqual([
      "tenancy: app.parent: row security had been switched off, and is on again",
      "tenancy: app.parent: policy rampart_tenant was missing or not as configured, and is again",
    ]);
    expect(server.log()).toContain(
      "WARNING:  tenancy: app.parent: row security had been switched off, and is on again",
    );
  });

  test("the guard puts right what happened without the event trigger", async () => {
    await run(db.clients.superuser, [
      "ALTER EVENT TRIGGER rampart_tenancy_ddl DISABLE",
      "ALTER EVENT TRIGGER rampart_tenancy_drop DISABLE",
      "ALTER TABLE app.parent DISABLE ROW LEVEL SECURITY",
      "DROP POLICY rampart_tenant ON app.child",
      "ALTER TABLE app.child DISABLE TRIGGER USER",
      `ALTER POLICY rampart_tenant_only ON app.${WEIRD} USING (true)`,
    ]);
    expect((await unconfined()).length).toBe(3);
    await db.install();
    await db.guard();
    expect(await unconfined()).toEqual([]);
    expect((await db.clients.superuser.query("SELECT * FROM rampart.tenancy_reference_work()")).rows).toEqual([]);
  });

  test("no further permissive policy widens it", async () => {
    await migrate("CREATE POLICY wide ON parent USING (true)");
    await db.guard();
    expect((await db.clients.app_rw.query("SELECT * FROM parent")).rowCount).toBe(0);
    await migrate("DROP POLICY wide ON parent");
  });

  test("temporary tables and other schemas are not touched; only the migrator may call the functions", async () => {
    await migrate("CREATE TEMPORARY TABLE staged (tenant_id integer)");
    expect(
      (await db.clients.migrator.query("SELECT relrowsecurity FROM pg_class WHERE relname = 'staged'")).rows,
    ).toEqual([{ relrowsecurity: false }]);
    await migrate("DROP TABLE staged");
    for (const role of ["app_rw", "app_ro"] as const) {
      expect(await outcome(() => db.clients[role].query("SELECT rampart.tenancy_run('SELECT 1')"))).toBe(
        "permission denied for schema rampart",
      );
    }
    expect(await outcome(() => db.clients.migrator.query("CREATE TABLE rampart.x (id integer)"))).toBe(
      "permission denied for schema rampart",
    );
    expect(
      await outcome(() => db.clients.migrator.query("SELECT rampart.tenancy_run('ALTER SYSTEM SET work_mem = 1')")),
    ).not.toBe("ok");
    expect(await outcome(() => db.clients.migrator.query("DROP EVENT TRIGGER rampart_tenancy_ddl"))).toBe(
      "must be owner of event trigger rampart_tenancy_ddl",
    );
    expect(
      (
        await db.clients.superuser.query(
          "SELECT proname FROM pg_proc WHERE pronamespace = 'rampart'::regnamespace AND (prosecdef " +
            "OR proacl::text ~ '[{,]=')",
        )
      ).rows,
    ).toEqual([]);
  });
});

describe("the guard fails and names", () => {
  // Each of these tests begins with what was installed, and with a guard that passes, and so it ends.
  const whole = async (change?: Partial<Tenancy>): Promise<void> => {
    await db.install(change);
    await db.guard();
  };
  beforeAll(() => whole());

  test.each(Object.keys(FAULTS))("%s", async (name) => {
    const fault = FAULTS[name];
    if (fault === undefined) throw new Error("no case");
    const client = db.clients[fault.by ?? "migrator"];
    const { change, exception } = fault;
    if (change !== undefined) await whole(change);
    await run(client, fault.sql);
    try {
      const lines = (await outcome(() => db.guard(change))).split("\n");
      expect(lines.some((line) => line.startsWith(fault.says)) ? fault.says : lines).toBe(fault.says);
      if (exception !== undefined) {
        const accepted = { exceptions: [{ object: exception, reason: "looked at" }] };
        await db.install(accepted);
        expect(await outcome(() => db.guard(accepted))).toBe("ok");
      }
    } finally {
      if (change !== undefined || exception !== undefined) await db.install();
      await run(client, fault.undo);
      await whole();
    }
  });

  test("all at once, a line each, with a SQLSTATE of its own", async () => {
    await migrate("CREATE VIEW v AS SELECT * FROM parent", "CREATE TABLE x (tenant_id text)");
    await expect(db.guard()).rejects.toMatchObject({
      code: TENANCY_FAULT_SQLSTATE,
      message: [
        `tenancy: app.v: ${VIEW_FIX}`,
        "tenancy: app.x: column tenant_id is text, not integer; change it in a migration, or database.tenancy.type",
      ].join("\n"),
    });
    expect(
      (await db.clients.superuser.query("SELECT proname FROM pg_proc WHERE proname = 'tenancy_count'")).rows,
    ).toEqual([]);
    await migrate("DROP VIEW v", "DROP TABLE x");
    await db.guard();
  });

  test("a table's owner gets none of its code run as the superuser", async () => {
    await migrate(
      "CREATE TABLE seen_by (who text)",
      "CREATE FUNCTION spy(n integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN " +
        "RAISE WARNING 'spy: %', current_user; RETURN n; END $$",
      "CREATE TABLE spied (id integer PRIMARY KEY, tenant_id integer, parent_id integer REFERENCES parent)",
      "CREATE INDEX ON spied (id) WHERE id > spy(1)",
      "GRANT EXECUTE ON FUNCTION spy TO PUBLIC",
    );
    db.notices.length = 0;
    await db.guard();
    expect(db.notices.filter((notice) => notice === "spy: postgres")).toEqual([]);
    expect(db.notices).toContain("spy: backup");
    await migrate("DROP TABLE spied, seen_by", "DROP FUNCTION spy");
  });

  test("nor left behind for the end of the transaction, where it would be the superuser's", async () => {
    await migrate(
      "CREATE TABLE bait (id integer)",
      "GRANT INSERT ON bait TO backup",
      "CREATE FUNCTION late_trigger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'trigger: " +
        "%', current_user; RETURN NULL; END $$",
      "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON bait DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE " +
        "FUNCTION late_trigger()",
      "CREATE FUNCTION late_cursor() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'cursor: " +
        "%', current_user; RETURN 1; END $$",
      `CREATE FUNCTION plant() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN
        IF current_user = 'backup' THEN
          INSERT INTO app.bait VALUES (1);
          EXECUTE 'DECLARE kept CURSOR WITH HOLD FOR SELECT app.late_cursor()';
          PERFORM set_config('search_path', 'app, pg_catalog', false);
          RAISE WARNING 'planted';
        END IF;
        RETURN 1;
      END $$`,
      // The planner calls an immutable function; what that one calls may write.
      "CREATE FUNCTION spy(n integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN " +
        "RETURN (SELECT app.plant()); END $$",
      "CREATE TABLE spied (id integer PRIMARY KEY, tenant_id integer, parent_id integer REFERENCES parent)",
      "CREATE INDEX ON spied (id) WHERE id > spy(1)",
      "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA app TO backup",
    );
    db.notices.length = 0;
    expect(await outcome(() => db.guard())).toBe("ok");
    expect(db.notices).toContain("planted");
    expect(db.notices.filter((notice) => /^(trigger|cursor): /.test(notice))).toEqual([]);
    expect((await db.clients.superuser.query("SELECT FROM app.bait")).rowCount).toBe(0);
    await migrate(
      "REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA app FROM backup",
      "DROP TABLE spied, bait",
      "DROP FUNCTION spy, plant, late_cursor, late_trigger",
    );
  });

  test("a policy that reads as configured and compares with an operator of its own is put right", async () => {
    await migrate(
      "CREATE FUNCTION never(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT false'",
      "CREATE OPERATOR app.= (LEFTARG = text, RIGHTARG = text, FUNCTION = never)",
      "BEGIN",
      "SET LOCAL search_path = app, pg_catalog",
    );
    const expression =
      "tenant_id OPERATOR(pg_catalog.=) (SELECT NULLIF(pg_catalog.current_setting('app.tenant_id', true), " +
      "'')::integer AS tenant)";
    await migrate(
      `ALTER POLICY rampart_tenant ON parent USING (${expression}) WITH CHECK (${expression})`,
      "COMMIT",
      "DROP OPERATOR app.= (text, text)",
      "DROP FUNCTION never",
    );
    expect(await unconfined()).toEqual([]);
    await db.guard();
  });
});

describe("a change of the configuration", () => {
  test("applied again, it changes nothing", async () => {
    const state = async (): Promise<unknown> =>
      (
        await db.clients.superuser.query(
          "SELECT oid, polname, polqual::text FROM pg_policy UNION ALL SELECT oid, tgname, tgargs::text " +
            "FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1",
        )
      ).rows;
    const before = await state();
    await db.install();
    await db.guard();
    expect(await state()).toEqual(before);
  });

  test("of the variable replaces the policies", async () => {
    await db.install({ variable: "app.other" });
    await db.guard({ variable: "app.other" });
    await db.clients.app_rw.query("SET app.tenant_id = '1'");
    expect((await db.clients.app_rw.query("SELECT * FROM parent")).rowCount).toBe(0);
    await db.clients.app_rw.query("SET app.other = '1'");
    expect((await db.clients.app_rw.query("SELECT * FROM parent")).rowCount).toBe(1);
    await db.clients.app_rw.query("RESET ALL");
    await db.install();
    await db.guard();
    expect(await unconfined()).toEqual([]);
  });

  test("of the type: install, then a migration that drops the policies and alters the column", async () => {
    await migrate("CREATE TABLE typed (id integer, tenant_id integer)");
    await db.install({ type: "bigint" });
    await migrate("DROP POLICY rampart_tenant ON typed", "DROP POLICY rampart_tenant_only ON typed");
    expect(
      (
        await db.clients.superuser.query(
          "SELECT relrowsecurity AND relforcerowsecurity AS closed FROM pg_class WHERE relname = 'typed'",
        )
      ).rows,
    ).toEqual([{ closed: true }]);
    await migrate("ALTER TABLE typed ALTER COLUMN tenant_id TYPE bigint");
    expect((await db.clients.superuser.query(tenancyReportSql(tenancyArgs({ type: "bigint" })))).rows).toContainEqual(
      expect.objectContaining({ table: "app.typed", asConfigured: true }),
    );
    await migrate("DROP TABLE typed");
    await db.install();
    await db.guard();
  });

  test("an excepted table is released, and confined again without the exception", async () => {
    const change = { exceptions: [{ object: "app.pair", reason: "looked up before the tenant is known" }] };
    await db.install(change);
    await db.guard(change);
    expect((await report()).find(({ table }) => table === "app.pair")).toMatchObject({
      enabled: false,
      forced: false,
      policies: [],
    });
    await db.install();
    await db.guard();
    expect(await unconfined()).toEqual([]);
  });

  test("without tenancy, what is confined stays so until the removal is asked for", async () => {
    const { superuser, app_rw } = db.clients;
    await expect(transaction(superuser, renderTenancyAbsentSql("put it back"))).rejects.toMatchObject({
      code: TENANCY_FAULT_SQLSTATE,
    });
    expect((await app_rw.query("SELECT * FROM parent")).rowCount).toBe(0);
    await migrate("CREATE POLICY own ON pair USING (true)");
    await transaction(superuser, renderTenancyRemovalSql());
    await transaction(superuser, renderTenancyRemovalSql());
    await transaction(superuser, renderTenancyAbsentSql("put it back"));
    expect((await app_rw.query("SELECT * FROM parent")).rowCount).toBe(2);
    expect((await superuser.query("SELECT c.relname FROM pg_class c WHERE c.relrowsecurity")).rows).toEqual([
      { relname: "pair" },
    ]);
    expect(
      (
        await superuser.query(
          "SELECT FROM pg_namespace WHERE nspname = 'rampart' UNION ALL SELECT FROM pg_trigger " +
            "WHERE tgname LIKE 'RAMPART%' UNION ALL SELECT FROM pg_event_trigger",
        )
      ).rowCount,
    ).toBe(0);
  });

  test("tables that were there before are confined by the guard", async () => {
    await db.install();
    expect((await unconfined()).length).toBe(12);
    await db.guard();
    expect(await unconfined()).toEqual([]);
  });
});

describe("arguments", () => {
  test.each([
    [
      { variable: "tenant" },
      'tenancy.variable: "tenant" is not allowed; use a name with one dot, such as app.tenant_id',
    ],
    [
      { variable: "app.x', true); --" },
      `tenancy.variable: "app.x', true); --" is not allowed; use a name with one dot, such as app.tenant_id`,
    ],
    [
      { column: 'x" = 1' },
      `tenancy.column: "x" = 1" cannot be a name in PostgreSQL; ` +
        `use 1 to 63 lower-case letters, digits and "_", not starting with a digit or "pg_", and none of all, ` +
        "current_user, none, public, replication, samegroup, samerole, sameuser",
    ],
    [{ sharedTables: ["x"] }, 'tenancy.sharedTables: "x" is not allowed; use <schema>.<name>'],
    [
      { exceptions: [{ object: "a.b'c", reason: "none" }] },
      `tenancy.exceptions: "a.b'c" is not allowed; use <schema>.<name>`,
    ],
  ])("%j is refused", (change: Partial<Tenancy>, message) => {
    expect(() => renderTenancySql(tenancyArgs(change))).toThrow(message);
    expect(() => renderTenancyGuardSql(tenancyArgs(change))).toThrow(message);
  });

  test("no schema is refused", () => {
    expect(() => renderTenancySql({ ...tenancyArgs(), schemas: [] })).toThrow("schemas: none given; name at least one");
  });
});
