/** The part of the schema that is about data: Postgres, Redis, and the turning over of their passwords. */
import { z } from "zod";
import { repositoryFault } from "../hardening/backup/repository";
import { EXTENSIONS } from "../hardening/database/extensions";
import { identifierCheck } from "./checks";
import type { SchemaContext } from "./schema";
import { checkedString, matching, name, reason, resources, toIssue, variableName } from "./values";

const identifier = checkedString(identifierCheck);
const unique = <T extends z.ZodType<string, string>>(item: T, what: string) =>
  z.array(item).refine((values) => new Set(values).size === values.length, {
    params: { given: `${what} twice`, allowed: `each ${what} once`, fix: "remove one" },
  });

export const DATABASE_ACCESS_MODES = ["direct", "forwarder"] as const;

/** Types of a tenant column; the session variable is cast to it. */
export const TENANT_TYPES = ["uuid", "bigint", "integer", "text"] as const;

/** Roles that an elevation may be for. */
export const ELEVATION_ROLES = ["migrator", "app_rw", "app_ro", "monitor"] as const;

const extensions = unique(z.enum(EXTENSIONS), "extension");
const schemas = unique(identifier, "schema");

const objectName = (what: string, example: string) =>
  matching(/^[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*$/, what, `write it as ${example}`);

/** What tenancy leaves out, which is another matter in each database. */
const tenancyScope = {
  /** Tables that belong to no tenant. @default every table that has no such column and refers to no table that has */
  sharedTables: unique(objectName("<schema>.<table>", "app.countries"), "table").optional(),
  /** Views and functions that were looked at and may stay as they are. */
  exceptions: z
    .array(z.strictObject({ object: objectName("<schema>.<view, function or table>", "app.totals"), reason }))
    .default([]),
};

const tenancy = z.strictObject({
  /** The session variable that holds the tenant, set with SET LOCAL in each transaction. */
  variable: matching(
    /^[a-z][a-z0-9_]{0,30}\.[a-z][a-z0-9_]{0,30}$/,
    "a name with one dot, such as app.tenant_id",
    "PostgreSQL takes own variables with a prefix alone",
  ),
  /** The column that every table of a tenant's has. */
  column: identifier,
  type: z.enum(TENANT_TYPES),
  ...tenancyScope,
});

/** YAML reads an unquoted date as a time, and the Pulumi CLI hands it on as Go prints it: "2026-11-24 18:00:00 +0000 UTC". */
function asWritten(value: unknown): unknown {
  if (typeof value === "number") return String(value);
  const go =
    typeof value === "string"
      ? /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}) ([+-]\d{2})(\d{2})(?: .*)?$/.exec(value)
      : null;
  if (go === null) return value;
  const [, date = "", time = "", hours = "", minutes = ""] = go;
  const zone = `${hours}${minutes}` === "+0000" ? "Z" : `${hours}:${minutes}`;
  return `${date}T${time}${zone}`;
}

/** A day, where that is all that was written. */
const asDay = (value: unknown): unknown => {
  const written = asWritten(value);
  return typeof written === "string" ? written.replace(/T00:00:00Z$/, "") : written;
};

const elevation = z.strictObject({
  /** The person; the login is elevated_<who>. */
  who: matching(
    /^[a-z][a-z0-9_]{1,30}$/,
    "lower-case letters, digits and _, 2 to 31 characters",
    "use a short name such as anna",
  ),
  /** Whose rights the login has. */
  role: z.enum(ELEVATION_ROLES),
  /** The end, with a time zone. */
  until: z.preprocess(
    asWritten,
    checkedString((value) =>
      /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})$/.test(value) && !Number.isNaN(Date.parse(value))
        ? undefined
        : { allowed: "a time with its zone, such as 2026-11-24T18:00:00Z", fix: "write date, T, time and Z" },
    ),
  ),
  reason,
});

const credential = z.strictObject({
  config: matching(
    /^[A-Za-z][A-Za-z0-9_-]*$/,
    "a configuration key without a namespace",
    "use the flat key given to `pulumi config set --secret`",
  ),
});

const backups = (context: SchemaContext) =>
  z
    .union(
      [
        z.literal(false),
        z.strictObject({
          /** UTC, a time of day. */
          at: matching(/^([01]\d|2[0-3]):[0-5]\d$/, "a time of day in UTC, such as 02:30", "write HH:MM").default(
            "02:30",
          ),
          /** Where backups go: `volume`, or a repository as restic writes it: s3:https://…, sftp:…, rest:https://…. */
          repository: checkedString(repositoryFault).default("volume"),
          /** Variables that the repository needs, such as AWS_ACCESS_KEY_ID, RESTIC_REST_PASSWORD or SFTP_PRIVATE_KEY. */
          credentials: z.record(variableName, credential).default({}),
          /** The password of the repository. @default generated, and kept in the state */
          password: z.union([z.literal("generated"), credential]).default("generated"),
          keep: z
            .strictObject({
              daily: z.int().min(1).max(3650).default(7),
              weekly: z.int().min(0).max(520).default(4),
              monthly: z.int().min(0).max(120).default(6),
            })
            .prefault({}),
          /** Hours after which the newest good backup is too old, and the container unhealthy: more than a day, as there is one a day. */
          maxAgeHours: z.int().min(25).max(8760).default(26),
          /** Days between restore drills; false: none on a schedule. */
          drillEveryDays: z.union([z.literal(false), z.int().min(1).max(90)]).default(7),
          resources: resources({ memoryMiB: 512, cpus: 0.5, pids: 96 }, { memoryMiB: 128, pids: 32 }),
        }),
      ],
      "false, or { at, repository, credentials, password, keep, maxAgeHours, drillEveryDays, resources }",
    )
    .prefault(context.environment === "dev" ? false : {});

