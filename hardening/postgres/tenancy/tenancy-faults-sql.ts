/**
 * What is wrong with a database's tenancy, as one query over the catalogs: (object, problem, fix, keys). `keys` are the
 * names by which an exception can accept it; none: it cannot be accepted. Reads only catalogs, never a row, so that
 * the superuser runs no code of a table's owner. No file of its own: which faults are looked for depends on the
 * configuration.
 */
import {
  coveredTables,
  literal,
  nameArray,
  policyIsRight,
  TENANCY_SCHEMA,
  TENANT_ONLY_POLICY,
  TENANT_POLICY,
  type TenancyTexts,
} from "./tenancy";

const RAMPART_POLICIES = `('${TENANT_POLICY}', '${TENANT_ONLY_POLICY}')`;

interface Fault {
  readonly from: string;
  readonly object: string;
  readonly problem: string;
  readonly fix: string;
  /** @default the object's own name */
  readonly keys?: string;
}

function select({ from, object, problem, fix, keys }: Fault): string {
  return (
    `SELECT ${object} AS object, ${problem} AS problem, ${fix} AS fix, ${keys ?? `ARRAY[${object}]`}::text[] AS keys ` +
    `FROM ${from}`
  );
}

function ofTables({ column, type, sharedTables, schemas }: TenancyTexts): Fault[] {
  const shared = sharedTables ?? [];
  const isShared = `t.key = ANY (${nameArray(shared)})`;
  return [
    {
      from: `covered t WHERE t.type <> '${type}'`,
      object: "t.key",
      problem: `format('column ${column} is %s, not ${type}', t.type)`,
      fix: literal("change it in a migration, or database.tenancy.type"),
    },
    {
      from: "covered t JOIN pg_collation col ON col.oid = t.attcollation WHERE NOT col.collisdeterministic",
      object: "t.key",
      problem: literal(`column ${column} has a nondeterministic collation, so different tenants can be equal`),
      fix: literal('give the column the collation "C"'),
    },
    {
      from: "covered t WHERE NOT (t.enabled AND t.forced)",
      object: "t.key",
      problem: literal("row security is not enabled and forced"),
      fix: literal("run the update again; the guard puts it right"),
      keys: "'{}'",
    },
    {
      from:
        `covered t CROSS JOIN (VALUES ('${TENANT_POLICY}'), ('${TENANT_ONLY_POLICY}')) AS v(name) ` +
        `WHERE t.type = '${type}' AND NOT EXISTS (SELECT FROM right_policies pol WHERE pol.polrelid = t.oid ` +
        "AND pol.polname = v.name)",
      object: "t.key",
      problem: "format('policy %s is missing or is not the configured one', v.name)",
      fix: literal("run the update again; the guard puts it right"),
      keys: "'{}'",
    },
    {
      from: `${TENANCY_SCHEMA}.tenancy_reference_work() w`,
      object: "w.key",
      problem: literal("the tenant check of a foreign key is missing or is not Rampart's"),
      fix: literal("run the update again; the guard puts it right"),
      keys: "'{}'",
    },
    {
      from:
        "covered t CROSS JOIN app_roles r CROSS JOIN (VALUES ('TRUNCATE'), ('REFERENCES'), ('TRIGGER')) AS " +
        "v(privilege) WHERE has_table_privilege(r.oid, t.oid, v.privilege) OR v.privilege = 'REFERENCES' " +
        "AND has_any_column_privilege(r.oid, t.oid, v.privilege)",
      object: "t.key",
      problem: "format('%s has %s, which ignores row security', r.rolname, v.privilege)",
      fix: "format('REVOKE %s ON %s FROM %I and PUBLIC in a migration', v.privilege, t.name, r.rolname)",
    },
    {
      from: "covered t JOIN pg_rewrite w ON w.ev_class = t.oid",
      object: "t.key",
      problem: "format('has the rule %I, whose actions run with the rights of the table''s owner', w.rulename)",
      fix: literal("drop the rule; use a trigger"),
    },
    {
      from:
        "(SELECT DISTINCT c.key FROM dependents d JOIN relations c ON c.oid = d.oid WHERE c.relkind IN ('r', 'p') " +
        "AND c.oid NOT IN (SELECT oid FROM covered)) t",
      object: "t.key",
      problem: literal("has a rule that reaches a table of tenants with the rights of its owner"),
      fix: literal("drop the rule; use a trigger"),
    },
    {
      from:
        "(SELECT DISTINCT p.key, t.key AS child FROM covered t JOIN pg_inherits i ON i.inhrelid = t.oid " +
        "JOIN relations p ON p.oid = i.inhparent WHERE p.oid NOT IN (SELECT oid FROM covered)) t",
      object: "t.key",
      problem:
        "format('is a parent of %s without being confined itself: who reads it reads the child past row security', " +
        "t.child)",
      fix: literal(`give the parent the column ${column} too, or end the inheritance`),
    },
    {
      from:
        "uncovered t JOIN pg_constraint con ON con.conrelid = t.oid AND con.contype = 'f' AND con.conparentid = 0 " +
        `JOIN covered p ON p.oid = con.confrelid WHERE NOT (${isShared})`,
      object: "t.key",
      problem:
        `format('has no column ${column}, yet its foreign key %I refers to %s, whose rows belong to tenants', ` +
        "con.conname, p.key)",
      fix: literal(`add the column, or list the table in database.tenancy.sharedTables`),
      keys: "ARRAY[t.key, t.nspname || '.' || con.conname]",
    },
    {
      from: `uncovered t JOIN pg_policy pol ON pol.polrelid = t.oid WHERE pol.polname IN ${RAMPART_POLICIES}`,
      object: "t.key",
      problem: `format('has policy %s, but no longer a column ${column}', pol.polname)`,
      fix:
        `format('name the column ${column} again; if its rows are nobody''s: DROP POLICY %I ON %s; ALTER TABLE %2$s ` +
        "NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY', pol.polname, t.name)",
    },
    {
      from:
        "uncovered t WHERE t.relrowsecurity AND t.relforcerowsecurity AND NOT EXISTS (SELECT FROM pg_policy pol " +
        "WHERE pol.polrelid = t.oid)",
      object: "t.key",
      problem: `'row security is forced, and without a column ${column} and a policy nobody sees a row'`,
      fix:
        "format('add the column; if its rows are nobody''s: ALTER TABLE %s NO FORCE ROW LEVEL SECURITY, DISABLE ROW " +
        "LEVEL SECURITY', t.name)",
    },
    ...(sharedTables === undefined
      ? []
      : [
          {
            from: `uncovered t WHERE NOT t.relispartition AND NOT (${isShared})`,
            object: "t.key",
            problem: literal(`has no column ${column} and is not in database.tenancy.sharedTables`),
            fix: literal("add the column, or list the table there"),
          },
          {
            from: `covered t WHERE ${isShared}`,
            object: "t.key",
            problem: literal(`is in database.tenancy.sharedTables, but has the column ${column}`),
            fix: literal("remove it from the list"),
            keys: "'{}'",
          },
          {
            from:
              `unnest(${nameArray(shared)}) AS s(key) WHERE NOT EXISTS (SELECT FROM relations t WHERE t.key = s.key ` +
              `AND t.relkind IN ('r', 'p') AND t.nspname = ANY (${nameArray(schemas)}))`,
            object: "s.key",
            problem: literal("is in database.tenancy.sharedTables, but there is no such table"),
            fix: literal("remove it from the list"),
            keys: "'{}'",
          },
        ]),
  ];
}

