/**
 * What each role can and cannot do: the model's consequences, said by object and action. docs/database-roles.md shows
 * this table, and test/hardening/postgres/roles tries every cell of it against a real PostgreSQL.
 */
import { DATABASE_ROLES, type DatabaseRole } from "./roles";

export interface PrivilegeRow {
  readonly object: string;
  readonly action: string;
  /** Who may; everybody else is refused by PostgreSQL (SQLSTATE 42501). */
  readonly allowed: readonly DatabaseRole[];
}

const nobody: readonly DatabaseRole[] = [];
const owner: readonly DatabaseRole[] = ["migrator"];
const writers: readonly DatabaseRole[] = ["migrator", "app_rw"];
const readers: readonly DatabaseRole[] = ["migrator", "app_rw", "app_ro", "backup"];
const backup: readonly DatabaseRole[] = ["backup"];
const monitor: readonly DatabaseRole[] = ["monitor"];

function rows(object: string, actions: Readonly<Record<string, readonly DatabaseRole[]>>): PrivilegeRow[] {
  return Object.entries(actions).map(([action, allowed]) => ({ object, action, allowed }));
}

const ROW_ACTIONS = { SELECT: readers, INSERT: writers, UPDATE: writers, DELETE: writers } as const;
const OWNER_ACTIONS = { TRUNCATE: owner, ALTER: owner, DROP: owner } as const;

