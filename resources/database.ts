/** What a configuration comes to in PostgreSQL: the roles and their privileges, and who may connect as whom. */
import { databaseNames, type LoadedConfig } from "../config";
import type { NetworkPlan } from "../hardening/container/networks";
import { ELEVATION_WATCH, ELEVATION_WATCH_DATABASE } from "../hardening/postgres/elevation/elevations";
import { databasePrivileges, type DatabasePrivileges } from "../hardening/postgres/roles/privileges";
import { DATABASE_ROLES, ofEachRole, POSTGRES_SUPERUSER } from "../hardening/postgres/roles/roles";
import { renderPgHba } from "../hardening/postgres/server/pg-hba";

/** The privilege model of a stack. */
export function privilegesOf({ database }: Pick<LoadedConfig, "database">): DatabasePrivileges {
  const {
    name,
    schema,
    schemas,
    extensions,
    databases,
    connectionLimits,
    statementTimeoutMs,
    idleInTransactionTimeoutMs,
  } = database;
  return databasePrivileges({
    database: name,
    schema,
    schemas,
    extensions,
    databases,
    superuser: POSTGRES_SUPERUSER,
    limits: ofEachRole((role) => ({
      connectionLimit: connectionLimits[role],
      ...(role === "app_rw"
        ? { statementTimeoutMs, idleInTransactionSessionTimeoutMs: idleInTransactionTimeoutMs }
        : {}),
    })),
  });
}

/** Where clients come from. */
export interface DatabaseSources {
  readonly networkPlan: readonly NetworkPlan[];
  /** The forwarder's address. @default none: the provider reaches the server directly */
  readonly forwarderAddress?: string;
}

/** Who may connect as whom, from where. */
export function hbaFile(config: LoadedConfig, args: DatabaseSources): string {
  const internal = args.networkPlan.find((network) => network.name === "internal");
  if (internal === undefined) throw new Error("the plan of the networks has no internal network");
  return renderPgHba({
    superuser: POSTGRES_SUPERUSER,
    superuserSources: [internal.gateway, ...(args.forwarderAddress === undefined ? [] : [args.forwarderAddress])],
    roles: [
      ...databaseNames(config).flatMap((database) => DATABASE_ROLES.map((name) => ({ name, database }))),
      // Elevated logins come in as members of their roles.
      ...(config.database.elevations.length === 0
        ? []
        : [{ name: ELEVATION_WATCH, database: ELEVATION_WATCH_DATABASE }]),
    ],
    subnets: [internal.subnet],
    tls: true,
  });
}
