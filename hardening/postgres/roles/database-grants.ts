/**
 * Grants and default privileges of one database, as data:
 * who may enter, who may use a schema, what new objects give to whom.
 */
import { EXTENSIONS_SCHEMA } from "../server/extensions";
import { DATABASE_ROLES, type DatabaseRole } from "./roles";

export type GrantObjectType = "database" | "schema" | "function";
export type DefaultPrivilegeObjectType = "table" | "sequence" | "function" | "type";
export type Privilege = "CONNECT" | "DELETE" | "EXECUTE" | "INSERT" | "SELECT" | "TEMPORARY" | "UPDATE" | "USAGE";

/** The pseudo-role that every role belongs to; the provider and SQL both read this name as PUBLIC. */
export const PUBLIC = "public";

/** `postgresql.Grant`; no privileges means REVOKE ALL. */
export interface GrantSpec {
  /** Suffix of the resource's logical name: stable, unique within the model. */
  readonly id: string;
  readonly role: string;
  readonly database: string;
  /** Absent for `objectType: "database"`. */
  readonly schema?: string;
  readonly objectType: GrantObjectType;
  /** Signatures, only for functions. */
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

/**
 * Names the row of PostgreSQL's catalog that a grant changes, where two that change one row have to follow one another:
 * side by side the second one fails with "tuple concurrently updated". Undefined where the provider sees to that by
 * itself, with an advisory lock: on a database for grants on it, on the owner for default privileges.
 */
export function changedRow(spec: GrantSpec | DefaultPrivilegesSpec): string | undefined {
  if ("owner" in spec || spec.objectType === "database") return undefined;
  return `${spec.objectType} ${spec.database} ${spec.schema ?? ""}`;
}

interface SchemaOfDatabase {
  readonly name: string;
  /** Ends the ids of the schema's entries. */
  readonly suffix: string;
}

export interface DatabaseGrantsArgs {
  readonly database: string;
  /** Ends the ids of the database's own entries. */
  readonly suffix: string;
  readonly schemas: readonly SchemaOfDatabase[];
  /** Whether the database has the extensions' schema. */
  readonly extensions: boolean;
}

/**
 * Functions that let anyone who can connect store data, whatever else was revoked. Their file-based kin are the
 * superuser's already.
 */
const LARGE_OBJECT_CREATORS = ["lo_creat(integer)", "lo_create(oid)", "lo_from_bytea(oid, bytea)"] as const;

/** Databases that PostgreSQL makes for itself. PUBLIC may connect to both by default. */
const MAINTENANCE_DATABASES = ["postgres", "template1"] as const;

const DATABASE_GRANTS: Readonly<
  Record<DatabaseRole, { readonly privileges: readonly Privilege[]; readonly why: string }>
> = {
  migrator: {
    privileges: ["CONNECT", "TEMPORARY"],
    why: "data migrations stage rows in temporary tables, and REFRESH MATERIALIZED VIEW CONCURRENTLY needs them too",
  },
  app_rw: { privileges: ["CONNECT"], why: "the application's tables are made by migrations" },
  app_ro: { privileges: ["CONNECT"], why: "a temporary table is a write" },
  backup: { privileges: ["CONNECT"], why: "a dump needs nothing but to read" },
  monitor: { privileges: ["CONNECT"], why: "some statistics are those of the database that one is in" },
};

const ROLES_OF_SCHEMA = ["app_rw", "app_ro", "backup"] as const satisfies readonly DatabaseRole[];
const ROLES_OF_EXTENSIONS = ["migrator", "app_rw", "app_ro", "backup"] as const satisfies readonly DatabaseRole[];

/** What no database of the stack's own has to say. */
export function maintenanceGrants(): GrantSpec[] {
  const why = "nobody but the superuser has business in the maintenance databases";
  return [
    ...MAINTENANCE_DATABASES.map((database): GrantSpec => ({
      id: `public-database-${database}`,
      role: PUBLIC,
      database,
      objectType: "database",
      privileges: [],
      why,
    })),
    // A database that somebody makes by hand is a copy of template1.
    ...MAINTENANCE_DATABASES.map((database): GrantSpec => ({
      id: `public-schema-${database}-public`,
      role: PUBLIC,
      database,
      schema: "public",
      objectType: "schema",
      privileges: [],
      why,
    })),
  ];
}

export function databaseGrants({ database, suffix, schemas, extensions }: DatabaseGrantsArgs): GrantSpec[] {
  const extensionsSchema = { name: EXTENSIONS_SCHEMA, suffix: `${suffix}-${EXTENSIONS_SCHEMA}` };
  const onDatabase = (role: string, privileges: readonly Privilege[], why: string): GrantSpec => ({
    id: `${role}-database${suffix}`,
    role,
    database,
    objectType: "database",
    privileges,
    why,
  });
  const onSchema = (
    role: string,
    { name: schema, suffix: end }: { readonly name: string; readonly suffix: string },
    privileges: readonly Privilege[],
    why: string,
  ): GrantSpec => ({
    id: `${role}-schema${end}`,
    role,
    database,
    schema,
    objectType: "schema",
    privileges,
    why,
  });
  return [
    onDatabase(PUBLIC, [], "by default every role may connect to every database and fill it with temporary tables"),
    ...DATABASE_ROLES.map((role) => onDatabase(role, DATABASE_GRANTS[role].privileges, DATABASE_GRANTS[role].why)),
    onSchema(
      PUBLIC,
      { name: "public", suffix: `${suffix}-public` },
      [],
      "nothing lives there, so nothing can be planted there",
    ),
    ...schemas.flatMap((schema) => [
      onSchema(PUBLIC, schema, [], "only the roles below"),
      ...ROLES_OF_SCHEMA.map((role) => onSchema(role, schema, ["USAGE"], "names resolve; CREATE stays with the owner")),
    ]),
    ...(extensions
      ? [
          onSchema(PUBLIC, extensionsSchema, [], "only the roles below"),
          ...ROLES_OF_EXTENSIONS.map((role) =>
            onSchema(
              role,
              extensionsSchema,
              ["USAGE"],
              "types and functions of extensions, which PUBLIC may use and execute",
            ),
          ),
        ]
      : []),
    {
      id: `public-large-objects${suffix}`,
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

/** A rule for what a role gets of new objects of a kind. */
type Rule = readonly [
  role: DatabaseRole,
  objectType: DefaultPrivilegeObjectType,
  privileges: readonly Privilege[],
  why: string,
];

const SCHEMA_RULES: readonly Rule[] = [
  ["app_rw", "table", ["DELETE", "INSERT", "SELECT", "UPDATE"], "rows; TRUNCATE skips row triggers and row security"],
  ["app_rw", "sequence", ["SELECT", "USAGE"], "nextval and currval; setval (UPDATE) is a migration's business"],
  ["app_rw", "function", ["EXECUTE"], "functions and procedures of the application"],
  ["app_rw", "type", ["USAGE"], "enums, domains and composites of the application"],
  ["app_ro", "table", ["SELECT"], "tables, partitions, views and materialized views"],
  ["app_ro", "sequence", ["SELECT"], "last_value; never nextval"],
  ["app_ro", "type", ["USAGE"], "enums, domains and composites of the application"],
  ["backup", "table", ["SELECT"], "every row of every tenant"],
  ["backup", "sequence", ["SELECT"], "last_value, which a dump restores"],
];

export function defaultPrivileges({
  database,
  suffix,
  schemas,
}: Omit<DatabaseGrantsArgs, "extensions">): DefaultPrivilegesSpec[] {
  const fromPublic = (objectType: DefaultPrivilegeObjectType, why: string): DefaultPrivilegesSpec => ({
    id: `${PUBLIC}-${objectType}s${suffix}`,
    role: PUBLIC,
    owner: "migrator",
    database,
    objectType,
    privileges: [],
    why,
  });
  return [
    fromPublic("function", "by default every role may execute every function, SECURITY DEFINER ones included"),
    fromPublic("type", "by default every role may build on every type and so keep it from being dropped"),
    ...schemas.flatMap(({ name, suffix: end }) =>
      SCHEMA_RULES.map(([role, objectType, privileges, why]): DefaultPrivilegesSpec => ({
        id: `${role}-${objectType}s${end}`,
        role,
        owner: "migrator",
        database,
        schema: name,
        objectType,
        privileges,
        why,
      })),
    ),
  ];
}