function ofOthers({ column, schemas, migrator }: TenancyTexts): Fault[] {
  const hasColumn =
    `EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attname = ${literal(column)} AND a.attnum > 0 ` +
    "AND NOT a.attisdropped)";
  return [
    {
      from: `relations t WHERE t.relkind = 'f' AND t.nspname = ANY (${nameArray(schemas)}) AND ${hasColumn}`,
      object: "t.key",
      problem: literal("is a foreign table, which row security does not confine"),
      fix: literal("drop it, or accept it in database.tenancy.exceptions"),
    },
    {
      from:
        "relations t WHERE t.relkind = 'm' AND (t.oid IN (SELECT oid FROM dependents) " +
        `OR t.nspname = ANY (${nameArray(schemas)}) AND ${hasColumn})`,
      object: "t.key",
      problem: literal("is a materialized view of tenants' rows, which row security does not confine"),
      fix: literal("make it a table with the column, or accept it in database.tenancy.exceptions"),
    },
    {
      from: `relations t WHERE t.relkind = 'v' AND t.oid IN (SELECT oid FROM dependents)
        AND NOT EXISTS (SELECT FROM pg_options_to_table(t.reloptions) o WHERE o.option_name = 'security_invoker'
          AND o.option_value::boolean)`,
      object: "t.key",
      problem: literal("is a view of tenants' rows that reads them with the rights of its owner"),
      fix: "format('ALTER VIEW %s SET (security_invoker = true)', t.name)",
    },
    {
      from:
        "relations t JOIN pg_rewrite w ON w.ev_class = t.oid WHERE t.relkind = 'v' AND w.ev_type <> '1' " +
        "AND t.oid IN (SELECT oid FROM dependents)",
      object: "t.key",
      problem:
        "format('has the rule %I, which reaches a table of tenants with the rights of the view''s owner', w.rulename)",
      fix: literal("drop the rule; use an INSTEAD OF trigger"),
    },
    {
      from: `relations t JOIN (SELECT o.oid, string_agg(DISTINCT o.function, ', ' ORDER BY o.function) AS functions
          FROM opaque o GROUP BY o.oid) o ON o.oid = t.oid
        WHERE t.relkind = 'm' AND t.oid NOT IN (SELECT oid FROM dependents)`,
      object: "t.key",
      problem: "format('is a materialized view that keeps what %s returned, which may be tenants'' rows', o.functions)",
      fix: literal(
        "read tables instead, declare the function IMMUTABLE if it reads none, or accept the view in " +
          "database.tenancy.exceptions",
      ),
    },
    {
      // USAGE of the schema is not asked for: a view or a column's default that calls the function needs none.
      from: `pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE p.prosecdef AND n.nspname NOT IN ('pg_catalog', 'information_schema', '${TENANCY_SCHEMA}')
        AND (EXISTS (SELECT FROM logins r
            WHERE r.rolname <> ${literal(migrator)} AND has_function_privilege(r.oid, p.oid, 'EXECUTE'))
          OR EXISTS (SELECT FROM pg_trigger g WHERE g.tgfoid = p.oid AND NOT g.tgisinternal)
          OR EXISTS (SELECT FROM pg_aggregate g WHERE p.oid IN (g.aggtransfn, g.aggfinalfn, g.aggcombinefn,
            g.aggserialfn, g.aggdeserialfn, g.aggmtransfn, g.aggminvtransfn, g.aggmfinalfn))
          OR EXISTS (SELECT FROM pg_range g WHERE p.oid IN (g.rngcanonical, g.rngsubdiff)))`,
      object: "n.nspname || '.' || p.proname",
      problem:
        "'is SECURITY DEFINER, and the application can run it with the rights of ' || pg_get_userbyid(p.proowner)",
      fix:
        "format('ALTER %s %s SECURITY INVOKER, or revoke EXECUTE from the application''s roles', CASE p.prokind WHEN " +
        "'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END, p.oid::regprocedure)",
    },
  ];
}

