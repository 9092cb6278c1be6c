/** Tenancy and elevations: what one value cannot tell. */
import { isOver } from "../../hardening/postgres/elevation/elevations";
import type { Fault } from "../faults";
import type { StackConfig } from "../schema";
import type { ShowPath } from "./check";

const HOUR = 3_600_000;

/** @param now Elevations are judged by the time of the update: one that is over may stay until somebody removes it. */
export function databaseAccessFaults(config: StackConfig, show: ShowPath, now = new Date()): Fault[] {
  return [...elevationFaults(config, show, now), ...tenancyFaults(config, show)];
}

function elevationFaults({ database }: StackConfig, show: ShowPath, now: Date): Fault[] {
  const latest = new Date(now.getTime() + database.elevationMaximumHours * HOUR);
  return database.elevations.flatMap((elevation, index) => {
    if (isOver(elevation, now) || Date.parse(elevation.until) <= latest.getTime()) return [];
    return [
      {
        path: show(["database", "elevations", index, "until"]),
        given: JSON.stringify(elevation.until),
        allowed:
          `no later than ${latest.toISOString().replace(/\.\d+Z$/, "Z")}: ` +
          `${database.elevationMaximumHours} hours from now`,
        fix:
          "choose an earlier end, and extend it when it is needed; " +
          "rampart:database.elevationMaximumHours is the limit",
      },
    ];
  });
}

/** A name that is in no schema of its database would never match anything. */
function tenancyFaults({ database }: StackConfig, show: ShowPath): Fault[] {
  const { tenancy } = database;
  const further = Object.entries(database.databases).flatMap(([name, other]) =>
    scopeFaults(["database", "databases", name, "tenancy"], other.tenancy, other.schemas, show),
  );
  return tenancy === undefined
    ? further
    : [...scopeFaults(["database", "tenancy"], tenancy, [database.schema, ...database.schemas], show), ...further];
}

type Scope = StackConfig["database"]["databases"][string]["tenancy"];

function scopeFaults(
  at: readonly PropertyKey[],
  { sharedTables, exceptions }: Scope,
  schemas: readonly string[],
  show: ShowPath,
): Fault[] {
  const fault = (path: readonly PropertyKey[], object: string): Fault[] =>
    schemas.includes(object.split(".")[0] ?? "")
      ? []
      : [
          {
            path: show([...at, ...path]),
            given: JSON.stringify(object),
            allowed: `an object in one of the database's schemas: ${[...schemas].sort().join(", ")}`,
            fix: "correct the schema",
          },
        ];
  return [
    ...(sharedTables ?? []).flatMap((table, index) => fault(["sharedTables", index], table)),
    ...exceptions.flatMap(({ object }, index) => fault(["exceptions", index, "object"], object)),
  ];
}
