/** Two migrations that together make every kind of object, and the probe for every row of the privilege table. */

export const FIRST_MIGRATION: readonly string[] = [
  "CREATE TYPE mood AS ENUM ('calm', 'cross')",
  "CREATE SEQUENCE ticket",
  "CREATE TABLE item (id integer PRIMARY KEY, name text, feeling mood DEFAULT 'calm')",
  "CREATE TABLE ledger (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text)",
  "CREATE TABLE event (id integer, day date NOT NULL) PARTITION BY RANGE (day)",
  "CREATE TABLE event_2026 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
  "CREATE VIEW item_view AS SELECT id, name FROM item",
  "CREATE MATERIALIZED VIEW item_count AS SELECT 1 AS one, count(*) AS total FROM item",
  "CREATE UNIQUE INDEX ON item_count (one)",
  "CREATE FUNCTION double(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n * 2'",
  "CREATE FUNCTION add_note() RETURNS void LANGUAGE sql SECURITY DEFINER " +
    "SET search_path = app AS 'INSERT INTO ledger (note) VALUES (''x'')'",
  "CREATE PROCEDURE tidy() LANGUAGE sql AS 'SELECT 1'",
  "CREATE DOMAIN grade AS integer CHECK (VALUE > 0)",
  "CREATE TYPE pair AS (a integer, b integer)",
  "CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0')",
  "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
  "CREATE TABLE vault (id integer, label citext)",
  "INSERT INTO vault VALUES (1, 'hidden')",
  "CREATE POLICY nothing ON vault USING (false)",
  "ALTER TABLE vault ENABLE ROW LEVEL SECURITY",
  "ALTER TABLE vault FORCE ROW LEVEL SECURITY",
  "INSERT INTO item VALUES (1, 'one')",
  "INSERT INTO event VALUES (1, '2026-05-05')",
];

/** One of every kind that default privileges are for, in a schema. */
const inSchema = (schema: string): string[] => [
  `CREATE TYPE ${schema}.mood AS ENUM ('calm', 'cross')`,
  `CREATE SEQUENCE ${schema}.ticket`,
  `CREATE TABLE ${schema}.entry (id integer PRIMARY KEY, note text)`,
  `CREATE FUNCTION ${schema}.half(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n / 2'`,
];

/** A later release: what it creates has to be covered without anyone granting anything, in whatever schema. */
export const SECOND_MIGRATION: readonly string[] = [
  "CREATE TABLE later (id integer PRIMARY KEY)",
  "CREATE TABLE event_2027 PARTITION OF event FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')",
  "CREATE VIEW later_view AS SELECT id FROM later",
  "CREATE SEQUENCE later_ticket",
  "CREATE TYPE later_mood AS ENUM ('calm')",
  "CREATE FUNCTION later_double(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n * 2'",
  "CREATE PROCEDURE later_tidy() LANGUAGE sql AS 'SELECT 1'",
  "CREATE MATERIALIZED VIEW later_count AS SELECT count(*) AS total FROM later",
  "CREATE DOMAIN later_grade AS integer CHECK (VALUE > 0)",
  "CREATE TYPE later_pair AS (a integer, b integer)",
  "CREATE AGGREGATE later_total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0')",
  ...inSchema("audit"),
];

/** The same in the second database, whose first schema is another. */
export const SECOND_DATABASE_MIGRATION: readonly string[] = inSchema("main");

const rowProbes = (table: string, insert: string): Record<string, string> => ({
  SELECT: `SELECT * FROM ${table}`,
  INSERT: insert,
  UPDATE: `UPDATE ${table} SET id = id`,
  DELETE: `DELETE FROM ${table} WHERE id = 1`,
});

const ownerProbes = (table: string, cascade = ""): Record<string, string> => ({
  TRUNCATE: `TRUNCATE ${table}`,
  ALTER: `ALTER TABLE ${table} ALTER COLUMN id SET NOT NULL`,
  DROP: `DROP TABLE ${table} ${cascade}`,
});

