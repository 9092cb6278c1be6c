/** Routes, ports, memory and the version of Traefik. */
import { EDGE_BASE_MIB, leastEdgeMiB } from "../../hardening/edge/memory";
import { parseTraefikVersion } from "../../hardening/edge/static-config";
import { routeHosts } from "../derived";
import type { Fault } from "../faults";
import { correction } from "../nearest";
import type { StackConfig } from "../schema";
import { quote } from "../text";
import type { ShowPath } from "./check";

export function routeFaults(config: StackConfig, show: ShowPath): Fault[] {
  const claims = new Map<string, string>();
  const faults: Fault[] = [];
  for (const [name, service] of Object.entries(config.services)) {
    service.routes.forEach((route, index) => {
      const path = show(["services", name, "routes", index]);
      const key = `${route.host}${route.pathPrefix}${route.streaming ? " (streaming)" : ""}`;
      const first = claims.get(key);
      if (first !== undefined)
        faults.push({
          path,
          given: key,
          allowed: "one route for a host and path",
          fix: `remove it, or the same route at ${first}`,
        });
      else claims.set(key, path);
    });
  }
  return faults;
}

/** Who is asked before a request passes has to be there, and to be where the gateway reaches it. */
export function accessFaults(config: StackConfig, show: ShowPath): Fault[] {
  return Object.entries(config.services).flatMap(([name, { routes }]) =>
    routes.flatMap(({ access }, index) => {
      const service = access?.forwardAuth?.service;
      if (service === undefined) return [];
      const asked = config.services[service];
      if (asked?.port !== undefined && asked.routes.length > 0) return [];
      return [
        {
          path: show(["services", name, "routes", index, "access", "forwardAuth", "service"]),
          given: JSON.stringify(service),
          allowed: "a service of this stack that has a port and a route of its own, such as /oauth2",
          fix:
            asked === undefined
              ? correction(service, Object.keys(config.services), "add it under services, or correct the name")
              : "give it a route",
        },
      ];
    }),
  );
}

/** A host that no route has would be a message that nobody reads, and the host that was meant would go on. */
export function maintenanceFaults(config: StackConfig, show: ShowPath): Fault[] {
  const hosts = routeHosts(config);
  return Object.keys(config.edge.maintenance)
    .filter((host) => !hosts.includes(host))
    .map((host) => ({
      path: show(["edge", "maintenance", host]),
      given: quote(host),
      allowed: hosts.length === 0 ? "hosts of routes; this stack has no route" : `hosts of routes: ${hosts.join(", ")}`,
      fix: "remove it, or write the host as the route does",
    }));
}

/** The oldest Traefik that the edge's configuration is written for. */
const OLDEST_TRAEFIK = { major: 3, minor: 6 } as const;

export function portFaults(config: StackConfig, show: ShowPath): Fault[] {
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

/** What the edge holds in memory for each connection has to fit beside Traefik itself: else clients could end it. */
export function edgeFaults(config: StackConfig, show: ShowPath): Fault[] {
  const { connections, resources } = config.edge;
  const least = leastEdgeMiB(connections.total);
  if (resources.memoryMiB >= least) return [];
  return [
    {
      path: show(["edge", "resources", "memoryMiB"]),
      given: String(resources.memoryMiB),
      allowed: `at least ${least}: ${EDGE_BASE_MIB} for Traefik, and what ${connections.total} connections take`,
      fix: "raise it, or lower edge.connections.total",
    },
  ];
}

export function traefikFaults(config: StackConfig, show: ShowPath): Fault[] {
  const reference = config.images["traefik"];
  if (reference === undefined) return [];
  const allowed =
    `a tag with three numbers, such as v3.7.13, from ${OLDEST_TRAEFIK.major}.${OLDEST_TRAEFIK.minor} on: ` +
    "the edge's configuration depends on the version";
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

/** A host without a route would look protected, and its misspelt neighbour would be open. */
export function clientCertificateFaults(config: StackConfig, show: ShowPath): Fault[] {
  const hosts = routeHosts(config);
  return Object.keys(config.edge.clientCertificates)
    .filter((host) => !hosts.includes(host))
    .map((host) => ({
      path: show(["edge", "clientCertificates", host]),
      given: `the host ${JSON.stringify(host)}, which no route has`,
      allowed: `hosts of routes: ${hosts.join(", ") || "there is none"}`,
      fix: "correct the host, or remove it",
    }));
}