export const PRIVILEGE_TABLE: readonly PrivilegeRow[] = [
  ...rows("table", {
    ...ROW_ACTIONS,
    "SELECT FOR UPDATE": writers,
    "INSERT ON CONFLICT": writers,
    "COPY FROM STDIN": writers,
    "COPY TO STDOUT": readers,
    LOCK: writers,
    "LOCK IN ACCESS SHARE MODE": readers,
    ...OWNER_ACTIONS,
    "CREATE INDEX": owner,
    "CREATE TRIGGER": owner,
    GRANT: owner,
    "DISABLE ROW SECURITY": owner,
  }),
  ...rows("table with forced row security", {
    "read rows that no policy shows": backup,
    "DROP POLICY": owner,
    "NO FORCE ROW SECURITY": owner,
  }),
  ...rows("partitioned table", { ...ROW_ACTIONS, ...OWNER_ACTIONS }),
  ...rows("partition", { ...ROW_ACTIONS, ...OWNER_ACTIONS }),
  ...rows("view", { ...ROW_ACTIONS, REPLACE: owner, DROP: owner }),
  ...rows("materialized view", { SELECT: readers, REFRESH: owner, "REFRESH CONCURRENTLY": owner, DROP: owner }),
  ...rows("sequence", { "read last_value": readers, nextval: writers, setval: owner, DROP: owner }),
  ...rows("identity column", { "INSERT DEFAULT": writers }),
  ...rows("function", { EXECUTE: writers, REPLACE: owner, DROP: owner }),
  ...rows("SECURITY DEFINER function", { EXECUTE: writers }),
  ...rows("procedure", { CALL: writers }),
  ...rows("aggregate", { EXECUTE: writers, DROP: owner }),
  ...rows("domain", { "cast to it": readers, ALTER: owner, DROP: owner }),
  ...rows("composite type", { "cast to it": readers, ALTER: owner, DROP: owner }),
  ...rows("enum type", { "cast to it": readers, "ADD VALUE": owner, DROP: owner }),
  ...rows("table of a second migration", ROW_ACTIONS),
  ...rows("partition of a second migration", { SELECT: readers, INSERT: writers }),
  ...rows("view of a second migration", { SELECT: readers }),
  ...rows("sequence of a second migration", { "read last_value": readers, nextval: writers }),
  ...rows("function of a second migration", { EXECUTE: writers }),
  ...rows("procedure of a second migration", { CALL: writers }),
  ...rows("materialized view of a second migration", { SELECT: readers }),
  ...rows("aggregate of a second migration", { EXECUTE: writers }),
  ...rows("domain of a second migration", { "cast to it": readers }),
  ...rows("composite type of a second migration", { "cast to it": readers }),
  ...rows("enum type of a second migration", { "cast to it": readers }),
  ...rows("table of a second schema", { ...ROW_ACTIONS, ...OWNER_ACTIONS }),
  ...rows("sequence of a second schema", { "read last_value": readers, nextval: writers }),
  ...rows("function of a second schema", { EXECUTE: writers }),
  ...rows("enum type of a second schema", { "cast to it": readers }),
  ...rows("second schema", { "CREATE TABLE": owner, DROP: owner }),
  ...rows("table of a second database", { ...ROW_ACTIONS, ...OWNER_ACTIONS }),
  ...rows("sequence of a second database", { "read last_value": readers, nextval: writers }),
  ...rows("function of a second database", { EXECUTE: writers }),
  ...rows("enum type of a second database", { "cast to it": readers }),
  ...rows("second database", {
    "CREATE TABLE": owner,
    "CREATE TEMPORARY TABLE": owner,
    "CREATE TABLE in schema public": nobody,
    "CREATE SCHEMA": nobody,
    "CREATE EXTENSION": nobody,
    "create a large object": nobody,
  }),
  ...rows("extension", { "use its type": readers, "EXECUTE its function": readers, UPDATE: nobody, DROP: nobody }),
  ...rows("schema extensions", { "CREATE TABLE": nobody, "CREATE FUNCTION": nobody, DROP: nobody }),
  ...rows("schema app", {
    "CREATE TABLE": owner,
    "CREATE VIEW": owner,
    "CREATE FUNCTION": owner,
    "CREATE TYPE": owner,
    "CREATE SEQUENCE": owner,
    DROP: owner,
  }),
  ...rows("schema public", { "CREATE TABLE": nobody, "read a table in it": nobody }),
  ...rows("another schema", { "CREATE SCHEMA": nobody, "read a table in it": nobody }),
  ...rows("database", {
    "CREATE TEMPORARY TABLE": owner,
    "CREATE EXTENSION": nobody,
    "CREATE PUBLICATION": nobody,
    "CREATE EVENT TRIGGER": nobody,
    "ALTER DATABASE": nobody,
    "create a large object": nobody,
  }),
  ...rows("server", {
    "CREATE ROLE": nobody,
    "CREATE DATABASE": nobody,
    "SET ROLE to the superuser": nobody,
    "SET ROLE to another role": nobody,
    "GRANT a role to itself": nobody,
    "GRANT pg_read_all_data to itself": nobody,
    "ALTER another role's password": nobody,
    "give itself SUPERUSER": nobody,
    "give itself BYPASSRLS": nobody,
    "DROP OWNED BY itself": nobody,
    "ALTER SYSTEM": nobody,
    CHECKPOINT: nobody,
    "end another role's session": nobody,
    "see other roles' statements": monitor,
    "read settings that show paths": monitor,
  }),
  ...rows("catalog", {
    "read pg_authid": nobody,
    "read pg_shadow": nobody,
    "read pg_statistic": nobody,
    "read pg_hba_file_rules": nobody,
    "UPDATE pg_class": nobody,
  }),
  ...rows("host", {
    "COPY TO PROGRAM": nobody,
    "COPY FROM PROGRAM": nobody,
    "COPY TO a file": nobody,
    pg_read_file: nobody,
    pg_ls_dir: nobody,
    pg_ls_waldir: monitor,
    lo_import: nobody,
    lo_export: nobody,
    "CREATE FUNCTION in C": nobody,
  }),
];

/** The table as Markdown, for docs/database-roles.md. */
export function renderPrivilegeTable(table: readonly PrivilegeRow[] = PRIVILEGE_TABLE): string {
  const header = `| object | action | ${DATABASE_ROLES.map((role) => `\`${role}\``).join(" | ")} |`;
  const rule = `|---|---|${DATABASE_ROLES.map(() => ":-:|").join("")}`;
  const lines = table.map(
    ({ object, action, allowed }) =>
      `| ${object} | ${action} | ` +
      `${DATABASE_ROLES.map((role) => (allowed.includes(role) ? "yes" : "no")).join(" | ")} |`,
  );
  return [header, rule, ...lines].join("\n");
}
