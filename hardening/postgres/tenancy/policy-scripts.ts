/**
 * Tenancy and its guard for every database of a stack, as statements: `pulumi up` runs them, and a restore before it
 * replaces what is live.
 */
import { renderDropOwnedSql } from "../roles/drop-owned-sql";
import { renderBackupRightsSql } from "../roles/privileges-sql";
import type { Tenancy } from "./tenancy";
import { renderTenancyAbsentSql, renderTenancyGuardSql } from "./tenancy-guard-sql";
import { renderTenancySql } from "./tenancy-sql";

/** Statements to run in one transaction as the superuser. */
export interface DatabaseScript {
  readonly database: string;
  readonly statements: readonly string[];
}

/** `database` of the configuration, as far as it matters here. */
export interface PolicyDatabases {
  readonly name: string;
  readonly schema: string;
  readonly schemas: readonly string[];
  readonly databases: Readonly<
    Record<
      string,
      { readonly schemas: readonly string[]; readonly tenancy: Pick<Tenancy, "sharedTables" | "exceptions"> }
    >
  >;
  readonly tenancy?: Tenancy | undefined;
}

const TENANCY_ABSENT_FIX = "put rampart:database.tenancy back, or see docs/tenancy.md on how to take it out";

/** Before a migration: what it makes is confined as it is made. None without tenancy. */
export function tenancyScripts(config: PolicyDatabases, superuser: string): DatabaseScript[] {
  return config.tenancy === undefined
    ? []
    : scripts(config, (schemas, tenancy) =>
        tenancy === undefined ? [] : renderTenancySql({ schemas, superuser, tenancy }),
      );
}

/** After a migration or a restore: confines every table of a tenant's, and fails where something leaks. */
export function guardScripts(config: PolicyDatabases, superuser: string): DatabaseScript[] {
  return scripts(config, (schemas, tenancy) => {
    const args = { schemas, superuser };
    const confined =
      tenancy === undefined
        ? renderTenancyAbsentSql(TENANCY_ABSENT_FIX)
        : [...renderTenancySql({ ...args, tenancy }), ...renderTenancyGuardSql({ ...args, tenancy })];
    return [...renderDropOwnedSql(superuser), ...renderBackupRightsSql(schemas), ...confined];
  });
}

/** The same statements for each database, by its schemas and what tenancy leaves out there. */
function scripts(
  { name, schema, schemas, databases, tenancy }: PolicyDatabases,
  render: (schemas: readonly string[], tenancy: Tenancy | undefined) => string[],
): DatabaseScript[] {
  const further = Object.entries(databases).sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    { database: name, statements: render([schema, ...schemas], tenancy) },
    ...further.map(([database, own]) => ({
      database,
      statements: render(
        own.schemas,
        tenancy === undefined
          ? undefined
          : { ...tenancy, sharedTables: own.tenancy.sharedTables, exceptions: own.tenancy.exceptions },
      ),
    })),
  ];
}
