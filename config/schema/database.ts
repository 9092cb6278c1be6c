import { z } from "zod";
import { DEFAULT_ROLE_LIMITS, type DatabaseRole } from "../../hardening/postgres/roles/roles";
import { EXTENSIONS } from "../../hardening/postgres/server/extensions";
import type { SchemaContext } from "../environment";
import { backups } from "./backup";
import { elevation } from "./elevation";
import { identifier, resources, toIssue, unique } from "./fields";
import { tenancy, tenancyScope } from "./tenancy";

export const DATABASE_ACCESS_MODES = ["direct", "forwarder"] as const;

const extensions = unique(z.enum(EXTENSIONS), "extension");

const schemas = unique(identifier, "schema");

const connectionLimit = (role: DatabaseRole, minimum: number, maximum: number) =>
  z.int().min(minimum).max(maximum).default(DEFAULT_ROLE_LIMITS[role].connectionLimit);

const milliseconds = z.int().min(0).max(86_400_000);

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
            /** Tenancy holds here as in the first database; this is what it leaves out. */
            tenancy: z.strictObject(tenancyScope).prefault({}),
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
          migrator: connectionLimit("migrator", 1, 1000),
          app_rw: connectionLimit("app_rw", 1, 1000),
          app_ro: connectionLimit("app_ro", 1, 1000),
          backup: connectionLimit("backup", 2, 100),
          monitor: connectionLimit("monitor", 1, 100),
        })
        .prefault({}),
      /** Of app_rw; 0 is never. @default 30000 */
      statementTimeoutMs: milliseconds.default(DEFAULT_ROLE_LIMITS.app_rw.statementTimeoutMs),
      /** Of app_rw; 0 is for ever. @default 60000 */
      idleInTransactionTimeoutMs: milliseconds.default(DEFAULT_ROLE_LIMITS.app_rw.idleInTransactionSessionTimeoutMs),
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
