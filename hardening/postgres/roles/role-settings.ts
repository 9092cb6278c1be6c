/** Settings of roles for which the database provider has no argument, as SQL. */
import { identifier, quoted } from "../server/identifiers";
import { SUPERUSER_RESERVED_CONNECTIONS } from "../server/postgres-config";
import { DATABASE_ROLES, type DatabaseRole } from "./roles";

/**
 * Milliseconds that a statement of the role waits for a lock, where postgresql.conf has 10000 for everyone. A request
 * gives up before its user does; a dump waits for a migration to end (pg_dump sets its own besides).
 */
export const LOCK_TIMEOUT_MS: Readonly<Record<DatabaseRole, number>> = {
  migrator: 10_000,
  app_rw: 5_000,
  app_ro: 5_000,
  backup: 300_000,
  monitor: 5_000,
};

export interface RoleSettingsSqlArgs {
  readonly superuser: string;
  /** Who logs in as a member of a role: a setting goes by the login, not by the role that it becomes. */
  readonly members: readonly { readonly login: string; readonly role: string }[];
}

/** Statements for the superuser; the roles exist, and applying them again changes nothing. */
export function renderRoleSettingsSql({ superuser, members }: RoleSettingsSqlArgs): string[] {
  const roles = DATABASE_ROLES.map((role): { login: string; role: string } => ({ login: role, role }));
  return [
    ...[...roles, ...members].map(({ login, role }, index) => {
      const known = DATABASE_ROLES.find((one) => one === role);
      if (known === undefined)
        throw new Error(
          `members[${index - roles.length}].role: "${role}" is not a role; use one of ${DATABASE_ROLES.join(", ")}`,
        );
      return `ALTER ROLE ${quoted(identifier("login", login))} SET lock_timeout TO ${LOCK_TIMEOUT_MS[known]}`;
    }),
    // PostgreSQL holds no superuser to a limit; said all the same, as what is reserved for it and for whoever audits
    // it.
    `ALTER ROLE ${quoted(identifier("superuser", superuser))} CONNECTION LIMIT ${SUPERUSER_RESERVED_CONNECTIONS}`,
  ];
}
