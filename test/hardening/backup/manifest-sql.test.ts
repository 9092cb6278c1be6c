/**
 * The facts of a manifest against a real PostgreSQL; that a restore brings them back is shown end to end, with pg_dump.
 */
import type { Client } from "pg";
import { compareHead, compareMiddle, compareTail } from "../../../hardening/backup/compare-sql";
import { manifestSql } from "../../../hardening/backup/manifest-sql";
import { compareInput } from "../../../hardening/backup/restore-scripts";
import { startPostgres, SUPERUSER, type PostgresServer } from "../postgres/postgres-server";

const SCHEMA = `
CREATE ROLE app_rw LOGIN; CREATE ROLE backup LOGIN BYPASSRLS PASSWORD 'backuppassword1';
CREATE ROLE reader LOGIN PASSWORD 'readerpassword1';
CREATE SCHEMA app; GRANT USAGE ON SCHEMA app TO backup, reader;
CREATE TABLE app.items (id bigserial PRIMARY KEY, x text, at timestamptz, n numeric, f float8, raw bytea);
CREATE COLLATION app.any_case (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
CREATE TABLE app."odd "" name	x" (x text COLLATE app.any_case); CREATE TABLE app.nothing ();
INSERT INTO app.nothing DEFAULT VALUES;
INSERT INTO app.items (x, at, n, f, raw) SELECT 'row ' || i, to_timestamp(i), i, (i - 1) / 3.0, '\\xff'::bytea
  FROM generate_series(1, 50) i;
ALTER TABLE app.items ENABLE ROW LEVEL SECURITY; ALTER TABLE app.items FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON app.items TO app_rw USING (x IN ('a', 'b'));
CREATE FUNCTION app.leak(app.nothing) RETURNS text
  LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''the cast was used''; END';
CREATE CAST (app.nothing AS text) WITH FUNCTION app.leak(app.nothing) AS ASSIGNMENT;
GRANT SELECT ON ALL TABLES IN SCHEMA app TO backup, reader;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA app TO backup, reader;
`;

type Fact = readonly [kind: string, key: string, value: Readonly<Record<string, unknown>>];

let server: PostgresServer;
let superuser: Client;
beforeAll(async () => {
  server = await startPostgres();
  superuser = await server.connect(SUPERUSER, { database: "postgres" });
  await superuser.query("CREATE DATABASE app");
  await superuser.end();
  superuser = await server.connect(SUPERUSER);
  await superuser.query(SCHEMA);
});
afterAll(async () => {
  await superuser.end();
  await server.stop();
});

/**
 * The manifest as psql runs it: `\o` says whether rows are written, and `\gexec` runs each row of a query as a query.
 */
async function factsOf(client: Client): Promise<Fact[]> {
  const read = async (query: string): Promise<string[]> =>
    (await client.query<string[]>({ text: query, rowMode: "array" })).rows.map(([text]) => text ?? "");
  const lines: string[] = [];
  let written = true;
  try {
    for (const [, command, statement = "", end] of manifestSql().matchAll(/^(\\.*)\n|(.[^]*?)(;| \\gexec)\n/gm)) {
      if (command?.startsWith("\\o")) written = command === "\\o";
      // The client goes on with the settings that it had.
      if (command !== undefined || statement === "COMMIT") continue;
      const rows = await read(statement);
      if (end !== ";") for (const query of rows) lines.push(...(await read(query)));
      else if (written) lines.push(...rows);
    }
    return lines.map((line) => JSON.parse(line) as Fact);
  } finally {
    await client.query("ROLLBACK");
  }
}

const find = (facts: readonly Fact[], kind: string, key: string): Fact[2] | undefined =>
  facts.find((one) => one[0] === kind && one[1] === key)?.[2];
const changed = (before: readonly Fact[], after: readonly Fact[]): string[] => {
  const text = (facts: readonly Fact[]): string[] => facts.map((one) => JSON.stringify(one));
  const [a, b] = [text(before), text(after)];
  return [
    ...new Set(
      [
        ...before.filter((_, index) => !b.includes(a[index] ?? "")),
        ...after.filter((_, index) => !a.includes(b[index] ?? "")),
      ].map(([kind, key]) => `${kind} ${key}`),
    ),
  ].sort();
};

