/** What somebody might do to a database with tenants, and what the guard says of it. */
import type { Tenancy } from "../../../../hardening/postgres/tenancy/tenancy";
import type { Role } from "./tenancy-server";

export interface FaultCase {
  /** Statements by role. @default by migrator */
  readonly by?: Role;
  readonly sql: readonly string[];
  readonly undo: readonly string[];
  readonly change?: Partial<Tenancy>;
  readonly says: string;
  /** The exception that silences it. */
  readonly exception?: string;
}

/** What is wrong with every view that reads with its owner's rights. */
export const VIEW_FIX =
  "is a view of tenants' rows that reads them with the rights of its owner; " +
  "ALTER VIEW app.v SET (security_invoker = true)";

export const FAULTS: Readonly<Record<string, FaultCase>> = {
  "a view": {
    sql: ["CREATE VIEW v AS SELECT * FROM parent"],
    undo: ["DROP VIEW v"],
    says: `tenancy: app.v: ${VIEW_FIX}`,
    exception: "app.v",
  },
  "a view over a view": {
    sql: ["CREATE VIEW v WITH (security_invoker = off) AS SELECT * FROM seen_twice"],
    undo: ["DROP VIEW v"],
    says: `tenancy: app.v: ${VIEW_FIX}`,
    exception: "app.v",
  },
  "a materialized view": {
    sql: ["CREATE MATERIALIZED VIEW m AS SELECT id FROM seen"],
    undo: ["DROP MATERIALIZED VIEW m"],
    says:
      "tenancy: app.m: is a materialized view of tenants' rows, which row security does not confine; " +
      "make it a table with the column, or accept it in database.tenancy.exceptions",
    exception: "app.m",
  },
  "a SECURITY DEFINER function": {
    sql: ["CREATE FUNCTION d(n integer) RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'"],
    undo: ["DROP FUNCTION d"],
    says:
      "tenancy: app.d: is SECURITY DEFINER, and the application can run it with the rights of migrator; " +
      "ALTER FUNCTION app.d(integer) SECURITY INVOKER, or revoke EXECUTE from the application's roles",
    exception: "app.d",
  },
  "a SECURITY DEFINER trigger function": {
    by: "superuser",
    sql: [
      "CREATE FUNCTION app.d() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN NULL; END'",
      "REVOKE ALL ON FUNCTION app.d() FROM PUBLIC",
      "CREATE TRIGGER d AFTER INSERT ON app.parent EXECUTE FUNCTION app.d()",
    ],
    undo: ["DROP FUNCTION app.d() CASCADE"],
    says:
      "tenancy: app.d: is SECURITY DEFINER, and the application can run it with the rights of postgres; " +
      "ALTER FUNCTION app.d() SECURITY INVOKER, or revoke EXECUTE from the application's roles",
    exception: "app.d",
  },
  "a SECURITY DEFINER function in a schema that the application may not use": {
    by: "superuser",
    sql: [
      "CREATE SCHEMA hidden",
      "CREATE FUNCTION hidden.d() RETURNS SETOF app.parent LANGUAGE sql SECURITY DEFINER AS 'SELECT * FROM app.parent'",
      "CREATE VIEW app.v WITH (security_invoker = true) AS SELECT * FROM hidden.d()",
    ],
    undo: ["DROP SCHEMA hidden CASCADE"],
    says:
      "tenancy: hidden.d: is SECURITY DEFINER, and the application can run it with the rights of postgres; " +
      "ALTER FUNCTION hidden.d() SECURITY INVOKER, or revoke EXECUTE from the application's roles",
    exception: "hidden.d",
  },
  "a SECURITY DEFINER function inside an aggregate": {
    sql: [
      "CREATE FUNCTION d(n bigint, m integer) RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT 1::bigint'",
      "REVOKE EXECUTE ON FUNCTION d FROM app_rw",
      "CREATE AGGREGATE sum_d (integer) (sfunc = d, stype = bigint)",
    ],
    undo: ["DROP FUNCTION d CASCADE"],
    says:
      "tenancy: app.d: is SECURITY DEFINER, and the application can run it with the rights of migrator; " +
      "ALTER FUNCTION app.d(bigint,integer) SECURITY INVOKER, or revoke EXECUTE from the application's roles",
    exception: "app.d",
  },
  "a materialized view of a function's rows": {
    sql: [
      "CREATE FUNCTION f() RETURNS TABLE (i integer) LANGUAGE sql AS 'SELECT id FROM app.parent'",
      "CREATE VIEW over_f AS SELECT i FROM f()",
      "CREATE MATERIALIZED VIEW m AS SELECT i FROM over_f",
    ],
    undo: ["DROP FUNCTION f CASCADE"],
    says:
      "tenancy: app.m: is a materialized view that keeps what app.f returned, which may be tenants' rows; " +
      "read tables instead, declare the function IMMUTABLE if it reads none, " +
      "or accept the view in database.tenancy.exceptions",
    exception: "app.m",
  },
  "a rule of a view": {
    sql: [
      "CREATE VIEW v WITH (security_invoker = true) AS SELECT * FROM parent",
      "CREATE RULE r AS ON DELETE TO v DO INSTEAD DELETE FROM parent WHERE id = OLD.id",
    ],
    undo: ["DROP VIEW v"],
    says:
      "tenancy: app.v: has the rule r, which reaches a table of tenants with the rights of the view's owner; " +
      "drop the rule; use an INSTEAD OF trigger",
    exception: "app.v",
  },
  "another type": {
    sql: ["CREATE TABLE x (id integer, tenant_id bigint)"],
    undo: ["DROP TABLE x"],
    says: "tenancy: app.x: column tenant_id is bigint, not integer; change it in a migration, or database.tenancy.type",
    exception: "app.x",
  },
  "a reference without the column": {
    sql: ["CREATE TABLE x (id integer REFERENCES parent)"],
    undo: ["DROP TABLE x"],
    says:
      "tenancy: app.x: has no column tenant_id, yet its foreign key x_id_fkey refers to app.parent, " +
      "whose rows belong to tenants; add the column, or list the table in database.tenancy.sharedTables",
    exception: "app.x_id_fkey",
  },
  "a renamed column": {
    sql: ["ALTER TABLE pair RENAME COLUMN tenant_id TO owner_id"],
    undo: ["ALTER TABLE pair RENAME COLUMN owner_id TO tenant_id"],
    says:
      "tenancy: app.pair: has policy rampart_tenant, but no longer a column tenant_id; " +
      "name the column tenant_id again",
  },
  "a dropped column": {
    sql: ["CREATE TABLE x (id integer, tenant_id integer)", "ALTER TABLE x DROP COLUMN tenant_id CASCADE"],
    undo: ["DROP TABLE x"],
    says:
      "tenancy: app.x: row security is forced, and without a column tenant_id and a policy nobody sees a row; " +
      "add the column",
    exception: "app.x",
  },
  "an unconfined parent": {
    sql: ["CREATE TABLE x (id integer)", "CREATE TABLE y (tenant_id integer) INHERITS (x)"],
    undo: ["DROP TABLE x CASCADE"],
    says:
      "tenancy: app.x: is a parent of app.y without being confined itself: " +
      "who reads it reads the child past row security; give the parent the column tenant_id too, " +
      "or end the inheritance",
    exception: "app.x",
  },
  "a rule": {
    sql: ["CREATE RULE r AS ON DELETE TO parent DO ALSO NOTIFY gone"],
    undo: ["DROP RULE r ON parent"],
    says:
      "tenancy: app.parent: has the rule r, whose actions run with the rights of the table's owner; " +
      "drop the rule; use a trigger",
  },
  "a rule that reaches a table": {
    sql: ["CREATE TABLE x (id integer)", "CREATE RULE r AS ON INSERT TO x DO ALSO DELETE FROM parent"],
    undo: ["DROP TABLE x"],
    says:
      "tenancy: app.x: has a rule that reaches a table of tenants with the rights of its owner; drop the rule; " +
      "use a trigger",
    exception: "app.x",
  },
  TRUNCATE: {
    sql: ["GRANT TRUNCATE ON parent TO app_rw"],
    undo: ["REVOKE TRUNCATE ON parent FROM app_rw"],
    says:
      "tenancy: app.parent: app_rw has TRUNCATE, which ignores row security; " +
      "REVOKE TRUNCATE ON app.parent FROM app_rw and PUBLIC in a migration",
  },
  "REFERENCES of a column": {
    sql: ["GRANT REFERENCES (id) ON parent TO PUBLIC"],
    undo: ["REVOKE REFERENCES (id) ON parent FROM PUBLIC"],
    says:
      "tenancy: app.parent: app_ro has REFERENCES, which ignores row security; " +
      "REVOKE REFERENCES ON app.parent FROM app_ro and PUBLIC in a migration",
  },
  "a role that bypasses": {
    by: "superuser",
    sql: ["ALTER ROLE app_ro BYPASSRLS"],
    undo: ["ALTER ROLE app_ro NOBYPASSRLS"],
    says: "tenancy: role app_ro: bypasses row security; ALTER ROLE app_ro NOSUPERUSER NOBYPASSRLS",
  },
  "a login that bypasses": {
    by: "superuser",
    sql: ["CREATE ROLE app_rw_0a1b2c3d BYPASSRLS IN ROLE app_rw"],
    undo: ["DROP ROLE app_rw_0a1b2c3d"],
    says: "tenancy: role app_rw_0a1b2c3d: bypasses row security; ALTER ROLE app_rw_0a1b2c3d NOSUPERUSER NOBYPASSRLS",
  },
  "a role that can become one that bypasses": {
    by: "superuser",
    sql: ["CREATE ROLE between", "GRANT between TO app_ro", "GRANT backup TO between"],
    undo: ["DROP ROLE between"],
    says: "tenancy: role app_ro: can become backup, which bypasses row security; REVOKE backup FROM app_ro",
  },
  "a tenant by default": {
    by: "superuser",
    sql: ["ALTER ROLE app_rw SET app.tenant_id = '2'"],
    undo: ["ALTER ROLE app_rw RESET app.tenant_id"],
    says:
      "tenancy: role app_rw: has a default for app.tenant_id: " +
      "a session that sets none would be that tenant's, where it has to see nothing; " +
      "ALTER ROLE app_rw RESET app.tenant_id",
  },
  "a tenant by default of a role in the database": {
    by: "superuser",
    sql: ["ALTER ROLE app_rw IN DATABASE app SET app.tenant_id = '2'"],
    undo: ["ALTER ROLE app_rw IN DATABASE app RESET app.tenant_id"],
    says:
      "tenancy: role app_rw: has a default for app.tenant_id: " +
      "a session that sets none would be that tenant's, where it has to see nothing; " +
      "ALTER ROLE app_rw IN DATABASE app RESET app.tenant_id",
  },
  "a tenant by default of the database": {
    by: "superuser",
    sql: ["ALTER DATABASE app SET app.tenant_id = '2'"],
    undo: ["ALTER DATABASE app RESET app.tenant_id"],
    says:
      "tenancy: database app: has a default for app.tenant_id: " +
      "a session that sets none would be that tenant's, where it has to see nothing; " +
      "ALTER DATABASE app RESET app.tenant_id",
  },
  "a tenant by default of every role": {
    by: "superuser",
    sql: ["ALTER ROLE ALL SET app.tenant_id = '2'"],
    undo: ["ALTER ROLE ALL RESET app.tenant_id"],
    says:
      "tenancy: every role: has a default for app.tenant_id: " +
      "a session that sets none would be that tenant's, where it has to see nothing; " +
      "ALTER ROLE ALL RESET app.tenant_id",
  },
  "rows that refer to another tenant's": {
    by: "superuser",
    sql: [
      "SET session_replication_role = replica",
      "INSERT INTO app.child VALUES (50, 1, 2), (51, 1, 2)",
      "RESET session_replication_role",
    ],
    undo: ["DELETE FROM app.child WHERE id >= 50"],
    says:
      "tenancy: app.child: 2 row(s) refer by foreign key child_parent_id_fkey to a row of parent that belongs to " +
      "another tenant; correct the rows in a migration, as each tenant in turn",
    exception: "app.child_parent_id_fkey",
  },
  "rows that cannot be counted": {
    sql: ["REVOKE SELECT ON child FROM backup"],
    undo: ["GRANT SELECT ON child TO backup"],
    says:
      "tenancy: app.child: the rows of foreign key child_parent_id_fkey cannot be checked: " +
      "permission denied for table child; grant SELECT to the role of the backups",
  },
  "an unlisted table": {
    sql: ["CREATE TABLE x (id integer)"],
    undo: ["DROP TABLE x"],
    change: { sharedTables: [] },
    says:
      "tenancy: app.x: has no column tenant_id and is not in database.tenancy.sharedTables; " +
      "add the column, or list the table there",
  },
  "a shared table with the column": {
    sql: [],
    undo: [],
    change: { sharedTables: ["app.parent"] },
    says:
      "tenancy: app.parent: is in database.tenancy.sharedTables, but has the column tenant_id; " +
      "remove it from the list",
  },
  "a shared table that is not there": {
    sql: [],
    undo: [],
    change: { sharedTables: ["app.none"] },
    says: "tenancy: app.none: is in database.tenancy.sharedTables, but there is no such table; remove it from the list",
  },
  "a stale exception": {
    sql: [],
    undo: [],
    change: { exceptions: [{ object: "app.seen", reason: "none" }] },
    says: "tenancy: app.seen: is in database.tenancy.exceptions, but there is nothing to except; remove it",
  },
  "a foreign table": {
    by: "superuser",
    sql: [
      "CREATE FOREIGN DATA WRAPPER w",
      "CREATE SERVER s FOREIGN DATA WRAPPER w",
      "CREATE FOREIGN TABLE app.x (tenant_id integer) SERVER s",
    ],
    undo: ["DROP FOREIGN DATA WRAPPER w CASCADE"],
    says:
      "tenancy: app.x: is a foreign table, which row security does not confine; " +
      "drop it, or accept it in database.tenancy.exceptions",
    exception: "app.x",
  },
};
