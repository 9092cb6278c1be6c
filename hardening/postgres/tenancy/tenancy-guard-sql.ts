/**
 * The guard: confines every table that is to be, then looks whether anything leaks all the same. And the way out. The
 * SQL is no file of its own, as a stack's schemas, exceptions and column stand in it.
 */
import { identifier, quoted } from "../server/identifiers";
import {
  coveredTables,
  FIXED_SETTINGS,
  nameArray,
  policyIsRight,
  REFERENCE_TRIGGER_PREFIX,
  TENANCY_EVENT_TRIGGERS,
  TENANCY_FAULT_SQLSTATE,
  TENANCY_SCHEMA,
  TENANT_ONLY_POLICY,
  TENANT_POLICY,
  tenancyTexts,
  type TenancyArgs,
  type TenancyGuardArgs,
  type TenancyTexts,
} from "./tenancy";
import { faultsQuery } from "./tenancy-faults-sql";
import { SETTINGS, TENANCY_FUNCTIONS } from "./tenancy-sql";
import { SERVICE_ROLES } from "../roles/roles";

const S = TENANCY_SCHEMA;
const block = (body: string): string => `DO $rampart$\n${body}\n$rampart$`;

/**
 * Takes Rampart's policies off the tables of a query (oid, key, name),
 * and row security too where no other policy is left.
 */
function release(tables: string, why: string): string {
  return `FOR target IN ${tables} LOOP
    EXECUTE format('DROP POLICY IF EXISTS ${TENANT_POLICY} ON %s', target.name);
    EXECUTE format('DROP POLICY IF EXISTS ${TENANT_ONLY_POLICY} ON %s', target.name);
    IF EXISTS (SELECT FROM pg_policy WHERE polrelid = target.oid) THEN
      RAISE WARNING 'tenancy: %: ${why}; row security stays on for the policies that are left', target.key;
    ELSE
      EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY', target.name);
      RAISE WARNING 'tenancy: %: ${why}; row security is off', target.key;
    END IF;
  END LOOP;`;
}

const CONFINED = `SELECT DISTINCT c.oid, n.nspname || '.' || c.relname AS key,
      format('%I.%I', n.nspname, c.relname) AS name
    FROM pg_policy pol JOIN pg_class c ON c.oid = pol.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE pol.polname IN ('${TENANT_POLICY}', '${TENANT_ONLY_POLICY}')`;

const excepted = ({ exceptions }: TenancyTexts): string =>
  `SELECT * FROM (${CONFINED}) t WHERE t.key = ANY (${nameArray(exceptions)})`;

const coverAll = (texts: TenancyTexts): string =>
  block(`
DECLARE
  target record;
BEGIN
  ${release(excepted(texts), "is an exception of the configuration")}
  PERFORM ${S}.tenancy_cover(t.oid) FROM (${coveredTables(texts)}) t;
  PERFORM ${S}.tenancy_cover_references();
END`);

/**
 * Counts rows past row security as `backup`, whom row security does not hold and who can change nothing: a table's
 * owner can have code run by whoever reads it (index predicates, immutable functions), which must not be the superuser.
 * What that code does is never committed: see `check`.
 */
const counter = (backup: string): string[] => [
  `CREATE OR REPLACE FUNCTION ${S}.tenancy_count(query text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER ${FIXED_SETTINGS.map((setting) => `SET ${setting}`).join(" ")} AS $rampart$
DECLARE total bigint;
BEGIN
  EXECUTE query INTO total;
  RETURN total;
END
$rampart$`,
  `REVOKE ALL ON FUNCTION ${S}.tenancy_count(text) FROM PUBLIC`,
  `ALTER FUNCTION ${S}.tenancy_count(text) OWNER TO ${quoted(backup)}`,
];

