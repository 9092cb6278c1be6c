/** Tenants' rows: what the guard finds in the catalogs, and what sessions of each login see and may write. */
import { quoted } from "../../../hardening/postgres/server/identifiers";
import { POSTGRES_SUPERUSER, type DatabaseRole } from "../../../hardening/postgres/roles/roles";
import { literal, type Tenancy, type TenancyArgs } from "../../../hardening/postgres/tenancy/tenancy";
import { tenancyFaultsSql, tenancyReportSql } from "../../../hardening/postgres/tenancy/tenancy-guard-sql";
import { leaf, tree } from "../../../hardening/tree";
import type { Finding } from "../../check";
import type { Stage } from "../../stage";
import { DatabaseClient, hasDatabase, look, schemasByDatabase } from "../database/client";
import type { KnownLogin } from "../database/logins";
import type { Probe } from "../probe";
import { judgeTries, nobodysTenant, tries, type TenantTable, type Tenants } from "./tries";

/** Tables that are tried one by one; of more, the first ones. The catalogs are read for all. */
const TRIED_TABLES = 40;
const SUBJECT: readonly DatabaseRole[] = ["migrator", "app_rw", "app_ro"];

const json = (query: string): string => `SELECT coalesce(json_agg(q), '[]'::json) FROM (${query}) q`;
const rowsOf = (found: unknown): Readonly<Record<string, unknown>>[] =>
  Array.isArray(found) ? (found as unknown[]).map(tree) : [];

/** What is said of one database's tenancy. */
export function tenancyOf({ config }: Pick<Stage, "config">, database: string): Tenancy | undefined {
  const { name, tenancy, databases } = config.database;
  if (tenancy === undefined || database === name) return tenancy;
  const own = databases[database]?.tenancy;
  return { ...tenancy, sharedTables: own?.sharedTables, exceptions: own?.exceptions ?? [] };
}

/** @param report what tenancyReportSql gave; @param faults what tenancyFaultsSql gave */
export function catalogFindings(database: string, report: unknown, faults: unknown): Finding[] {
  const target = `database ${database}`;
  const tables = rowsOf(report).filter(({ covered }) => covered === true);
  const open = tables.filter(({ enabled, forced, asConfigured }) => !(enabled && forced && asConfigured));
  const found = rowsOf(faults).map(({ fault }) => leaf(fault));
  const about = new Set(found.map((fault) => fault.split(":")[0]));
  const all = [
    ...open
      .map(({ table }) => leaf(table))
      .filter((table) => !about.has(table))
      .map((table) => `${table}: its policies are not as configured`),
    ...found,
  ];
  if (all.length > 0) return all.map((evidence) => ({ status: "fail", target, evidence }));
  return [
    {
      status: "pass",
      target,
      evidence: `${tables.length} tables of tenants, row security enabled and forced by the configured policies`,
    },
  ];
}

/** Covered tables with their other columns. `real` is asked for apart, as a role that row security does not hold. */
const tablesQuery = (keys: readonly string[], column: string): string =>
  json(`SELECT format('%I.%I', n.nspname, c.relname) AS name,
    ARRAY (SELECT quote_ident(a.attname) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0
      AND NOT a.attisdropped AND a.attgenerated = '' AND a.attidentity = ''
      AND a.attname <> ${literal(column)}) AS columns
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname || '.' || c.relname = ANY (ARRAY[${keys.map(literal).join(", ")}]::text[]) ORDER BY 1`);

interface Subject {
  readonly stage: Stage;
  readonly client: DatabaseClient;
  readonly database: string;
  readonly tenancy: Tenancy;
}

/** A tenant that has a row, by table; read as `backup`, whom row security does not hold. */
async function realTenants(
  { client, database, tenancy }: Subject,
  tables: readonly TenantTable[],
): Promise<Map<string, string>> {
  const column = quoted(tenancy.column);
  const queries = tables.map(
    ({ name }) => `SELECT ${column} AS value FROM ${name} WHERE ${column} IS NOT NULL LIMIT 1`,
  );
  // Without it the control is missing, and the tries themselves still tell.
  const given = await client.values("backup", database, queries).catch((): readonly undefined[] => []);
  return new Map(
    tables.flatMap(({ name }, index) => (given[index] === undefined ? [] : [[name, given[index]] as const])),
  );
}

async function loginFinding(
  subject: Subject,
  login: KnownLogin,
  tables: readonly TenantTable[],
  real: Map<string, string>,
): Promise<Finding> {
  const { client, database, tenancy } = subject;
  const target = `${login.login} in database ${database}`;
  const all = tables.flatMap((table) => {
    const own = real.get(table.name);
    const tenants: Tenants = {
      one: nobodysTenant(tenancy.type),
      other: nobodysTenant(tenancy.type),
      ...(own === undefined ? {} : { real: own }),
    };
    return tries(tenancy, table, tenants, login.role !== "app_ro").map((one) => ({
      ...one,
      what: `${one.what} (${table.name})`,
    }));
  });
  // Who does not get in is a fault of another probe's.
  const attempts = await client.attempts(login.login, database, all).catch((error: unknown) => String(error));
  if (typeof attempts === "string") return { status: "skip", target, evidence: `not told: ${attempts}` };
  const { faults, held, untold } = judgeTries(all, attempts);
  if (faults.length > 0) return { status: "fail", target, evidence: faults.join("; ") };
  if (held === 0) return { status: "skip", target, evidence: `not told: ${untold.slice(0, 3).join("; ")}` };
  const rest = untold.length === 0 ? "" : `; not told: ${untold.slice(0, 3).join("; ")}`;
  return {
    status: "pass",
    target,
    evidence: `${held} tries on ${tables.length} tables as they have to be, ${real.size} of them with rows${rest}`,
  };
}

async function ofDatabase(subject: Subject, schemas: readonly string[]): Promise<Finding[]> {
  const { stage, client, database, tenancy } = subject;
  const args: TenancyArgs = { schemas, superuser: POSTGRES_SUPERUSER, tenancy };
  const [report, faults] = await Promise.all([
    look(stage, database, json(tenancyReportSql(args))),
    look(stage, database, json(tenancyFaultsSql(args))),
  ]);
  const covered = rowsOf(report).filter((row) => row["covered"] === true);
  const keys = covered.slice(0, TRIED_TABLES).map(({ table }) => leaf(table));
  const tables = rowsOf(await look(stage, database, tablesQuery(keys, tenancy.column))).map(
    ({ name, columns }): TenantTable => ({
      name: leaf(name),
      columns: Array.isArray(columns) ? (columns as unknown[]).map(leaf) : [],
    }),
  );
  if (tables.length === 0) return catalogFindings(database, report, faults);
  const real = await realTenants(subject, tables);
  const logins = client.logins.filter(({ role, over }) => SUBJECT.includes(role) && !over);
  return [
    ...catalogFindings(database, report, faults),
    ...(await Promise.all(logins.map((login) => loginFinding(subject, login, tables, real)))),
  ];
}

export const tenancy: Probe = {
  id: "probe-tenancy",
  title: "no session sees or writes a row of another tenant, and none sees a row without a tenant",
  severity: "critical",
  why: "row security is what stands between customers where a query forgets its WHERE",
  run: async (stage) => {
    if (!hasDatabase(stage) || stage.config.database.tenancy === undefined) return [];
    const client = await DatabaseClient.open(stage);
    const all = await Promise.all(
      schemasByDatabase(stage).map(async ([database, schemas]) => {
        const own = tenancyOf(stage, database);
        return own === undefined ? [] : ofDatabase({ stage, client, database, tenancy: own }, schemas);
      }),
    );
    return all.flat();
  },
};
