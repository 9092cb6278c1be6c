/**
 * What a tenant might try on another's rows. Each probe leaks where nothing confines,
 * and must not where row security does.
 */
import type { TenantColumnType } from "../../../../hardening/postgres/tenancy/tenancy";
import { TENANTS } from "./tenancy-server";

/** SQLSTATE that the leaky function raises when it is shown the other tenant's secret. */
export const LEAK = "LK001";

const quote = (value: string): string => `'${value.replaceAll("'", "''")}'`;

/** A migration with every kind of table; rows 1 belong to tenant a, rows 2 to tenant b. */
export function fixture(type: TenantColumnType): string[] {
  const tenant = `tenant_id ${type} NOT NULL`;
  return [
    `CREATE TABLE parent (id integer PRIMARY KEY, ${tenant}, secret text)`,
    `CREATE TABLE child (id integer PRIMARY KEY, ${tenant}, parent_id integer REFERENCES parent ON DELETE CASCADE)`,
    `CREATE TABLE tree (id integer PRIMARY KEY, ${tenant}, up integer REFERENCES tree)`,
    `CREATE TABLE pair (x integer, y text, ${tenant}, PRIMARY KEY (x, y))`,
    `CREATE TABLE paired (id integer PRIMARY KEY, ${tenant}, "the X" integer, y varchar(9), ` +
      `FOREIGN KEY ("the X", y) REFERENCES pair)`,
    `CREATE TABLE late (id integer PRIMARY KEY, ${tenant}, parent_id integer REFERENCES parent DEFERRABLE ` +
      "INITIALLY DEFERRED)",
    `CREATE TABLE event (id integer, ${tenant}, parent_id integer REFERENCES parent, ` +
      "PRIMARY KEY (id)) PARTITION BY RANGE (id)",
    "CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (100)",
    `CREATE TABLE of_event (id integer, ${tenant}, event_id integer REFERENCES event)`,
    `CREATE TABLE base (id integer, ${tenant})`,
    "CREATE TABLE derived (more text) INHERITS (base)",
    `CREATE TABLE "Weird ""Table'; DROP TABLE parent; ` +
      `--" (id integer PRIMARY KEY, ${tenant}, parent_id integer CONSTRAINT "odd ' name" REFERENCES parent)`,
    "CREATE VIEW seen WITH (security_invoker = true) AS SELECT * FROM parent",
    "CREATE VIEW seen_twice WITH (security_invoker = true) AS SELECT * FROM seen",
    "CREATE FUNCTION all_parents() RETURNS SETOF parent LANGUAGE sql STABLE AS 'SELECT * FROM app.parent'",
    "CREATE FUNCTION leak(secret text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN " +
      `IF secret = 'b''s secret' THEN RAISE SQLSTATE '${LEAK}'; END IF; RETURN true; END $$`,
    "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA app TO app_ro",
  ];
}

export const WEIRD = `"Weird ""Table'; DROP TABLE parent; --"`;

export function rows(type: TenantColumnType, which: "a" | "b"): string[] {
  const id = which === "a" ? 1 : 2;
  const tenant = quote(TENANTS[type][which]);
  return [
    `INSERT INTO parent VALUES (${id}, ${tenant}, '${which}''s secret')`,
    `INSERT INTO child VALUES (${id}, ${tenant}, ${id})`,
    `INSERT INTO tree VALUES (${id}, ${tenant}, ${id})`,
    `INSERT INTO pair VALUES (${id}, 'y', ${tenant})`,
    `INSERT INTO paired VALUES (${id}, ${tenant}, ${id}, 'y')`,
    `INSERT INTO late VALUES (${id}, ${tenant}, ${id})`,
    `INSERT INTO event VALUES (${id}, ${tenant}, ${id})`,
    `INSERT INTO of_event VALUES (${id}, ${tenant}, ${id})`,
    `INSERT INTO base VALUES (${id}, ${tenant})`,
    `INSERT INTO derived VALUES (${id}, ${tenant}, 'more')`,
    `INSERT INTO ${WEIRD} VALUES (${id}, ${tenant}, ${id})`,
  ];
}

export interface Probe {
  /**
   * Run in one transaction as tenant a, and committed if `commit`. A leak is an answer of the last one: rows, a changed
   * row, or SQLSTATE LK001.
   */
  readonly sql: readonly string[];
  readonly commit?: true;
  /** Only app_rw can even try. */
  readonly write?: true;
}

const TABLES = ["parent", "child", "event", "event_1", "base", "derived", WEIRD, "seen", "seen_twice"] as const;

