/**
 * The privilege model of a database, as data. Each entry is one resource of `@pulumi/postgresql` (`Role`, `Schema`,
 * `Grant`, `DefaultPrivileges`) with exactly the arguments that the provider reads back unchanged, so that a second
 * preview is empty. `privileges-sql.ts` renders the same data as SQL, `privilege-table.ts` says what it amounts to.
 */
import { identifier } from "./identifiers";

export type GrantObjectType = "database" | "schema" | "function";
export type DefaultPrivilegeObjectType = "table" | "sequence" | "function" | "type";
export type Privilege =
  | "CONNECT"
  | "DELETE"
  | "EXECUTE"
  | "INSERT"
  | "SELECT"
  | "TEMPORARY"
  | "UPDATE"
  | "USAGE";

/** The pseudo-role that every role belongs to; the provider and SQL both read this name as PUBLIC. */
export const PUBLIC = "public";

export const DATABASE_ROLES = ["migrator", "app_rw", "app_ro"] as const;
export type DatabaseRole = (typeof DATABASE_ROLES)[number];

/** What a stack may tune about a role. */
export interface RoleLimits {
  /** Connections at a time. */
  readonly connectionLimit: number;
  /** Milliseconds after which a statement is cancelled; 0 is never. A default of the session, not a wall: see docs/database-roles.md. */
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
}

/** `postgresql.Schema` */
export interface SchemaSpec {
  readonly id: string;
  readonly name: string;
  readonly database: string;
  readonly owner: string;
}

/** `postgresql.Grant`; no privileges means REVOKE ALL. */
export interface GrantSpec {
  /** Suffix of the resource's logical name: stable, unique within the model. */
  readonly id: string;
  readonly role: string;
  readonly database: string;
  /** Absent for `objectType: "database"`. */
  readonly schema?: string;
  readonly objectType: GrantObjectType;
  /** Signatures, for functions alone. */
  readonly objects?: readonly string[];
  readonly privileges: readonly Privilege[];
  readonly why: string;
}

/** `postgresql.DefaultPrivileges`; no privileges means REVOKE ALL. */
export interface DefaultPrivilegesSpec {
  readonly id: string;
  readonly role: string;
  readonly owner: string;
  readonly database: string;
  /** Absent: the rule is global. Only a global rule can take away what PUBLIC has by PostgreSQL's own defaults. */
  readonly schema?: string;
  readonly objectType: DefaultPrivilegeObjectType;
  readonly privileges: readonly Privilege[];
  readonly why: string;
}

export interface DatabasePrivileges {
  readonly database: string;
  readonly schema: string;
  readonly superuser: string;
  readonly roles: readonly RoleSpec[];
  readonly schemas: readonly SchemaSpec[];
  /** In the order to apply them; all grants of one database have to follow one another, never run side by side. */
  readonly grants: readonly GrantSpec[];
  readonly defaultPrivileges: readonly DefaultPrivilegesSpec[];
}

export interface DatabasePrivilegesArgs {
  readonly database: string;
  /** @default "app" */
  readonly schema?: string;
  /** The bootstrap superuser (POSTGRES_USER), who owns the database. */
  readonly superuser: string;
  /** @default DEFAULT_ROLE_LIMITS */
  readonly limits?: Partial<Readonly<Record<DatabaseRole, Partial<RoleLimits>>>>;
}

/** An hour for a migration that rewrites a large table; half a minute for a request; two for a report. */
export const DEFAULT_ROLE_LIMITS: Readonly<Record<DatabaseRole, RoleLimits>> = {
  migrator: { connectionLimit: 5, statementTimeoutMs: 3_600_000, idleInTransactionSessionTimeoutMs: 300_000 },
  app_rw: { connectionLimit: 50, statementTimeoutMs: 30_000, idleInTransactionSessionTimeoutMs: 60_000 },
  app_ro: { connectionLimit: 20, statementTimeoutMs: 120_000, idleInTransactionSessionTimeoutMs: 60_000 },
};

const ROLE_WHY: Readonly<Record<DatabaseRole, string>> = {
  migrator: "owns the schema and runs DDL, in the migration job alone",
  app_rw: "what the application runs as: rows, never structure",
  app_ro: "reports and dashboards: reads rows, changes nothing",
};

/** Functions that let anyone who can connect store data, whatever else was revoked. Their file-based kin are the superuser's already. */
const LARGE_OBJECT_CREATORS = ["lo_creat(integer)", "lo_create(oid)", "lo_from_bytea(oid, bytea)"] as const;

/** Databases that PostgreSQL makes for itself. PUBLIC may connect to both by default. */
const MAINTENANCE_DATABASES = ["postgres", "template1"] as const;

