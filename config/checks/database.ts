/** Databases and schemas, and whether Postgres' limits fit its connections and its major version the volumes. */
import { parseImage } from "../../hardening/container/image";
import { EXTENSIONS_SCHEMA } from "../../hardening/postgres/server/extensions";
import { stackSizing } from "../../hardening/postgres/server/postgres-config";
import { TENANCY_SCHEMA } from "../../hardening/postgres/tenancy/tenancy";
import { postgresMajor } from "../../hardening/postgres/upgrade/upgrade";
import type { Fault } from "../faults";
import { IMAGE_PINS } from "../images";
import { correction } from "../nearest";
import type { StackConfig } from "../schema";
import type { ShowPath } from "./check";
import { usersOf } from "./programs";

/** Which database a service uses, and the schema that is Rampart's. */
export function databaseFaults(config: StackConfig, show: ShowPath): Fault[] {
  const { name: first, schema, schemas, databases } = config.database;
  const names = [first, ...Object.keys(databases)];
  const named: (readonly [readonly PropertyKey[], string])[] = [
    [["database", "schema"], schema],
    ...schemas.map((one, index) => [["database", "schemas", index], one] as const),
    ...Object.entries(databases).flatMap(([database, further]) =>
      further.schemas.map((one, index) => [["database", "databases", database, "schemas", index], one] as const),
    ),
  ];
  return [
    ...named.flatMap(([path, given]) =>
      [EXTENSIONS_SCHEMA, TENANCY_SCHEMA].includes(given)
        ? [
            {
              path: show(path),
              given: JSON.stringify(given),
              allowed:
                "a schema of the application's own: " +
                `this one holds ${given === EXTENSIONS_SCHEMA ? "the extensions" : "Rampart's own functions"}`,
              fix: "rename it",
            },
          ]
        : [],
    ),
    ...usersOf(config).flatMap(([at, { data, database }]) => {
      if (database === undefined) return [];
      const path = show([...at, "database"]);
      const given = JSON.stringify(database);
      if (!names.includes(database))
        return [
          {
            path,
            given,
            allowed: names.join(", "),
            fix: correction(database, names, "add it under database.databases, or use one of these"),
          },
        ];
      return data === "none"
        ? [
            {
              path,
              given,
              allowed: "a database where data is read-only or read-write",
              fix: "say data: read-only or read-write, or remove it",
            },
          ]
        : [];
    }),
  ];
}

export function postgresFaults(config: StackConfig, show: ShowPath): Fault[] {
  const { resources, connectionLimits } = config.database;
  const connections = Object.values(connectionLimits);
  try {
    const { maxConnections, minimumPids } = stackSizing(resources.memoryMiB, connectionLimits);
    if (resources.pids >= minimumPids) return [];
    return [
      {
        path: show(["database", "resources", "pids"]),
        given: String(resources.pids),
        allowed:
          `at least ${minimumPids}: a process for each of ${maxConnections} connections, ` +
          "which are those of app_rw and app_ro twice for a rotation, and the server's own",
        fix: "raise it, or lower database.connectionLimits",
      },
    ];
  } catch (error) {
    const needed = /at least (\d+)/.exec(error instanceof Error ? error.message : "")?.[1] ?? "more";
    return [
      {
        path: show(["database", "resources", "memoryMiB"]),
        given: String(resources.memoryMiB),
        allowed: `at least ${needed} for ${connections.reduce((sum, limit) => sum + limit, 0)} connections`,
        fix: "raise it, or lower database.connectionLimits",
      },
    ];
  }
}

/** The image's tag says which major version it is: the data volume and the check before an upgrade go by it. */
export function postgresMajorFaults(config: StackConfig, show: ShowPath): Fault[] {
  const reference = config.images.postgres ?? IMAGE_PINS.postgres;
  const parsed = parseImage(reference);
  // A reference that is not pinned is the schema's own fault.
  if (parsed === undefined) return [];
  const major = postgresMajor(parsed.tag);
  if (major === undefined) {
    return [
      {
        path: show(["images", "postgres"]),
        given: JSON.stringify(parsed.tag),
        allowed: "a tag that begins with PostgreSQL's major version",
        fix: "use a tag such as 16.15-alpine",
      },
    ];
  }
  const index = config.database.previousMajors.indexOf(major);
  return index < 0
    ? []
    : [
        {
          path: show(["database", "previousMajors", index]),
          given: String(major),
          allowed: "majors other than that of images.postgres",
          fix: "remove it",
        },
      ];
}