describe("a manifest", () => {
  test("is the same whoever reads it, and names odd tables as PostgreSQL does", async () => {
    const backup = await server.connect("backup");
    const [own, all] = [await factsOf(backup), await factsOf(superuser)];
    await backup.end();
    expect(own).toEqual(all);
    expect(find(own, "rows", "app.items")).toMatchObject({ rows: 50 });
    expect(find(own, "rows", 'app."odd "" name\tx"')).toEqual({ rows: 0, hash: "0" });
    expect(find(own, "relation", "app.items")).toMatchObject({
      kind: "r",
      rowSecurity: true,
      forced: true,
      owner: "postgres",
    });
    expect(find(own, "policy", "app.items tenant")).toMatchObject({
      roles: ["app_rw"],
      command: "*",
      using: "x=ANYARRAY['a','b']",
    });
    expect(find(own, "role", "backup")).toMatchObject({ superuser: false, bypassRowSecurity: true });
    for (const when of ["before", "after"]) expect(own.some(([kind]) => kind === `sequence ${when}`)).toBe(true);
  });

  test("of a role whose rows a policy hides is an error, and no shorter manifest", async () => {
    const reader = await server.connect("reader");
    await expect(factsOf(reader)).rejects.toThrow(
      'query would be affected by row-level security policy for table "items"',
    );
    await reader.end();
  });

  test("does not depend on the order of rows, nor on a session's settings", async () => {
    const before = await factsOf(superuser);
    await superuser.query(
      "CREATE TEMPORARY TABLE kept AS SELECT * FROM app.items; TRUNCATE app.items; " +
        "INSERT INTO app.items SELECT * FROM kept ORDER BY id DESC; DROP TABLE kept",
    );
    await superuser.query(
      "SET TimeZone = 'Asia/Tokyo'; SET bytea_output = 'escape'; SET extra_float_digits = 0; SET DateStyle = 'German'",
    );
    expect(changed(before, await factsOf(superuser))).toEqual([]);
  });

  test.each([
    ["UPDATE app.items SET n = n + 1 WHERE id = 7", ["rows app.items"]],
    ["UPDATE app.items SET n = 7.00 WHERE id = 7", ["rows app.items"]],
    ["UPDATE app.items SET f = '-0' WHERE f = 0", ["rows app.items"]],
    ["UPDATE app.items SET x = x || ' ' WHERE id = 7", ["rows app.items"]],
    ["UPDATE app.items SET at = at + interval '1 microsecond' WHERE id = 7", ["rows app.items"]],
    ["UPDATE app.items SET raw = NULL WHERE id = 7", ["rows app.items"]],
    ["UPDATE app.items SET raw = x::bytea, x = NULL WHERE id = 7", ["rows app.items"]],
    [`INSERT INTO app."odd "" name	x" VALUES ('Straße')`, ['rows app."odd "" name\tx"']],
    [`UPDATE app."odd "" name	x" SET x = 'STRASSE'`, ['rows app."odd "" name\tx"']],
    ["INSERT INTO app.nothing DEFAULT VALUES", ["rows app.nothing"]],
    ["ALTER TABLE app.items NO FORCE ROW LEVEL SECURITY", ["relation app.items"]],
    ["ALTER POLICY tenant ON app.items USING (true)", ["policy app.items tenant"]],
    ["GRANT DELETE ON app.items TO backup", ["relation app.items"]],
    ["GRANT UPDATE (x) ON app.items TO reader", ["columns app.items"]],
    ["ALTER ROLE reader BYPASSRLS", ["role reader"]],
    ["GRANT app_rw TO reader", ["membership reader in app_rw by postgres"]],
    ["ALTER ROLE reader IN DATABASE app SET statement_timeout = 1000", ["setting reader in database"]],
    ["GRANT CREATE ON DATABASE app TO reader", ["database database"]],
    ["REVOKE EXECUTE ON FUNCTION pg_catalog.lo_create(oid) FROM PUBLIC", ["function lo_create(oid)"]],
    ["ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO reader", ["default privileges postgres r app"]],
    ["ALTER TABLE app.items DROP COLUMN f", ["columns app.items", "rows app.items"]],
    ["CREATE INDEX i ON app.items (x)", ["index app.i"]],
  ])("tells %s", async (statement, expected) => {
    const before = await factsOf(superuser);
    await superuser.query(statement);
    expect(changed(before, await factsOf(superuser))).toEqual(expected);
  });
});

describe("the comparison's input", () => {
  test("is one script for psql, whose data ends where it should", () => {
    const input = compareInput('["a"]', '["b"]\n');
    expect(input).toBe(`${compareHead()}["a"]\n${compareMiddle()}["b"]\n${compareTail("database")}`);
    expect(input.match(/^\\\.$/gm)).toHaveLength(2);
  });
  test("leaves the server's own facts out of a restore into a live server, and not out of a drill", () => {
    expect(compareTail("database")).toContain("kind NOT IN ('database', 'membership', 'role', 'setting')");
    expect(compareTail("all")).not.toContain("NOT IN");
  });
});
