/**
 * Tenancy by row security: what a stack says about it, checked, and the texts that the SQL of tenancy-*.ts shares. The
 * statements are run by the superuser; see docs/tenancy.md for what they amount to.
 */
import { identifier } from "../server/identifiers";

export const TENANT_COLUMN_TYPES = ["uuid", "bigint", "integer", "text"] as const;
export type TenantColumnType = (typeof TENANT_COLUMN_TYPES)[number];

/** `database.tenancy` of the configuration. */
export interface Tenancy {
  /** The session variable that holds the tenant, for example `app.tenant_id`. */
  readonly variable: string;
  /** The column that every table of a tenant's has. */
  readonly column: string;
  readonly type: TenantColumnType;
  /**
   * Tables that belong to no tenant, as `<schema>.<table>`.
   * @default every table without the column that refers to no table with it
   */
  readonly sharedTables?: readonly string[] | undefined;
  /** Objects that were looked at and may stay as they are: a table among them is not confined. */
  readonly exceptions: readonly { readonly object: string; readonly reason: string }[];
}

export interface TenancyArgs {
  /** The application's schemas in this database. */
  readonly schemas: readonly string[];
  /** Who runs the statements and owns what they create. */
  readonly superuser: string;
  /** Who owns the application's tables. @default "migrator" */
  readonly migrator?: string;
  readonly tenancy: Tenancy;
}

export interface TenancyGuardArgs extends TenancyArgs {
  /**
   * A role with BYPASSRLS that can read every table and is no superuser: it counts rows that refer to another tenant's.
   * @default "backup"
   */
  readonly backup?: string;
  /** Whose rights the guard looks at. @default the roles that services use */
  readonly applicationRoles?: readonly string[];
}

/** SQLSTATE of a guard that found faults: a class of its own, which PostgreSQL never uses. */
export const TENANCY_FAULT_SQLSTATE = "RT001";
/** Where the functions live; nobody but the superuser can create anything in it. */
export const TENANCY_SCHEMA = "rampart";
export const TENANT_POLICY = "rampart_tenant";
/** RESTRICTIVE, so that no permissive policy of the application's can widen what the first one allows. */
export const TENANT_ONLY_POLICY = "rampart_tenant_only";
/** Event triggers, by the event that fires them. */
export const TENANCY_EVENT_TRIGGERS = {
  ddl_command_end: "rampart_tenancy_ddl",
  sql_drop: "rampart_tenancy_drop",
} as const;
/**
 * In capitals, so that they fire before PostgreSQL's own `RI_ConstraintTrigger_…`: triggers fire in the order of their
 * names.
 */
export const REFERENCE_TRIGGER_PREFIX = "RAMPART_fk_";