export function database(context: SchemaContext) {
  return z
    .strictObject({
      name: identifier.default("app"),
      schema: identifier.default("app"),
      /** Further schemas of the database, with the same roles and rights. */
      schemas: schemas.default([]),
      extensions: extensions.default([]),
      /** Further databases of the stack, by name. */
      databases: z
        .record(
          identifier,
          z.strictObject({
            schemas: schemas.min(1).default(["app"]),
            extensions: extensions.default([]),
            /** Tenancy holds here as in the first database; this is what it leaves out. */ tenancy: z
              .strictObject(tenancyScope)
              .prefault({}),
          }),
        )
        .default({}),
      tenancy: tenancy.optional(),
      elevations: z
        .array(elevation)
        .refine((value) => new Set(value.map(({ who }) => who)).size === value.length, {
          params: { given: "a person twice", allowed: "one elevation for a person", fix: "remove one" },
        })
        .default([]),
      /** The longest that an elevation may last from now on. */
      elevationMaximumHours: z.int().min(1).max(168).default(8),
      backups: backups(context),
      /** How the Pulumi provider reaches Postgres. @default direct on a local Linux engine, forwarder elsewhere */
      access: z.enum(DATABASE_ACCESS_MODES).optional(),
      /** The forwarder's port on 127.0.0.1. */
      forwarderPort: z.int().min(1024).max(65_535).default(15_432),
      connectionLimits: z
        .strictObject({
          migrator: z.int().min(1).max(1000).default(5),
          app_rw: z.int().min(1).max(1000).default(50),
          app_ro: z.int().min(1).max(1000).default(20),
          backup: z.int().min(2).max(100).default(4),
          monitor: z.int().min(1).max(100).default(3),
        })
        .prefault({}),
      /** @default 30000 */
      statementTimeoutMs: z.int().min(0).max(86_400_000).default(30_000),
      /** @default 60000 */
      idleInTransactionTimeoutMs: z.int().min(0).max(86_400_000).default(60_000),
      resources: resources({ memoryMiB: 512, cpus: 1, pids: 256 }, { memoryMiB: 128, pids: 32 }),
      protect: z.boolean().default(context.environment !== "dev"),
      /** Majors that the stack has left behind, whose data volumes are kept: docs/upgrades.md. */
      previousMajors: z
        .array(z.int().min(16).max(99))
        .refine((majors) => new Set(majors).size === majors.length, {
          params: { given: "a major twice", allowed: "each major once", fix: "remove one" },
        })
        .default([]),
    })
    .superRefine((value, refinement) => {
      const repeated = value.schemas.indexOf(value.schema);
      if (repeated >= 0)
        refinement.issues.push(
          toIssue({ allowed: "schemas other than database.schema", fix: "remove it" }, value.schema, [
            "schemas",
            repeated,
          ]),
        );
      if (Object.hasOwn(value.databases, value.name))
        refinement.issues.push(
          toIssue(
            { given: JSON.stringify(value.name), allowed: "databases other than database.name", fix: "rename one" },
            value.name,
            ["databases", value.name],
          ),
        );
    })
    .prefault({});
}

export function redis(context: SchemaContext) {
  return z
    .strictObject({
      /** Whether Redis takes TLS alone. @default false: in clear on the internal network */
      tls: z.boolean().default(false),
      resources: resources({ memoryMiB: 256, cpus: 0.5, pids: 64 }, { memoryMiB: 32, pids: 8 }),
      protect: z.boolean().default(context.environment !== "dev"),
    })
    .prefault({});
}

/** Any text; another text is another password. */
const rotationKey = z.preprocess(
  asDay,
  matching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/, "1 to 40 letters, digits and . _ -", "use the day, such as 2026-11-24"),
);

/** Passwords turn over when their key here changes. */
export const rotation = z
  .strictObject({
    /** All passwords below at once. */
    everything: rotationKey.optional(),
    roles: z
      .partialRecord(z.enum(["superuser", "migrator", "app_rw", "app_ro", "backup", "monitor"]), rotationKey)
      .default({}),
    /** The certificates of Postgres and Redis, with new keys. The stack's authority stays. */
    certificates: rotationKey.optional(),
    /** A service's Redis user. */
    redis: z.record(name, rotationKey).default({}),
  })
  .prefault({});
