/**
 * The roles of a stack, as data: one set for the whole server, whatever databases it holds. Each entry is one
 * `postgresql.Role` with exactly the arguments that the provider reads back unchanged.
 */

/** The bootstrap superuser, whose password only the Pulumi provider is given. */
export const POSTGRES_SUPERUSER = "postgres";

export const DATABASE_ROLES = ["migrator", "app_rw", "app_ro", "backup", "monitor"] as const;
export type DatabaseRole = (typeof DATABASE_ROLES)[number];

/** Something for each role. */
export const ofEachRole = <T>(of: (role: DatabaseRole) => T): Readonly<Record<DatabaseRole, T>> =>
  Object.fromEntries(DATABASE_ROLES.map((role) => [role, of(role)])) as Record<DatabaseRole, T>;

/** The roles that services use. They log in as a member of the role, which the next rotation replaces by another. */
export const SERVICE_ROLES = ["app_rw", "app_ro"] as const;
export type ServiceRole = (typeof SERVICE_ROLES)[number];

/** What a stack may tune about a role. */
export interface RoleLimits {
  /** Connections at a time. */
  readonly connectionLimit: number;
  /**
   * Milliseconds after which a statement is cancelled; 0 is never. A default of the session, not a wall: see
   * docs/database-roles.md.
   */
  readonly statementTimeoutMs: number;
  /** Milliseconds that a transaction may sit idle before its session is ended; 0 is for ever. */
  readonly idleInTransactionSessionTimeoutMs: number;
}

/** `postgresql.Role` */
export interface RoleSpec extends RoleLimits {
  readonly name: string;
  readonly why: string;
  readonly login: true;
  readonly superuser: false;
  readonly createDatabase: false;
  readonly createRole: false;
  readonly replication: false;
  readonly bypassRowLevelSecurity: boolean;
  readonly inherit: true;
  readonly searchPaths: readonly string[];
  /** Memberships. Any update of the resource revokes every membership that is not listed here. */
  readonly roles: readonly string[];
  /** The role that a session becomes at login: `current_user` is this one. */
  readonly assumeRole?: string;
}

/**
 * An hour for a migration that rewrites a large table; half a minute for a request; two for a report. A dump takes as
 * long as it takes, and it may sit idle in its transaction while the far end of the repository is slow.
 */
export const DEFAULT_ROLE_LIMITS: Readonly<Record<DatabaseRole, RoleLimits>> = {
  migrator: { connectionLimit: 5, statementTimeoutMs: 3_600_000, idleInTransactionSessionTimeoutMs: 300_000 },
  app_rw: { connectionLimit: 50, statementTimeoutMs: 30_000, idleInTransactionSessionTimeoutMs: 60_000 },
  app_ro: { connectionLimit: 20, statementTimeoutMs: 120_000, idleInTransactionSessionTimeoutMs: 60_000 },
  backup: { connectionLimit: 4, statementTimeoutMs: 0, idleInTransactionSessionTimeoutMs: 3_600_000 },
  monitor: { connectionLimit: 3, statementTimeoutMs: 30_000, idleInTransactionSessionTimeoutMs: 60_000 },
};

const ROLE_WHY: Readonly<Record<DatabaseRole, string>> = {
  migrator: "owns the schemas and runs DDL, only in the migration job",
  app_rw: "what the application runs as: rows, never structure",
  app_ro: "reports and dashboards: reads rows, changes nothing",
  backup: "dumps: reads all rows of all tenants, so it bypasses row security; changes nothing",
  monitor: "exporters and dashboards of the server itself: statistics and settings, no rows",
};

/** A dump of rows that row security hides would be no backup, and pg_dump refuses to make one. */
const BYPASSES_ROW_SECURITY: readonly DatabaseRole[] = ["backup"];

/** pg_monitor reads statistics and settings. Never pg_read_all_data, which reads pg_authid, too. */
const MEMBERSHIPS: Readonly<Record<DatabaseRole, readonly string[]>> = {
  migrator: [],
  app_rw: [],
  app_ro: [],
  backup: [],
  monitor: ["pg_monitor"],
};

const MINIMUM: RoleLimits = { connectionLimit: 1, statementTimeoutMs: 0, idleInTransactionSessionTimeoutMs: 0 };

export function roleSpec(
  role: DatabaseRole,
  searchPaths: readonly string[],
  limits: Partial<RoleLimits> | undefined,
): RoleSpec {
  const merged = { ...DEFAULT_ROLE_LIMITS[role], ...limits };
  for (const key of ["connectionLimit", "statementTimeoutMs", "idleInTransactionSessionTimeoutMs"] as const) {
    if (!Number.isSafeInteger(merged[key]) || merged[key] < MINIMUM[key] || merged[key] > 2_147_483_647) {
      throw new Error(
        `limits.${role}.${key}: ${merged[key]} is not allowed; use a whole number, at least ${MINIMUM[key]}`,
      );
    }
  }
  return {
    name: role,
    why: ROLE_WHY[role],
    login: true,
    superuser: false,
    createDatabase: false,
    createRole: false,
    replication: false,
    bypassRowLevelSecurity: BYPASSES_ROW_SECURITY.includes(role),
    inherit: true,
    connectionLimit: merged.connectionLimit,
    statementTimeoutMs: merged.statementTimeoutMs,
    idleInTransactionSessionTimeoutMs: merged.idleInTransactionSessionTimeoutMs,
    searchPaths,
    roles: MEMBERSHIPS[role],
  };
}

/**
 * What services log in as: a member of `role` with its limits, since those go by the login. It becomes the role at
 * login, so that policies and `current_user` see the role; it can do nothing else, and it owns nothing, so that it can
 * be dropped.
 */
export function loginSpec(role: RoleSpec, name: string): RoleSpec {
  return {
    ...role,
    name,
    why: `what services log in as until the next rotation; becomes ${role.name}`,
    roles: [role.name],
    assumeRole: role.name,
  };
}