const check = (texts: TenancyTexts, applicationRoles: readonly string[]): string =>
  block(`
DECLARE
  exceptions constant text[] := ${nameArray(texts.exceptions)};
  matched text[];
  lines text[] := '{}';
  fault record;
  crossing record;
  total bigint;
  problem text;
BEGIN
  -- An exception for a table that would be confined is in use; any other has to silence a fault.
  matched := ARRAY (SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = '${texts.column}' AND a.attnum > 0
        AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p') AND n.nspname = ANY (${nameArray(texts.schemas)}));
  matched := matched || ARRAY (SELECT n.nspname || '.' || con.conname FROM pg_constraint con
    JOIN pg_namespace n ON n.oid = con.connamespace
    WHERE con.contype = 'f' AND n.nspname = ANY (${nameArray(texts.schemas)}));
  matched := matched || ARRAY (SELECT u.key FROM (${faultsQuery({ ...texts, exceptions: [] }, applicationRoles)}) f
    CROSS JOIN unnest(f.keys) AS u(key));
  FOR fault IN ${faultsQuery(texts, applicationRoles)} LOOP
    CONTINUE WHEN fault.keys && exceptions;
    lines := lines || format('tenancy: %s: %s; %s', fault.object, fault.problem, fault.fix);
  END LOOP;
  lines := lines || ARRAY (SELECT
    format('tenancy: %s: is in database.tenancy.exceptions, but there is nothing to except; remove it', e)
    FROM unnest(exceptions) AS e WHERE e <> ALL (matched));
  FOR crossing IN SELECT r.child_key, r.conname, r.parent_relname, r.crossing FROM ${S}.tenancy_references() r LOOP
    total := NULL;
    -- Always rolled back: code that ran while rows were read may have left a deferred trigger or a cursor WITH HOLD,
    -- which the end of the transaction would run as the superuser. A variable keeps its value.
    BEGIN
      total := ${S}.tenancy_count(crossing.crossing);
      RAISE EXCEPTION 'counted';
    EXCEPTION WHEN OTHERS THEN
      problem := CASE WHEN total IS NULL THEN SQLERRM END;
    END;
    -- Code that ran meanwhile may have left another path; no operator is looked up before it is back.
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    IF problem IS NOT NULL THEN
      lines := lines || format('tenancy: %s: the rows of foreign key %I cannot be checked: %s; '
        'grant SELECT to the role of the backups',
        crossing.child_key, crossing.conname, problem);
    ELSIF total > 0 THEN
      lines := lines || format('tenancy: %s: %s row(s) refer by foreign key %I to a row of %s that belongs to another '
        'tenant; correct the rows in a migration, as each tenant in turn',
        crossing.child_key, total, crossing.conname, crossing.parent_relname);
    END IF;
  END LOOP;
  IF cardinality(lines) > 0 THEN
    RAISE EXCEPTION USING ERRCODE = '${TENANCY_FAULT_SQLSTATE}',
      MESSAGE = array_to_string(ARRAY (SELECT DISTINCT line FROM unnest(lines) AS line ORDER BY line), E'\\n');
  END IF;
END`);

/**
 * Statements for the superuser, in one transaction, after `renderTenancySql` and the migration, before services are
 * replaced. Fails with SQLSTATE RT001 and one line a fault, `tenancy: <object>: <what is wrong>; <fix>`; the
 * transaction is rolled back then, and what `renderTenancySql` did in an earlier one stays.
 */
export function renderTenancyGuardSql(args: TenancyGuardArgs): string[] {
  const texts = tenancyTexts(args);
  const roles = (args.applicationRoles ?? SERVICE_ROLES).map((role) => identifier("applicationRoles", role));
  return [
    ...SETTINGS,
    coverAll(texts),
    ...counter(identifier("backup", args.backup ?? "backup")),
    check(texts, roles),
    `DROP FUNCTION ${S}.tenancy_count(text)`,
  ];
}

/**
 * A query of everything that the guard finds in the catalogs, as one column of texts, `<object>: <what is wrong>`: it
 * changes nothing, and reads no row of a table of tenants, so that it also runs on a busy server.
 */
