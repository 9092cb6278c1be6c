/** Whether what is asked for fits: memory, processes, addresses, ports and versions. Nothing here may throw later on. */
import { stackSizing } from "../hardening/database/postgres-config";
import { unsizedMemoryMiB } from "../hardening/traefik/bodies";
import { parseTraefikVersion } from "../hardening/traefik/static-config";
import type { ShowPath } from "./cross-checks";
import type { Fault } from "./faults";
import type { StackConfig } from "./schema";

/** The engine's 500 addresses on `internal`, of which each service needs two while a new version replaces the old one. */
const MAX_SERVICES = 120;
/** Networks of their own that a stack's /16 has room for (hardening/networks.ts). */
const MAX_DOCKER_API_CONSUMERS = 240;
/** The oldest Traefik that the edge's configuration is written for. */
const OLDEST_TRAEFIK = { major: 3, minor: 6 } as const;

export function capacityFaults(config: StackConfig, show: ShowPath): Fault[] {
  return [
    ...postgresFaults(config, show),
    ...redisFaults(config, show),
    ...portFaults(config, show),
    ...edgeFaults(config, show),
    ...sizeFaults(config, show),
    ...traefikFaults(config, show),
  ];
}

function postgresFaults(config: StackConfig, show: ShowPath): Fault[] {
  const { resources, connectionLimits } = config.database;
  const connections = Object.values(connectionLimits);
  try {
    const { maxConnections, minimumPids } = stackSizing(resources.memoryMiB, connectionLimits);
    if (resources.pids >= minimumPids) return [];
    return [
      {
        path: show(["database", "resources", "pids"]),
        given: String(resources.pids),
        allowed: `at least ${minimumPids}: a process for each of ${maxConnections} connections, which are those of app_rw and app_ro twice for a rotation, and the server's own`,
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

/** Sharing a prefix is a choice; reaching into another's because one is the beginning of the other is a mistake. */
function redisFaults(config: StackConfig, show: ShowPath): Fault[] {
  const users = Object.entries(config.services).flatMap(([name, { cache }]) =>
    cache === false ? [] : [{ name, prefixes: cache === true ? [`${name}:`] : cache.keyPrefixes }],
  );
  return users.flatMap((user) =>
    users.flatMap((other) =>
      other === user
        ? []
        : user.prefixes.flatMap((mine) => {
            const reached = other.prefixes.find(
              (theirs) => theirs !== mine && theirs.startsWith(mine) && !user.prefixes.includes(theirs),
            );
            if (reached === undefined) return [];
            return [
              {
                path: show(["services", user.name, "cache"]),
                given: `the prefix ${JSON.stringify(mine)}, which covers ${JSON.stringify(reached)} of ${other.name}`,
                allowed: "prefixes of which none is the beginning of another service's",
                fix: `end it with a separator, for example ${JSON.stringify(`${mine}:`)}, or list ${JSON.stringify(reached)} too where sharing is meant`,
              },
            ];
          }),
    ),
  );
}

function portFaults(config: StackConfig, show: ShowPath): Fault[] {
  const { edge, database } = config;
  if (database.forwarderPort !== edge.httpPort && database.forwarderPort !== edge.httpsPort) return [];
  return [
    {
      path: show(["database", "forwarderPort"]),
      given: String(database.forwarderPort),
      allowed: "a port that the edge does not listen on",
      fix: "change it, or the edge's",
    },
  ];
}

/** Traefik itself, with a thousand connections. */
const EDGE_BASE_MIB = 96;

/** What the edge holds in memory for its clients has to fit beside Traefik itself: else one client could end it. */
function edgeFaults(config: StackConfig, show: ShowPath): Fault[] {
  const routes = Object.values(config.services).flatMap((service) =>
    service.routes.filter((route) => !route.streaming),
  );
  const needed = EDGE_BASE_MIB + unsizedMemoryMiB(routes.length);
  if (config.edge.resources.memoryMiB >= needed) return [];
  return [
    {
      path: show(["edge", "resources", "memoryMiB"]),
      given: String(config.edge.resources.memoryMiB),
      allowed: `at least ${needed}: ${EDGE_BASE_MIB} for Traefik, and what ${routes.length} routes can hold in memory of requests that declare no length`,
      fix: "raise it, or use fewer routes",
    },
  ];
}

function sizeFaults(config: StackConfig, show: ShowPath): Fault[] {
  const services = Object.values(config.services);
  const consumers = services.filter((service) => service.dockerApi !== undefined);
  return [
    ...(services.length > MAX_SERVICES
      ? [
          {
            path: show(["services"]),
            given: `${services.length} services`,
            allowed: `at most ${MAX_SERVICES}`,
            fix: "split the stack",
          },
        ]
      : []),
    ...(consumers.length > MAX_DOCKER_API_CONSUMERS
      ? [
          {
            path: show(["services"]),
            given: `${consumers.length} services with dockerApi`,
            allowed: `at most ${MAX_DOCKER_API_CONSUMERS}`,
            fix: "split the stack",
          },
        ]
      : []),
  ];
}

function traefikFaults(config: StackConfig, show: ShowPath): Fault[] {
  const reference = config.images["traefik"];
  if (reference === undefined) return [];
  const allowed = `a tag with three numbers, such as v3.7.13, from ${OLDEST_TRAEFIK.major}.${OLDEST_TRAEFIK.minor} on: the edge's configuration depends on the version`;
  const fault = {
    path: show(["images", "traefik"]),
    given: JSON.stringify(reference.split("@")[0]),
    allowed,
    fix: "use a tag that names the version",
  };
  try {
    const { major, minor } = parseTraefikVersion(reference);
    return major > OLDEST_TRAEFIK.major || (major === OLDEST_TRAEFIK.major && minor >= OLDEST_TRAEFIK.minor)
      ? []
      : [fault];
  } catch {
    return [fault];
  }
}
