/**
 * What no role may do, or only some: SQL that is refused for want of rights (SQLSTATE 42501). Each statement does no
 * harm where it is allowed: it changes no row, and what it makes is rolled back. None of them locks anything before its
 * right is asked for, as CREATE TRIGGER and CREATE INDEX would.
 */
import { randomBytes } from "node:crypto";
import { POSTGRES_SUPERUSER, type DatabaseRole } from "../../../hardening/postgres/roles/roles";
import { quoted } from "../../../hardening/postgres/server/identifiers";
import type { Statement } from "./attempts";

/** What the stack's database has to try things on. */
export interface Place {
  readonly schema: string;
  /** A table of the application's, as SQL names it, and a column that takes values. Absent where there is none yet. */
  readonly table?: { readonly name: string; readonly column: string };
}

export interface Overstep extends Statement {
  readonly what: string;
  /** Who may. It is tried as nobody of these. */
  readonly allowed: readonly DatabaseRole[];
  /** SQLSTATEs that say nothing of rights, such as one of an extension that the image has not got. */
  readonly untold?: readonly string[];
}

const NAME = "rampart_verify";
/** No file can be made there, by whomever. */
const NO_FILE = "/proc/rampart-verify/none";
const nobody: readonly DatabaseRole[] = [];
const owner: readonly DatabaseRole[] = ["migrator"];
const writers: readonly DatabaseRole[] = ["migrator", "app_rw"];
const readers: readonly DatabaseRole[] = ["migrator", "app_rw", "app_ro", "backup"];

const by = (allowed: readonly DatabaseRole[], statements: Readonly<Record<string, string>>): Overstep[] =>
  Object.entries(statements).map(([what, sql]) => ({ what, sql, allowed }));

const rows = (name: string, column: string): Readonly<Record<"insert" | "update" | "delete", string>> => ({
  insert: `INSERT INTO ${name} (${column}) SELECT NULL WHERE false`,
  update: `UPDATE ${name} SET ${column} = ${column} WHERE false`,
  delete: `DELETE FROM ${name} WHERE false`,
});

/** Everything that is tried as a role that may not. */
export function oversteps({ schema, table }: Place, as: DatabaseRole): readonly Overstep[] {
  const own = quoted(schema);
  const other = as === "migrator" ? "app_rw" : "migrator";
  const onTable = ({ name, column }: NonNullable<Place["table"]>): Overstep[] => {
    const { insert, update, delete: remove } = rows(name, column);
    return [
      ...by(owner, {
        "alter a table": `ALTER TABLE ${name} ADD COLUMN ${NAME} integer`,
        "empty a table": `TRUNCATE ${name}`,
        "turn row security off": `ALTER TABLE ${name} NO FORCE ROW LEVEL SECURITY`,
      }),
      ...by(writers, {
        "insert a row": insert,
        "change a row": update,
        "delete a row": remove,
        "lock a row": `SELECT FROM ${name} WHERE false FOR UPDATE`,
      }),
      ...by(readers, { "read a table": `SELECT FROM ${name} LIMIT 1` }),
    ];
  };
  const all = [
    ...by(owner, {
      "make a table": `CREATE TABLE ${own}.${NAME} (id integer)`,
      "make a function": `CREATE FUNCTION ${own}.${NAME}() RETURNS integer LANGUAGE sql AS 'SELECT 1'`,
      "make a temporary table": `CREATE TEMPORARY TABLE ${NAME} (id integer)`,
      // Whoever owns tables would drop them, and be it for a moment.
      "drop its own default privileges": "DROP OWNED BY CURRENT_USER",
    }),
    ...(table === undefined ? [] : onTable(table)),
    ...by(nobody, {
      "make a table in schema public": `CREATE TABLE public.${NAME} (id integer)`,
      "make a schema": `CREATE SCHEMA ${NAME}`,
      "make a role": `CREATE ROLE ${NAME}`,
      "become the superuser": `SET ROLE ${POSTGRES_SUPERUSER}`,
      "become another role": `SET ROLE ${other}`,
      "log on as the superuser": `SET SESSION AUTHORIZATION ${POSTGRES_SUPERUSER}`,
      "join another role": `GRANT ${other} TO CURRENT_USER`,
      "join pg_read_all_data": "GRANT pg_read_all_data TO CURRENT_USER",
      "change another role's password": `ALTER ROLE ${other} PASSWORD NULL`,
      "make itself a superuser": "ALTER ROLE CURRENT_USER SUPERUSER",
      "make itself bypass row security": "ALTER ROLE CURRENT_USER BYPASSRLS",
      "run a program by COPY TO": "COPY (SELECT 1) TO PROGRAM 'true'",
      "write a file by COPY TO": `COPY (SELECT 1) TO '${NO_FILE}'`,
      "read a file of the server": "SELECT pg_read_file('PG_VERSION')",
      "list a directory of the server": "SELECT pg_ls_dir('.')",
      "read a file into a large object": "SELECT lo_import('/etc/passwd')",
      "make a large object": "SELECT pg_catalog.lo_create(0)",
      "read passwords' verifiers": "SELECT FROM pg_authid LIMIT 1",
      "read values that statistics keep": "SELECT FROM pg_statistic LIMIT 1",
      "read who may connect": "SELECT FROM pg_hba_file_rules LIMIT 1",
      "make an event trigger": `CREATE EVENT TRIGGER ${NAME} ON ddl_command_end EXECUTE FUNCTION no_such_function()`,
      "make a function in C": `CREATE FUNCTION ${own}.${NAME}() RETURNS integer LANGUAGE c AS 'libc', 'getpid'`,
    }),
    {
      what: "make an extension",
      sql: `CREATE EXTENSION dblink SCHEMA ${own}`,
      allowed: nobody,
      untold: ["0A000", "58P01", "42710"],
    },
    // The right is asked for before the rest is looked at, which cannot be done.
    {
      what: "make a database",
      sql: `CREATE DATABASE ${NAME} TEMPLATE rampart_verify_is_not_there`,
      allowed: nobody,
      alone: true,
    },
    {
      what: "change the server's settings",
      sql: `ALTER SYSTEM SET work_mem = '${NAME}'`,
      allowed: nobody,
      alone: true,
    },
  ];
  return all.filter(({ allowed }) => !allowed.includes(as));
}

/** What a role is there for, as the control that the way of trying works. */
export function duties({ schema, table }: Place, as: DatabaseRole): readonly Statement[] {
  const read = table === undefined ? "SELECT 1" : `SELECT FROM ${table.name} LIMIT 1`;
  switch (as) {
    case "migrator":
      return [
        { sql: read }, // Of a name of its own: whoever is elevated makes one at the same time.
        { sql: `CREATE TABLE ${quoted(schema)}.${NAME}_${randomBytes(4).toString("hex")} (id integer)` },
      ];
    case "app_rw":
      return [read, ...(table === undefined ? [] : Object.values(rows(table.name, table.column)))].map((sql) => ({
        sql,
      }));
    case "app_ro":
    case "backup":
      return [{ sql: read }];
    case "monitor":
      return [{ sql: "SHOW data_directory" }];
    default: {
      const unknown: never = as;
      throw new Error(`no such role: ${String(unknown)}`);
    }
  }
}
