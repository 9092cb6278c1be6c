/** The SQL that the provider executes for a `DatabasePrivileges`: for operators to read and for tests to apply. */
import { alphanumericPassword } from "../../values";
import { quoted } from "../server/identifiers";
import {
  PUBLIC,
  type DatabasePrivileges,
  type DefaultPrivilegesSpec,
  type ExtensionSpec,
  type GrantSpec,
  type RoleSpec,
  type SchemaSpec,
} from "./privileges";
import { isScramVerifier } from "./scram";

function grantee(role: string): string {
  return role === PUBLIC ? "PUBLIC" : quoted(role);
}

function roleStatements(role: RoleSpec, password: string | undefined): string[] {
  const name = quoted(role.name);
  const attributes = [
    `CONNECTION LIMIT ${role.connectionLimit}`,
    "NOSUPERUSER NOCREATEDB NOCREATEROLE INHERIT LOGIN NOREPLICATION",
    role.bypassRowLevelSecurity ? "BYPASSRLS" : "NOBYPASSRLS",
    "VALID UNTIL 'infinity'",
    ...(password === undefined ? [] : [`PASSWORD '${password}'`]),
  ].join(" ");
  const setting = (key: string, milliseconds: number): string =>
    milliseconds === 0 ? `ALTER ROLE ${name} RESET ${key}` : `ALTER ROLE ${name} SET ${key} TO ${milliseconds}`;
  return [
    // The provider knows from its state whether the role exists; SQL has to look.
    `DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '${role.name}') THEN CREATE ROLE ` +
      `${name}; END IF; END $$`,
    `ALTER ROLE ${name} WITH ${attributes}`,
    ...role.roles.map((membership) => `GRANT ${quoted(membership)} TO ${name}`),
    `ALTER ROLE ${name} SET search_path TO ${role.searchPaths.map(quoted).join(", ")}`,
    setting("statement_timeout", role.statementTimeoutMs),
    setting("idle_in_transaction_session_timeout", role.idleInTransactionSessionTimeoutMs),
    ...(role.assumeRole === undefined ? [] : [`ALTER ROLE ${name} SET ROLE TO ${quoted(role.assumeRole)}`]),
  ];
}

function schemaStatements(schema: SchemaSpec): string[] {
  return [
    `CREATE SCHEMA IF NOT EXISTS ${quoted(schema.name)} AUTHORIZATION ${quoted(schema.owner)}`,
    `ALTER SCHEMA ${quoted(schema.name)} OWNER TO ${quoted(schema.owner)}`,
  ];
}

function extensionStatement(extension: ExtensionSpec): string {
  return `CREATE EXTENSION IF NOT EXISTS ${quoted(extension.name)} SCHEMA ${quoted(extension.schema)}`;
}

function grantTarget(grant: GrantSpec): string {
  switch (grant.objectType) {
    case "database":
      return `DATABASE ${quoted(grant.database)}`;
    case "schema":
      return `SCHEMA ${quoted(grant.schema ?? "")}`;
    case "function": {
      const names = (grant.objects ?? []).map((signature) => {
        const [name = "", rest = ""] = signature.split(/(?=\()/, 2);
        return `${quoted(grant.schema ?? "")}.${quoted(name)}${rest}`;
      });
      return `FUNCTION ${names.join(", ")}`;
    }
    default: {
      const unknown: never = grant.objectType;
      throw new Error(`objectType: unknown ${String(unknown)}`);
    }
  }
}

/** Revoke, then grant: the way the provider makes a smaller list of privileges smaller in the database too. */
function grantStatements(grant: GrantSpec): string[] {
  const target = grantTarget(grant);
  const revoke = `REVOKE ALL PRIVILEGES ON ${target} FROM ${grantee(grant.role)}`;
  return grant.privileges.length === 0
    ? [revoke]
    : [revoke, `GRANT ${grant.privileges.join(", ")} ON ${target} TO ${grantee(grant.role)}`];
}

function defaultPrivilegesStatements(rule: DefaultPrivilegesSpec): string[] {
  const where = rule.schema === undefined ? "" : ` IN SCHEMA ${quoted(rule.schema)}`;
  const prefix = `ALTER DEFAULT PRIVILEGES FOR ROLE ${quoted(rule.owner)}${where}`;
  const objects = `${rule.objectType.toUpperCase()}S`;
  const revoke = `${prefix} REVOKE ALL ON ${objects} FROM ${grantee(rule.role)}`;
  return rule.privileges.length === 0
    ? [revoke]
    : [revoke, `${prefix} GRANT ${rule.privileges.join(", ")} ON ${objects} TO ${grantee(rule.role)}`];
}

export interface PrivilegesSqlArgs {
  /** The database in which the statements are run; roles come with the first one. @default the first */
  readonly database?: string;
  /** Plain (alphanumeric) or SCRAM verifiers (see scram.ts), by role; without one, no password is set. @default none */
  readonly passwords?: Readonly<Record<string, string>>;
  /** Logins beside the model's roles. @default none */
  readonly logins?: readonly RoleSpec[];
}

/**
 * SQL statements, to be run by the superuser in one transaction. The database exists; applying them again changes
 * nothing.
 */
export function renderPrivilegesSql(
  privileges: DatabasePrivileges,
  { database = privileges.database, passwords = {}, logins = [] }: PrivilegesSqlArgs = {},
): string[] {
  const password = (role: string): string | undefined => {
    const value = passwords[role];
    if (value === undefined || isScramVerifier(value)) return value;
    return alphanumericPassword(`passwords.${role}`, value);
  };
  const first = database === privileges.database;
  const further = privileges.databases.map(({ name }) => name);
  // Who may enter PostgreSQL's own databases is declared along with the first database; what is in them, only inside of
  // them.
  const here = <T extends { readonly database: string; readonly schema?: string }>(entries: readonly T[]): T[] =>
    entries.filter(
      (entry) =>
        entry.database === database || (first && entry.schema === undefined && !further.includes(entry.database)),
    );
  return [
    ...(first ? [...privileges.roles, ...logins].flatMap((role) => roleStatements(role, password(role.name))) : []),
    ...here(privileges.schemas).flatMap(schemaStatements),
    ...here(privileges.extensions).map(extensionStatement),
    ...here(privileges.grants).flatMap(grantStatements),
    ...here(privileges.defaultPrivileges).flatMap(defaultPrivilegesStatements),
  ];
}

/**
 * The backup role's rights on what is there already. Default privileges are for what is made after them: a database
 * that is older than the role, or that a restore brought, would have tables that no backup holds.
 */
export function renderBackupRightsSql(schemas: readonly string[]): string[] {
  return schemas.flatMap((schema) =>
    ["TABLES", "SEQUENCES"].map((objects) => `GRANT SELECT ON ALL ${objects} IN SCHEMA ${quoted(schema)} TO "backup"`),
  );
}
