/**
 * The privilege model of a stack's databases, as data. Each entry is one resource of `@pulumi/postgresql` (`Role`,
 * `Database`, `Schema`, `Extension`, `Grant`, `DefaultPrivileges`) with exactly the arguments that the provider reads
 * back unchanged, so that a second preview is empty. `privileges-sql.ts` renders the same data as SQL,
 * `privilege-table.ts` says what it amounts to.
 */
import { EXTENSIONS_SCHEMA, withRequired, type Extension } from "../server/extensions";
import { identifier } from "../server/identifiers";
import { TENANCY_SCHEMA } from "../tenancy/tenancy";
import {
  databaseGrants,
  defaultPrivileges,
  maintenanceGrants,
  type DefaultPrivilegesSpec,
  type GrantSpec,
} from "./database-grants";
import { DATABASE_ROLES, roleSpec, type DatabaseRole, type RoleLimits, type RoleSpec } from "./roles";

export * from "./database-grants";
export * from "./roles";

/** `postgresql.Database`: one beside the stack's first, which the image itself makes. */
export interface DatabaseSpec {
  readonly id: string;
  readonly name: string;
  readonly owner: string;
}

/** `postgresql.Schema` */
export interface SchemaSpec {
  readonly id: string;
  readonly name: string;
  readonly database: string;
  readonly owner: string;
}

/** `postgresql.Extension` */
export interface ExtensionSpec {
  readonly id: string;
  readonly name: Extension;
  readonly database: string;
  readonly schema: string;
}

export interface DatabasePrivileges {
  /** The stack's first database, and its first schema. */
  readonly database: string;
  readonly schema: string;
  readonly superuser: string;
  readonly roles: readonly RoleSpec[];
  /** Databases to create: all but the first. */
  readonly databases: readonly DatabaseSpec[];
  readonly schemas: readonly SchemaSpec[];
  readonly extensions: readonly ExtensionSpec[];
  /** In the order to apply them; see `changedRow` for which of them may run side by side. */
  readonly grants: readonly GrantSpec[];
  readonly defaultPrivileges: readonly DefaultPrivilegesSpec[];
}

export interface DatabasePrivilegesArgs {
  readonly database: string;
  /** @default "app" */
  readonly schema?: string;
  /** Further schemas of the first database. @default none */
  readonly schemas?: readonly string[];
  /** Extensions of the first database. @default none */
  readonly extensions?: readonly Extension[];
  /** Further databases by name. @default none */
  readonly databases?: Readonly<
    Record<string, { readonly schemas: readonly string[]; readonly extensions: readonly Extension[] }>
  >;
  /** The bootstrap superuser (POSTGRES_USER), who owns the databases. */
  readonly superuser: string;
  /** @default DEFAULT_ROLE_LIMITS */
  readonly limits?: Partial<Readonly<Record<DatabaseRole, Partial<RoleLimits>>>>;
}

/** One database of a stack. */
interface Scope {
  readonly database: string;
  readonly schemas: readonly string[];
  readonly extensions: readonly Extension[];
  /**
   * Ends the ids of what the first database and its first schema have not: their ids came before there were others, and
   * a resource that is renamed is replaced. Identifiers hold no hyphen, so no two ids meet.
   */
  readonly suffix: string;
}

const POSTGRESQLS_OWN = ["postgres", "template0", "template1"];

function databaseName(property: string, value: string): string {
  if (!POSTGRESQLS_OWN.includes(value)) return identifier(property, value);
  throw new Error(`${property}: "${value}" is PostgreSQL's own; use another, for example "app"`);
}

function schemaName(property: string, value: string): string {
  if (value === "information_schema")
    throw new Error(`${property}: "${value}" is PostgreSQL's own; use another, for example "app"`);
  if (value === EXTENSIONS_SCHEMA)
    throw new Error(`${property}: "${value}" holds the extensions; use another, for example "app"`);
  if (value === TENANCY_SCHEMA)
    throw new Error(
      `${property}: "${value}" holds what guards the database from its owner; use another, for example "app"`,
    );
  return identifier(property, value);
}