export function tenancyFaultsSql(args: TenancyGuardArgs): string {
  const texts = tenancyTexts(args);
  const roles = (args.applicationRoles ?? SERVICE_ROLES).map((role) => identifier("applicationRoles", role));
  return `SELECT format('%s: %s', f.object, f.problem) AS fault FROM (${faultsQuery(texts, roles)}) f
  WHERE NOT f.keys && ${nameArray(texts.exceptions)} ORDER BY 1`;
}

/**
 * A query (table, covered, enabled, forced, policies, asConfigured) of every table in the schemas;
 * reads only catalogs.
 */
export function tenancyReportSql(args: TenancyArgs): string {
  const texts = tenancyTexts(args);
  return `SELECT n.nspname || '.' || c.relname AS "table", t.oid IS NOT NULL AS covered,
  c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced,
  ARRAY (SELECT pol.polname::text FROM pg_catalog.pg_policy pol WHERE pol.polrelid = c.oid ORDER BY 1) AS policies,
  t.oid IS NULL OR c.relrowsecurity AND c.relforcerowsecurity AND t.type = '${texts.type}'
    AND (SELECT count(*) = 2 FROM pg_catalog.pg_policy pol WHERE pol.polrelid = c.oid
    AND pol.polname IN ('${TENANT_POLICY}', '${TENANT_ONLY_POLICY}') AND ${policyIsRight(texts)}) AS "asConfigured"
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN (${coveredTables(texts)}) t ON t.oid = c.oid
WHERE c.relkind IN ('r', 'p') AND n.nspname = ANY (${nameArray(texts.schemas)}) ORDER BY 1`;
}

/**
 * For a configuration without `database.tenancy`: fails while tables are still confined, naming them, so that a key
 * lost in a merge opens nothing. Event triggers and policies stay as they are.
 * Changes nothing where there never was tenancy.
 */
export function renderTenancyAbsentSql(fix: string): string[] {
  return [
    ...SETTINGS,
    block(`
DECLARE confined text;
BEGIN
  SELECT string_agg(t.key, ', ' ORDER BY t.key) INTO confined FROM (${CONFINED}) t;
  IF confined IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = '${TENANCY_FAULT_SQLSTATE}',
      MESSAGE = format('tenancy: the configuration has no database.tenancy, but these tables are confined to tenants: '
        '%s; %s', confined, '${fix.replaceAll("'", "''").replaceAll("$", "")}');
  END IF;
END`),
  ];
}

/**
 * Takes tenancy out of a database: event triggers, triggers, policies, functions, and row security where no other
 * policy is left, with a warning for each table. Every tenant's rows are open afterwards: run it only on
 * an explicit word, never because a key is missing (renderTenancyAbsentSql).
 * Changes nothing where there never was tenancy.
 */
export function renderTenancyRemovalSql(): string[] {
  return [
    ...SETTINGS,
    ...Object.values(TENANCY_EVENT_TRIGGERS).map((name) => `DROP EVENT TRIGGER IF EXISTS ${name}`),
    block(`
DECLARE
  target record;
  work text;
BEGIN
  FOREACH work IN ARRAY ARRAY (SELECT format('DROP TRIGGER %I ON %I.%I', t.tgname, n.nspname, c.relname)
      FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE starts_with(t.tgname, '${REFERENCE_TRIGGER_PREFIX}') AND t.tgparentid = 0) LOOP
    EXECUTE work;
  END LOOP;
  ${release(CONFINED, "is no longer confined to tenants")}
END`),
    ...TENANCY_FUNCTIONS.map((signature) => `DROP FUNCTION IF EXISTS ${S}.${signature}`),
    // Other parts may keep theirs in the schema.
    block(`BEGIN
  IF NOT EXISTS (SELECT FROM pg_depend
    WHERE refclassid = 'pg_namespace'::regclass AND refobjid = to_regnamespace('${S}')) THEN
    DROP SCHEMA IF EXISTS ${S};
  END IF;
END`),
  ];
}