/** For what PostgreSQL answers with less rather than with an error. */
const refusedUnless = (condition: string): string =>
  `DO $$ BEGIN IF NOT ${condition} THEN RAISE insufficient_privilege; END IF; END $$`;

const schemaProbes = (kind: string, schema: string): Record<string, Record<string, string>> => ({
  [`table of a second ${kind}`]: {
    ...rowProbes(`${schema}.entry`, `INSERT INTO ${schema}.entry VALUES (2)`),
    ...ownerProbes(`${schema}.entry`),
  },
  [`sequence of a second ${kind}`]: {
    "read last_value": `SELECT last_value FROM ${schema}.ticket`,
    nextval: `SELECT nextval('${schema}.ticket')`,
  },
  [`function of a second ${kind}`]: { EXECUTE: `SELECT ${schema}.half(2)` },
  [`enum type of a second ${kind}`]: { "cast to it": `SELECT 'calm'::${schema}.mood` },
});

/** Whether an object is in the second database. */
export const inSecondDatabase = (object: string): boolean => object.endsWith("second database");

/**
 * SQL by object and action, run in a transaction that is rolled back. `$other` is a least-privilege role that is not
 * the one who runs it.
 */
export const PROBES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  table: {
    ...rowProbes("item", "INSERT INTO item VALUES (2, 'two')"),
    "SELECT FOR UPDATE": "SELECT * FROM item FOR UPDATE",
    "INSERT ON CONFLICT": "INSERT INTO item VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET name = excluded.name",
    "COPY FROM STDIN": "COPY item (id, name) FROM STDIN",
    "COPY TO STDOUT": "COPY item TO STDOUT",
    LOCK: "LOCK TABLE item IN ROW EXCLUSIVE MODE",
    "LOCK IN ACCESS SHARE MODE": "LOCK TABLE item IN ACCESS SHARE MODE",
    ...ownerProbes("item", "CASCADE"),
    "CREATE INDEX": "CREATE INDEX ON item (name)",
    "CREATE TRIGGER": "CREATE TRIGGER t BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION touch()",
    GRANT:
      "DO $$ BEGIN GRANT SELECT ON app.item TO PUBLIC; IF NOT has_table_privilege('stranger', 'app.item', " +
      "'SELECT') THEN RAISE insufficient_privilege; END IF; END $$",
    "DISABLE ROW SECURITY": "ALTER TABLE item DISABLE ROW LEVEL SECURITY",
  },
  "table with forced row security": {
    "read rows that no policy shows": refusedUnless("EXISTS (SELECT FROM app.vault)"),
    "DROP POLICY": "DROP POLICY nothing ON vault",
    "NO FORCE ROW SECURITY": "ALTER TABLE vault NO FORCE ROW LEVEL SECURITY",
  },
  "table of a second migration": rowProbes("later", "INSERT INTO later VALUES (2)"),
  "partition of a second migration": {
    SELECT: "SELECT * FROM event_2027",
    INSERT: "INSERT INTO event_2027 VALUES (2, '2027-06-06')",
  },
  "view of a second migration": { SELECT: "SELECT * FROM later_view" },
  "sequence of a second migration": {
    "read last_value": "SELECT last_value FROM later_ticket",
    nextval: "SELECT nextval('later_ticket')",
  },
  "function of a second migration": { EXECUTE: "SELECT later_double(2)" },
  "enum type of a second migration": { "cast to it": "SELECT 'calm'::later_mood" },
  "procedure of a second migration": { CALL: "CALL later_tidy()" },
  "materialized view of a second migration": { SELECT: "SELECT * FROM later_count" },
  "domain of a second migration": { "cast to it": "SELECT 1::later_grade" },
  "composite type of a second migration": { "cast to it": "SELECT ROW(1, 2)::later_pair" },
  "aggregate of a second migration": { EXECUTE: "SELECT later_total(n) FROM generate_series(1, 3) n" },
  ...schemaProbes("schema", "audit"),
  "second schema": { "CREATE TABLE": "CREATE TABLE audit.x (id integer)", DROP: "DROP SCHEMA audit CASCADE" },
  ...schemaProbes("database", "main"),
  "second database": {
    "CREATE TABLE": "CREATE TABLE main.x (id integer)",
    "CREATE TEMPORARY TABLE": "CREATE TEMPORARY TABLE x (id integer)",
    "CREATE TABLE in schema public": "CREATE TABLE public.x (id integer)",
    "CREATE SCHEMA": "CREATE SCHEMA x",
    "CREATE EXTENSION": "CREATE EXTENSION hstore SCHEMA main",
    "create a large object": "SELECT pg_catalog.lo_create(0)",
  },
  extension: {
    "use its type": "SELECT 'A'::citext = 'a'",
    "EXECUTE its function": "SELECT gen_random_bytes(8)",
    UPDATE: "ALTER EXTENSION pgcrypto UPDATE",
    DROP: "DROP EXTENSION pgcrypto CASCADE",
  },
  "schema extensions": {
    "CREATE TABLE": "CREATE TABLE extensions.x (id integer)",
    "CREATE FUNCTION": "CREATE FUNCTION extensions.x() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    DROP: "DROP SCHEMA extensions CASCADE",
  },
  "partitioned table": { ...rowProbes("event", "INSERT INTO event VALUES (2, '2026-06-06')"), ...ownerProbes("event") },
  partition: {
    ...rowProbes("event_2026", "INSERT INTO event_2026 VALUES (2, '2026-06-06')"),
    ...ownerProbes("event_2026"),
  },
  view: {
    ...rowProbes("item_view", "INSERT INTO item_view VALUES (3, 'three')"),
    REPLACE: "CREATE OR REPLACE VIEW item_view AS SELECT id, name FROM item WHERE id > 0",
    DROP: "DROP VIEW item_view",
  },
  "materialized view": {
    SELECT: "SELECT * FROM item_count",
    REFRESH: "REFRESH MATERIALIZED VIEW item_count",
    "REFRESH CONCURRENTLY": "REFRESH MATERIALIZED VIEW CONCURRENTLY item_count",
    DROP: "DROP MATERIALIZED VIEW item_count",
  },
  sequence: {
    "read last_value": "SELECT last_value FROM ticket",
    nextval: "SELECT nextval('ticket')",
    setval: "SELECT setval('ticket', 7)",
    DROP: "DROP SEQUENCE ticket",
  },
  "identity column": { "INSERT DEFAULT": "INSERT INTO ledger (note) VALUES ('n')" },
  function: {
    EXECUTE: "SELECT double(2)",
    REPLACE: "CREATE OR REPLACE FUNCTION double(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n * 3'",
    DROP: "DROP FUNCTION double(integer)",
  },
  "SECURITY DEFINER function": { EXECUTE: "SELECT add_note()" },
  procedure: { CALL: "CALL tidy()" },
  aggregate: { EXECUTE: "SELECT total(n) FROM generate_series(1, 3) n", DROP: "DROP AGGREGATE total(integer)" },
  domain: { "cast to it": "SELECT 1::grade", ALTER: "ALTER DOMAIN grade SET DEFAULT 1", DROP: "DROP DOMAIN grade" },
  "composite type": {
    "cast to it": "SELECT ROW(1, 2)::pair",
    ALTER: "ALTER TYPE pair ADD ATTRIBUTE c integer",
    DROP: "DROP TYPE pair",
  },
  "enum type": {
    "cast to it": "SELECT 'calm'::mood",
    "ADD VALUE": "ALTER TYPE mood ADD VALUE 'wild'",
    DROP: "DROP TYPE mood CASCADE",
  },
  "schema app": {
    "CREATE TABLE": "CREATE TABLE app.x (id integer)",
    "CREATE VIEW": "CREATE VIEW app.x AS SELECT 1 AS one",
    "CREATE FUNCTION": "CREATE FUNCTION app.x() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "CREATE TYPE": "CREATE TYPE app.x AS ENUM ('a')",
    "CREATE SEQUENCE": "CREATE SEQUENCE app.x",
    DROP: "DROP SCHEMA app CASCADE",
  },
  "schema public": {
    "CREATE TABLE": "CREATE TABLE public.x (id integer)",
    "read a table in it": "SELECT * FROM public.planted",
  },
  "another schema": { "CREATE SCHEMA": "CREATE SCHEMA x", "read a table in it": "SELECT * FROM other.secret" },
  database: {
    "CREATE TEMPORARY TABLE": "CREATE TEMPORARY TABLE x (id integer)",
    "CREATE EXTENSION": "CREATE EXTENSION hstore SCHEMA app",
    "CREATE PUBLICATION": "CREATE PUBLICATION x",
    "CREATE EVENT TRIGGER": "CREATE EVENT TRIGGER x ON ddl_command_start EXECUTE FUNCTION public.event_touch()",
    "ALTER DATABASE": "ALTER DATABASE app SET work_mem = '1GB'",
    "create a large object": "SELECT pg_catalog.lo_create(0)",
  },
  server: {
    "CREATE ROLE": "CREATE ROLE x",
    "CREATE DATABASE": "CREATE DATABASE x",
    "SET ROLE to the superuser": "SET ROLE postgres",
    "SET ROLE to another role": "SET ROLE $other",
    "GRANT a role to itself": "GRANT $other TO $self",
    "GRANT pg_read_all_data to itself": "GRANT pg_read_all_data TO $self",
    "ALTER another role's password": "ALTER ROLE $other PASSWORD 'x'",
    "give itself SUPERUSER": "ALTER ROLE $self SUPERUSER",
    "give itself BYPASSRLS": "ALTER ROLE $self BYPASSRLS",
    "DROP OWNED BY itself": "DROP OWNED BY CURRENT_USER",
    "ALTER SYSTEM": "ALTER SYSTEM SET work_mem = '1GB'",
    CHECKPOINT: "CHECKPOINT",
    "end another role's session": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres'",
    "see other roles' statements": refusedUnless(
      "EXISTS (SELECT FROM pg_stat_activity WHERE usename = 'postgres' " +
        "AND query NOT IN ('', '<insufficient privilege>'))",
    ),
    "read settings that show paths": "SHOW data_directory",
  },
  catalog: {
    "read pg_authid": "SELECT * FROM pg_authid",
    "read pg_shadow": "SELECT * FROM pg_shadow",
    "read pg_statistic": "SELECT * FROM pg_statistic",
    "read pg_hba_file_rules": "SELECT * FROM pg_hba_file_rules",
    "UPDATE pg_class": "UPDATE pg_catalog.pg_class SET relname = relname",
  },
  host: {
    "COPY TO PROGRAM": "COPY (SELECT 1) TO PROGRAM 'true'",
    "COPY FROM PROGRAM": "COPY item FROM PROGRAM 'true'",
    "COPY TO a file": "COPY (SELECT 1) TO '/tmp/rampart-probe'",
    pg_read_file: "SELECT pg_read_file('PG_VERSION')",
    pg_ls_dir: "SELECT pg_ls_dir('.')",
    pg_ls_waldir: "SELECT pg_ls_waldir()",
    lo_import: "SELECT lo_import('/etc/passwd')",
    lo_export: "SELECT lo_export(1, '/tmp/rampart-probe')",
    "CREATE FUNCTION in C": "CREATE FUNCTION app.c() RETURNS integer LANGUAGE c AS 'libc', 'getpid'",
  },
};

/** Statements that PostgreSQL does not take inside a transaction; each of them is refused to everybody. */
export const OUTSIDE_TRANSACTION: ReadonlySet<string> = new Set(["CREATE DATABASE", "ALTER SYSTEM"]);