function scopes(args: DatabasePrivilegesArgs): Scope[] {
  const first: Scope = {
    database: databaseName("database", args.database),
    schemas: [
      schemaName("schema", args.schema ?? "app"),
      ...(args.schemas ?? []).map((schema, index) => schemaName(`schemas[${index}]`, schema)),
    ],
    extensions: withRequired(args.extensions ?? []),
    suffix: "",
  };
  const further = Object.entries(args.databases ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { schemas, extensions }]): Scope => ({
      database: databaseName(`databases.${name}`, name),
      schemas: schemas.map((schema, index) => schemaName(`databases.${name}.schemas[${index}]`, schema)),
      extensions: withRequired(extensions),
      suffix: `-${name}`,
    }));
  const all = [first, ...further];
  for (const { database, schemas } of all) {
    const twice = schemas.find((schema, index) => schemas.indexOf(schema) !== index);
    if (twice !== undefined) throw new Error(`schemas: "${twice}" stands twice in database "${database}"; remove one`);
    if (schemas.length === 0)
      throw new Error(`databases.${database}.schemas: none given; give at least one, for example "app"`);
    if (all.filter((scope) => scope.database === database).length > 1)
      throw new Error(`databases: "${database}" is the first database already; rename one`);
  }
  return all;
}

/** What the ids of one schema's entries end with. */
function schemaSuffix({ suffix }: Scope, schema: string, index: number): string {
  return suffix === "" && index === 0 ? "" : `${suffix}-${schema}`;
}

/**
 * The schemas of all databases, the extensions' last, as a role has one search path for all: a name that a database
 * does not have is skipped there.
 */
function searchPaths(all: readonly Scope[]): string[] {
  const extensions = all.some((scope) => scope.extensions.length > 0) ? [EXTENSIONS_SCHEMA] : [];
  return [...new Set(all.flatMap(({ schemas }) => schemas)), ...extensions];
}

/** The whole privilege model of a stack. */
export function databasePrivileges(args: DatabasePrivilegesArgs): DatabasePrivileges {
  const superuser = identifier("superuser", args.superuser);
  if ((DATABASE_ROLES as readonly string[]).includes(superuser)) {
    throw new Error(
      `superuser: "${superuser}" is the name of a least-privilege role; use another, for example "postgres"`,
    );
  }
  const all = scopes(args);
  const paths = searchPaths(all);
  const [first] = all;
  return {
    database: args.database,
    schema: first?.schemas[0] ?? "app",
    superuser,
    roles: DATABASE_ROLES.map((role) => roleSpec(role, paths, args.limits?.[role])),
    databases: all.slice(1).map(({ database }) => ({ id: `database-${database}`, name: database, owner: superuser })),
    schemas: all.flatMap((scope) => [
      ...scope.schemas.map((name, index): SchemaSpec => ({
        id: `schema${schemaSuffix(scope, name, index)}`,
        name,
        database: scope.database,
        owner: "migrator",
      })),
      ...(scope.extensions.length === 0
        ? []
        : [
            {
              id: `schema${scope.suffix}-${EXTENSIONS_SCHEMA}`,
              name: EXTENSIONS_SCHEMA,
              database: scope.database,
              owner: superuser,
            },
          ]),
    ]),
    extensions: all.flatMap((scope) =>
      scope.extensions.map((name): ExtensionSpec => ({
        id: `extension${scope.suffix}-${name}`,
        name,
        database: scope.database,
        schema: EXTENSIONS_SCHEMA,
      })),
    ),
    grants: [
      ...maintenanceGrants(),
      ...all.flatMap((scope) =>
        databaseGrants({
          database: scope.database,
          suffix: scope.suffix,
          schemas: scope.schemas.map((name, index) => ({ name, suffix: schemaSuffix(scope, name, index) })),
          extensions: scope.extensions.length > 0,
        }),
      ),
    ],
    defaultPrivileges: all.flatMap((scope) =>
      defaultPrivileges({
        database: scope.database,
        suffix: scope.suffix,
        schemas: scope.schemas.map((name, index) => ({ name, suffix: schemaSuffix(scope, name, index) })),
      }),
    ),
  };
}