/** Who the application is in the database, and what opens every table to it at once. */
function ofRoles({ variable }: TenancyTexts): Fault[] {
  return [
    {
      from: "logins r WHERE r.rolsuper OR r.rolbypassrls",
      object: "'role ' || r.rolname",
      problem: literal("bypasses row security"),
      fix: "format('ALTER ROLE %I NOSUPERUSER NOBYPASSRLS', r.rolname)",
      keys: "'{}'",
    },
    {
      from:
        "(SELECT DISTINCT b.login, g.rolname FROM becomes b JOIN pg_roles g ON g.oid = b.role " +
        "WHERE b.login <> b.role AND (g.rolsuper OR g.rolbypassrls)) t JOIN logins r ON r.oid = t.login",
      object: "'role ' || r.rolname",
      problem: "format('can become %s, which bypasses row security', t.rolname)",
      fix: "format('REVOKE %I FROM %I', t.rolname, r.rolname)",
      keys: "'{}'",
    },
    {
      from: `(SELECT s.setrole, s.setdatabase FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) AS u(setting)
          WHERE lower(split_part(u.setting, '=', 1)) = ${literal(variable)}
            AND substr(u.setting, strpos(u.setting, '=') + 1) <> ''
            AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))) t
        LEFT JOIN logins r ON r.oid = t.setrole WHERE t.setrole = 0 OR r.oid IS NOT NULL`,
      object:
        "coalesce('role ' || r.rolname, CASE t.setdatabase WHEN 0 THEN 'every role' ELSE 'database ' || " +
        "current_database() END)",
      problem: literal(
        `has a default for ${variable}: a session that sets none would be that tenant's, where it has to see nothing`,
      ),
      fix: `format('ALTER %s%s RESET ${variable}', CASE WHEN t.setrole <> 0 THEN format('ROLE %I', r.rolname)
        WHEN t.setdatabase = 0 THEN 'ROLE ALL' ELSE format('DATABASE %I', current_database()) END,
        CASE WHEN t.setrole <> 0 AND t.setdatabase <> 0 THEN format(' IN DATABASE %I', current_database()) END)`,
      keys: "'{}'",
    },
  ];
}