/** A session variable that holds a tenant: PostgreSQL takes such variables only with a prefix. */
export const TENANT_VARIABLE = /^[a-z][a-z0-9_]{0,30}\.[a-z][a-z0-9_]{0,30}$/;
/** `<schema>.<name>` */
export const QUALIFIED_NAME = /^[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*$/;

/** An SQL string literal. */
export function literal(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/** An SQL array of names. */
export function nameArray(values: readonly string[]): string {
  return `ARRAY[${values.map(literal).join(", ")}]::pg_catalog.text[]`;
}

function matching(property: string, value: string, pattern: RegExp, allowed: string): string {
  if (!pattern.test(value)) throw new Error(`${property}: "${value}" is not allowed; use ${allowed}`);
  return value;
}

/** Everything that the SQL is made of, checked a second time here: none of it needs escaping. */
export interface TenancyTexts {
  readonly schemas: readonly string[];
  readonly superuser: string;
  readonly migrator: string;
  readonly variable: string;
  readonly column: string;
  readonly type: TenantColumnType;
  readonly sharedTables: readonly string[] | undefined;
  readonly exceptions: readonly string[];
  /** The right side of the policies' comparison, as it is written. */
  readonly tenant: string;
  /** The same as PostgreSQL 16 shows it (`pg_get_expr`): what a policy is compared with. */
  readonly shownTenant: string;
}

export function tenancyTexts(args: TenancyArgs): TenancyTexts {
  const { tenancy } = args;
  const variable = matching(
    "tenancy.variable",
    tenancy.variable,
    TENANT_VARIABLE,
    "a name with one dot, such as app.tenant_id",
  );
  if (!TENANT_COLUMN_TYPES.includes(tenancy.type))
    throw new Error(`tenancy.type: "${tenancy.type}" is not allowed; use one of ${TENANT_COLUMN_TYPES.join(", ")}`);
  if (args.schemas.length === 0) throw new Error("schemas: none given; name at least one");
  const objects = (property: string, values: readonly string[]): string[] =>
    values.map((value) => matching(property, value, QUALIFIED_NAME, "<schema>.<name>")).sort();
  const cast = tenancy.type === "text" ? "" : `::${tenancy.type}`;
  const shown = `NULLIF(current_setting('${variable}'::text, true), ''::text)`;
  return {
    schemas: args.schemas.map((schema) => identifier("schemas", schema)),
    superuser: identifier("superuser", args.superuser),
    migrator: identifier("migrator", args.migrator ?? "migrator"),
    variable,
    column: identifier("tenancy.column", tenancy.column),
    type: tenancy.type,
    sharedTables:
      tenancy.sharedTables === undefined ? undefined : objects("tenancy.sharedTables", tenancy.sharedTables),
    exceptions: objects(
      "tenancy.exceptions",
      tenancy.exceptions.map(({ object }) => object),
    ),
    // A sub-select is evaluated once a query and lets an index on the column be used; unset and empty are NULL, which
    // equals nothing.
    tenant: `(SELECT NULLIF(pg_catalog.current_setting('${variable}', true), '')${cast} AS tenant)`,
    shownTenant: `( SELECT ${cast === "" ? shown : `(${shown})${cast}`} AS tenant)`,
  };
}

/**
 * A query of the tables that are confined: ordinary and partitioned ones of the schemas that have the column and are
 * not excepted. `key` is what a configuration calls it, `name` what SQL does.
 */
export function coveredTables({ schemas, column, exceptions }: TenancyTexts): string {
  return `SELECT c.oid, n.nspname || '.' || c.relname AS key, format('%I.%I', n.nspname, c.relname) AS name,
      c.relname, c.relkind, c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced,
      a.attnum, format_type(a.atttypid, a.atttypmod) AS type, a.attcollation
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = ${literal(column)} AND a.attnum > 0
        AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p') AND n.nspname = ANY (${nameArray(schemas)})
      AND n.nspname || '.' || c.relname <> ALL (${nameArray(exceptions)})`;
}

/**
 * A condition: `pol`, a row of pg_policy, is the one of that name as it has to be. Its text does not show which
 * operator NULLIF compares with, or which function a cast runs; pg_depend names every one that is not PostgreSQL's own.
 */
export function policyIsRight({ column, shownTenant }: TenancyTexts): string {
  const expected = `'(' || quote_ident(${literal(column)}) || ' = ' || ${literal(shownTenant)} || ')'`;
  return `(pol.polcmd = '*' AND pol.polroles = '{0}'::oid[]
      AND pol.polpermissive = (pol.polname = ${literal(TENANT_POLICY)})
      AND NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = 'pg_policy'::regclass AND x.objid = pol.oid
        AND x.refclassid IN ('pg_operator'::regclass, 'pg_proc'::regclass))
      AND pg_get_expr(pol.polqual, pol.polrelid) IS NOT DISTINCT FROM ${expected}
      AND pg_get_expr(pol.polwithcheck, pol.polrelid) IS NOT DISTINCT FROM ${expected})`;
}

/** Settings of every function and block here, so that names mean PostgreSQL's own and texts compare as expected. */
export const FIXED_SETTINGS = [
  "search_path = pg_catalog, pg_temp",
  "quote_all_identifiers = off",
  "standard_conforming_strings = on",
] as const;