function roleSpec(role: DatabaseRole, schema: string, limits: Partial<RoleLimits> | undefined): RoleSpec {
  const merged = { ...DEFAULT_ROLE_LIMITS[role], ...limits };
  const minimum = { connectionLimit: 1, statementTimeoutMs: 0, idleInTransactionSessionTimeoutMs: 0 };
  for (const key of ["connectionLimit", "statementTimeoutMs", "idleInTransactionSessionTimeoutMs"] as const) {
    if (!Number.isSafeInteger(merged[key]) || merged[key] < minimum[key] || merged[key] > 2_147_483_647) {
      throw new Error(`limits.${role}.${key}: ${merged[key]} is not allowed; use a whole number, at least ${minimum[key]}`);
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
    bypassRowLevelSecurity: false,
    inherit: true,
    connectionLimit: merged.connectionLimit,
    statementTimeoutMs: merged.statementTimeoutMs,
    idleInTransactionSessionTimeoutMs: merged.idleInTransactionSessionTimeoutMs,
    searchPaths: [schema],
    roles: [],
  };
}

function grants(database: string, schema: string): GrantSpec[] {
  const onDatabase = (role: string, privileges: readonly Privilege[], why: string): GrantSpec => ({
    id: `${role}-database`,
    role,
    database,
    objectType: "database",
    privileges,
    why,
  });
  const onSchema = (role: string, name: string, id: string, privileges: readonly Privilege[], why: string): GrantSpec => ({
    id,
    role,
    database,
    schema: name,
    objectType: "schema",
    privileges,
    why,
  });
  return [
    ...MAINTENANCE_DATABASES.filter((name) => name !== database).map((name): GrantSpec => ({
      id: `public-database-${name}`,
      role: PUBLIC,
      database: name,
      objectType: "database",
      privileges: [],
      why: "nobody but the superuser has business in the maintenance databases",
    })),
    onDatabase(PUBLIC, [], "by default every role may connect to every database and fill it with temporary tables"),
    onDatabase(
      "migrator",
      ["CONNECT", "TEMPORARY"],
      "data migrations stage rows in temporary tables, and REFRESH MATERIALIZED VIEW CONCURRENTLY needs them too",
    ),
    onDatabase("app_rw", ["CONNECT"], "the application's tables are made by migrations"),
    onDatabase("app_ro", ["CONNECT"], "a temporary table is a write"),
    onSchema(PUBLIC, "public", "public-schema-public", [], "nothing lives there, so nothing can be planted there"),
    onSchema(PUBLIC, schema, "public-schema", [], "only the roles below"),
    onSchema("app_rw", schema, "app_rw-schema", ["USAGE"], "names resolve; CREATE stays with the owner"),
    onSchema("app_ro", schema, "app_ro-schema", ["USAGE"], "names resolve; CREATE stays with the owner"),
    {
      id: "public-large-objects",
      role: PUBLIC,
      database,
      schema: "pg_catalog",
      objectType: "function",
      objects: LARGE_OBJECT_CREATORS,
      privileges: [],
      why: "a role that may only read could otherwise fill the disk with large objects",
    },
  ];
}

function defaultPrivileges(database: string, schema: string): DefaultPrivilegesSpec[] {
  const rule = (
    role: string,
    objectType: DefaultPrivilegeObjectType,
    privileges: readonly Privilege[],
    why: string,
  ): DefaultPrivilegesSpec => {
    const base = { id: `${role}-${objectType}s`, role, owner: "migrator", database, objectType, privileges, why };
    return role === PUBLIC ? base : { ...base, schema };
  };
  return [
    rule(PUBLIC, "function", [], "by default every role may execute every function, SECURITY DEFINER ones included"),
    rule(PUBLIC, "type", [], "by default every role may build on every type and so keep it from being dropped"),
    rule("app_rw", "table", ["DELETE", "INSERT", "SELECT", "UPDATE"], "rows; TRUNCATE skips row triggers and row security"),
    rule("app_rw", "sequence", ["SELECT", "USAGE"], "nextval and currval; setval (UPDATE) is a migration's business"),
    rule("app_rw", "function", ["EXECUTE"], "functions and procedures of the application"),
    rule("app_rw", "type", ["USAGE"], "enums, domains and composites of the application"),
    rule("app_ro", "table", ["SELECT"], "tables, partitions, views and materialized views"),
    rule("app_ro", "sequence", ["SELECT"], "last_value; never nextval"),
    rule("app_ro", "type", ["USAGE"], "enums, domains and composites of the application"),
  ];
}

/** The whole privilege model of one database. */
export function databasePrivileges(args: DatabasePrivilegesArgs): DatabasePrivileges {
  const database = identifier("database", args.database);
  const schema = identifier("schema", args.schema ?? "app");
  const superuser = identifier("superuser", args.superuser);
  if ((DATABASE_ROLES as readonly string[]).includes(superuser)) {
    throw new Error(`superuser: "${superuser}" is the name of a least-privilege role; use another, for example "postgres"`);
  }
  if (schema === "information_schema") {
    throw new Error(`schema: "information_schema" is PostgreSQL's own; use another, for example "app"`);
  }
  return {
    database,
    schema,
    superuser,
    roles: DATABASE_ROLES.map((role) => roleSpec(role, schema, args.limits?.[role])),
    schemas: [{ id: "schema", name: schema, database, owner: "migrator" }],
    grants: grants(database, schema),
    defaultPrivileges: defaultPrivileges(database, schema),
  };
}