export function probes(type: TenantColumnType): Readonly<Record<string, Probe>> {
  const a = quote(TENANTS[type].a);
  const b = quote(TENANTS[type].b);
  const write = (...sql: string[]): Probe => ({ sql, write: true });
  return {
    ...Object.fromEntries(
      TABLES.flatMap((table): [string, Probe][] => [
        [`SELECT ${table}`, { sql: [`SELECT * FROM ${table} WHERE tenant_id = ${b}`] }],
        [`COPY ${table} TO`, { sql: [`COPY (SELECT * FROM ${table} WHERE id = 2) TO STDOUT`] }],
        [`UPDATE ${table}`, write(`UPDATE ${table} SET id = id WHERE id = 2`)],
        [`move a row of ${table} to another tenant`, write(`UPDATE ${table} SET tenant_id = ${b} WHERE id = 1`)],
        [`INSERT INTO ${table} for another tenant`, write(`INSERT INTO ${table} (id, tenant_id) VALUES (9, ${b})`)],
      ]),
    ),
    "a function": { sql: ["SELECT * FROM all_parents() WHERE id = 2"] },
    "a prepared statement": {
      sql: ["DEALLOCATE ALL", "PREPARE p (integer) AS SELECT * FROM parent WHERE id = $1", "EXECUTE p (2)"],
    },
    "a cursor": { sql: ["DECLARE c CURSOR FOR SELECT * FROM parent WHERE id = 2", "FETCH ALL FROM c"] },
    "a leaky function in WHERE": { sql: ["SELECT * FROM parent WHERE leak(secret) AND id = 2"] },
    "a leaky function in WHERE of a view": { sql: ["SELECT * FROM seen WHERE leak(secret) AND id = 2"] },
    "a leaky expression": { sql: ["SELECT * FROM parent WHERE CASE WHEN secret LIKE 'b%' THEN leak(secret) END"] },
    "an aggregate": { sql: ["SELECT 1 FROM parent HAVING count(*) > 1"] },
    "a join": { sql: ["SELECT 1 FROM parent p JOIN child c ON c.parent_id = p.id WHERE p.id = 2"] },
    statistics: { sql: ["SELECT * FROM pg_stats WHERE schemaname = 'app' AND tablename = 'parent'"] },
    "DELETE USING": write(
      "DELETE FROM child USING parent WHERE parent.id = 2 AND child.parent_id = parent.id RETURNING *",
    ),
    "SELECT FOR UPDATE": write("SELECT * FROM parent WHERE id = 2 FOR UPDATE"),
    "INSERT ON CONFLICT DO UPDATE": write(
      `INSERT INTO parent VALUES (2, ${a}, 'x') ON CONFLICT (id) DO UPDATE SET secret = 'x' RETURNING *`,
    ),
    "INSERT ON CONFLICT that moves": write(
      `INSERT INTO parent VALUES (1, ${a}, 'x') ON CONFLICT (id) DO UPDATE SET tenant_id = ${b}`,
    ),
    MERGE: write(
      "MERGE INTO parent USING (VALUES (2)) AS v (id) ON parent.id = v.id WHEN MATCHED THEN UPDATE SET secret = 'x'",
    ),
    "MERGE that inserts": write(
      "MERGE INTO parent USING (VALUES (9)) AS v (id) ON parent.id = v.id WHEN NOT MATCHED THEN INSERT " +
        `VALUES (9, ${b}, 'x')`,
    ),
    "CTE that deletes": write("WITH gone AS (DELETE FROM child WHERE id = 2 RETURNING *) SELECT * FROM gone"),
    "refer to a parent": write(`INSERT INTO child VALUES (9, ${a}, 2)`),
    "refer to a parent by UPDATE": write("UPDATE child SET parent_id = 2 WHERE id = 1"),
    "refer to a parent by upsert": write(
      `INSERT INTO child VALUES (1, ${a}, 1) ON CONFLICT (id) DO UPDATE SET parent_id = 2`,
    ),
    "refer to a parent by MERGE": write(
      "MERGE INTO child USING (VALUES (1)) AS v (id) ON child.id = v.id WHEN MATCHED THEN UPDATE SET parent_id = 2",
    ),
    "refer to a row of the table itself": write(`INSERT INTO tree VALUES (9, ${a}, 2)`),
    "refer by two columns": write(`INSERT INTO paired VALUES (9, ${a}, 2, 'y')`),
    "refer by two columns, UPDATE": write(`UPDATE paired SET "the X" = 2 WHERE id = 1`),
    "refer at the end of the transaction": { ...write(`INSERT INTO late VALUES (9, ${a}, 2)`), commit: true },
    "refer from a partitioned table": write(`INSERT INTO event VALUES (9, ${a}, 2)`),
    "refer from a partition": write(`INSERT INTO event_1 VALUES (9, ${a}, 2)`),
    "refer to a partitioned table": write(`INSERT INTO of_event VALUES (9, ${a}, 2)`),
    "refer from a table with an odd name": write(`INSERT INTO ${WEIRD} VALUES (9, ${a}, 2)`),
  };
}