export function faultsQuery(texts: TenancyTexts, applicationRoles: readonly string[]): string {
  const faults: Fault[] = [...ofTables(texts), ...ofOthers(texts), ...ofRoles(texts)];
  return `WITH RECURSIVE relations AS (
    SELECT c.oid, n.nspname, c.relname, n.nspname || '.' || c.relname AS key,
      format('%I.%I', n.nspname, c.relname) AS name,
      c.relkind, c.relispartition, c.relrowsecurity, c.relforcerowsecurity, c.reloptions
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')),
  covered AS (${coveredTables(texts)}),
  uncovered AS (SELECT t.* FROM relations t
    WHERE t.relkind IN ('r', 'p') AND t.nspname = ANY (${nameArray(texts.schemas)})
    AND t.key <> ALL (${nameArray(texts.exceptions)}) AND t.oid NOT IN (SELECT oid FROM covered)),
  edges AS (SELECT d.refobjid AS used, w.ev_class AS by FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid
    WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> w.ev_class),
  dependents AS (SELECT e.by AS oid FROM edges e JOIN covered c ON c.oid = e.used
    UNION SELECT e.by FROM dependents d JOIN edges e ON e.used = d.oid),
  right_policies AS (SELECT pol.polrelid, pol.polname FROM pg_policy pol WHERE ${policyIsRight(texts)}),
  opaque AS (SELECT w.ev_class AS oid, format('%I.%I', n.nspname, p.proname) AS function
    FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid JOIN pg_proc p ON p.oid = d.refobjid
      JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_proc'::regclass AND p.provolatile <> 'i'
      AND n.nspname = ANY (${nameArray(texts.schemas)})
    UNION SELECT e.by, o.function FROM opaque o JOIN edges e ON e.used = o.oid),
  app_roles AS (SELECT oid, rolname FROM pg_roles WHERE rolname = ANY (${nameArray(applicationRoles)})),
  -- The roles, and what services log in as: see rotation.ts for its name.
  logins AS (SELECT DISTINCT r.oid, r.rolname, r.rolsuper, r.rolbypassrls FROM pg_roles r
    WHERE r.rolname = ANY (${nameArray([...applicationRoles, texts.migrator])})
      OR EXISTS (SELECT FROM app_roles a JOIN pg_auth_members m ON m.roleid = a.oid
        WHERE m.member = r.oid AND starts_with(r.rolname, a.rolname || '_'))),
  becomes AS (SELECT oid AS login, oid AS role FROM logins
    UNION SELECT b.login, m.roleid FROM becomes b JOIN pg_auth_members m ON m.member = b.role)
  SELECT DISTINCT f.* FROM (${faults.map(select).join("\n  UNION ALL ")}) f`;
}
