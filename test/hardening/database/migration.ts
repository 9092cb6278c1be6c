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
  "CREATE FUNCTION add_note() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = app AS 'INSERT INTO ledger (note) VALUES (''x'')'",
  "CREATE PROCEDURE tidy() LANGUAGE sql AS 'SELECT 1'",
  "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
  "INSERT INTO item VALUES (1, 'one')",
  "INSERT INTO event VALUES (1, '2026-05-05')",
];

/** A later release: what it creates has to be covered without anyone granting anything. */
export const SECOND_MIGRATION: readonly string[] = ["CREATE TABLE later (id integer PRIMARY KEY)"];

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

/** SQL by object and action, run in a transaction that is rolled back. `$other` is a least-privilege role that is not the one who runs it. */
export const PROBES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  table: {
    ...rowProbes("item", "INSERT INTO item VALUES (2, 'two')"),
    "SELECT FOR UPDATE": "SELECT * FROM item FOR UPDATE",
    "INSERT ON CONFLICT": "INSERT INTO item VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET name = excluded.name",
    "COPY FROM STDIN": "COPY item (id, name) FROM STDIN",
    LOCK: "LOCK TABLE item IN ROW EXCLUSIVE MODE",
    ...ownerProbes("item", "CASCADE"),
    "CREATE INDEX": "CREATE INDEX ON item (name)",
    "CREATE TRIGGER": "CREATE TRIGGER t BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION touch()",
    GRANT: "DO $$ BEGIN GRANT SELECT ON app.item TO PUBLIC; IF NOT has_table_privilege('stranger', 'app.item', 'SELECT') THEN RAISE insufficient_privilege; END IF; END $$",
    "DISABLE ROW SECURITY": "ALTER TABLE item DISABLE ROW LEVEL SECURITY",
  },
  "table of a second migration": rowProbes("later", "INSERT INTO later VALUES (2)"),
  "partitioned table": { ...rowProbes("event", "INSERT INTO event VALUES (2, '2026-06-06')"), ...ownerProbes("event") },
  partition: { ...rowProbes("event_2026", "INSERT INTO event_2026 VALUES (2, '2026-06-06')"), ...ownerProbes("event_2026") },
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
  "enum type": { "cast to it": "SELECT 'calm'::mood", "ADD VALUE": "ALTER TYPE mood ADD VALUE 'wild'", DROP: "DROP TYPE mood CASCADE" },
  "schema app": {
    "CREATE TABLE": "CREATE TABLE app.x (id integer)",
    "CREATE VIEW": "CREATE VIEW app.x AS SELECT 1 AS one",
    "CREATE FUNCTION": "CREATE FUNCTION app.x() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "CREATE TYPE": "CREATE TYPE app.x AS ENUM ('a')",
    "CREATE SEQUENCE": "CREATE SEQUENCE app.x",
    DROP: "DROP SCHEMA app CASCADE",
  },
  "schema public": { "CREATE TABLE": "CREATE TABLE public.x (id integer)", "read a table in it": "SELECT * FROM public.planted" },
  "another schema": { "CREATE SCHEMA": "CREATE SCHEMA x", "read a table in it": "SELECT * FROM other.secret" },
  database: {
    "CREATE TEMPORARY TABLE": "CREATE TEMPORARY TABLE x (id integer)",
    "CREATE EXTENSION": "CREATE EXTENSION pgcrypto SCHEMA app",
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
    "ALTER SYSTEM": "ALTER SYSTEM SET work_mem = '1GB'",
    CHECKPOINT: "CHECKPOINT",
    "end another role's session": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres'",
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
    lo_import: "SELECT lo_import('/etc/passwd')",
    lo_export: "SELECT lo_export(1, '/tmp/rampart-probe')",
    "CREATE FUNCTION in C": "CREATE FUNCTION app.c() RETURNS integer LANGUAGE c AS 'libc', 'getpid'",
  },
};

/** Statements that PostgreSQL does not take inside a transaction; each of them is refused to everybody. */
export const OUTSIDE_TRANSACTION: ReadonlySet<string> = new Set(["CREATE DATABASE", "ALTER SYSTEM"]);
