/** The upgrade's SQL through a real psql, in a real PostgreSQL. */
import { spawnSync } from "node:child_process";
import {
  CLUSTER_INVENTORY_SQL,
  DATABASE_INVENTORY_SQL,
  FREEZE_SQL,
  inventoryDifferences,
  PREFLIGHT_SQL,
  THAW_SQL,
} from "../../../../hardening/postgres/upgrade/upgrade-sql";
import { describeWith, findProgram } from "../../../programs";
import { startPostgres, SUPERUSER, SUPERUSER_PASSWORD, type PostgresServer } from "../postgres-server";

const SCHEMA = `
CREATE ROLE owner; CREATE ROLE reader LOGIN; CREATE EXTENSION citext; CREATE SCHEMA app AUTHORIZATION owner;
CREATE TABLE app.items (id bigserial PRIMARY KEY, x citext); INSERT INTO app.items (x) VALUES ('a'), ('b');
CREATE TABLE app."odd % name" (); GRANT SELECT ON app.items TO reader;
`;

describeWith("psql")("the SQL of an upgrade", () => {
  let server: PostgresServer;
  /** The lines that psql writes, as the containers run it: writable where the database is not. */
  const psql = (sql: string, database = "app", options = "-c default_transaction_read_only=off"): string[] => {
    const { status, stdout, stderr } = spawnSync(
      findProgram("psql") ?? "psql",
      ["-X", "-q", "-A", "-t", "-F", "|", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", SUPERUSER, "-d", database],
      {
        input: sql,
        encoding: "utf8",
        env: {
          PATH: process.env["PATH"],
          PGPASSWORD: SUPERUSER_PASSWORD,
          PGPORT: String(server.port),
          PGOPTIONS: options,
        },
      },
    );
    if (status !== 0) throw new Error(stderr);
    return stdout.split("\n").filter((line) => line !== "");
  };
  const inventory = (): string[] => [...psql(CLUSTER_INVENTORY_SQL), ...psql(DATABASE_INVENTORY_SQL)];
  /** The inventory after the latest statement of the table below, which is the one before the next. */
  let latest: readonly string[] | undefined;

  beforeAll(async () => {
    server = await startPostgres();
    psql("CREATE DATABASE app;\nCREATE DATABASE archive;\n", "postgres");
    psql("ALTER DATABASE archive SET default_transaction_read_only = on;", "postgres");
    psql(SCHEMA);
  });
  afterAll(() => server.stop());

  test("an inventory holds the stack's own things, and nothing that belongs to PostgreSQL or an extension", () => {
    const lines = inventory();
    expect(lines).toContain("relation|app|items|r|postgres|f|f|p|");
    expect(lines).toContain("rows app.odd % name|0|0");
    expect(
      lines.filter((line) => /^(relation|function|type|schema)\|(pg_catalog|information_schema|pg_toast)/.test(line)),
    ).toEqual([]);
    expect(lines.filter((line) => /^(function|type)\|.*citext/.test(line))).toEqual([]);
  });

  test.each([
    ["UPDATE app.items SET x = 'c' WHERE id = 2", /^rows app\.items\|2\|/],
    ["SELECT nextval('app.items_id_seq')", /^sequence app\.items_id_seq\|/],
    ["GRANT UPDATE ON app.items TO reader", /^privileges of relation\|app\.items\|/],
    ["GRANT UPDATE (x) ON app.items TO reader", /^column\|app\|items\|x\|/],
    ["REVOKE EXECUTE ON FUNCTION pg_sleep(float8) FROM PUBLIC", /^privileges of function\|pg_sleep/],
    ["REVOKE EXECUTE ON FUNCTION citext(boolean) FROM PUBLIC", /^privileges of function\|public\.citext\(boolean\)/],
    ["REVOKE USAGE ON TYPE citext FROM PUBLIC", /^privileges of type\|public\.citext\|/],
    ["ALTER TABLE app.items ENABLE ROW LEVEL SECURITY", /^relation\|app\|items\|/],
    ["ALTER ROLE reader BYPASSRLS", /^role\|reader\|/],
    ["ALTER ROLE reader IN DATABASE app SET work_mem = '5MB'", /^database\|app\|/],
  ])("an inventory tells %s, and nothing else", (statement, changed) => {
    const before = latest ?? inventory();
    latest = undefined;
    psql(`${statement};`);
    latest = inventory();
    const differences = inventoryDifferences(before, latest).map((line) => line.replace(/^.*? server: /, ""));
    expect(differences).not.toEqual([]);
    expect(differences.filter((line) => !changed.test(line))).toEqual([]);
  });

  test("a freeze is no difference, and its end leaves a database read-only that was so before", () => {
    const settings = (): string[] =>
      psql(
        "SELECT datname, setconfig FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase ORDER BY 1, 2",
      );
    const [before, lines] = [settings(), inventory()];
    psql(FREEZE_SQL, "postgres");
    expect(() => psql("DELETE FROM app.items", "app", "")).toThrow("cannot execute DELETE in a read-only transaction");
    expect(inventoryDifferences(lines, inventory())).toEqual([]);
    // A second run, after one that was cut off.
    psql(FREEZE_SQL, "postgres");
    psql(THAW_SQL, "postgres");
    expect(settings()).toEqual(before);
    expect(() => psql("CREATE TABLE t ()", "archive", "")).toThrow("read-only transaction");
  });

  test("the facts that stand in the way of an upgrade are five figures", () => {
    expect(psql(PREFLIGHT_SQL)).toEqual([expect.stringMatching(/^\d+\|0\|0\|0\|0$/)]);
    psql('CREATE DATABASE "a name"', "postgres");
    expect(psql(PREFLIGHT_SQL)).toEqual([expect.stringMatching(/^\d+\|0\|0\|0\|1$/)]);
  });
});
