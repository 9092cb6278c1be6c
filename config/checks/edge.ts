/** Routes, certificates, ports and the version of Traefik. */
import { EDGE_BASE_MIB, leastEdgeMiB } from "../../hardening/edge/memory";
import { parseTraefikVersion } from "../../hardening/edge/static-config";
import { routeHosts } from "../derived";
import type { Fault } from "../faults";
import type { StackConfig } from "../schema";
import { quote } from "../text";
import { isLoopback } from "../values/addresses";
import { isExampleHost } from "../values/examples";
import { isPublicHost } from "../values/hosts";
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
          fix: asked === undefined ? "add it under services, or correct the name" : "give it a route",
        },
      ];
    }),
  );
}

export function certificateFaults(config: StackConfig, show: ShowPath): Fault[] {
  const faults: Fault[] = [];
  const { certificates, edge } = config;
  const letsEncrypt = certificates === "letsencrypt" || certificates === "letsencrypt-staging";
  if (letsEncrypt && config.acmeEmail === undefined) {
    faults.push({
      path: show(["acmeEmail"]),
      given: "nothing",
      allowed: `an address to which the CA can write, where certificates is ${certificates}`,
      fix: "`pulumi config set rampart:acmeEmail <an address of your own>`",
    });
  }
  const mailHost = config.acmeEmail?.split("@").at(-1)?.toLowerCase();
  if (letsEncrypt && mailHost !== undefined && !isPublicHost(mailHost) && !isExampleHost(mailHost)) {
    faults.push({
      path: show(["acmeEmail"]),
      given: JSON.stringify(config.acmeEmail),
      allowed: "an address of a public domain, to which the CA can write",
      fix: "`pulumi config set rampart:acmeEmail <an address of your own>`",
    });
  }
  const http01 = letsEncrypt || (typeof certificates === "object" && certificates.challenge === "http-01");
  if (http01 && edge.httpPort === false) {
    faults.push({
      path: show(["edge", "httpPort"]),
      given: "false",
      allowed: "a port, where certificates are proven by http-01",
      fix: "remove it, or use certificates: { directory, challenge: tls-alpn-01 }",
    });
  }
  faults.push(...reachFaults(config, show));
  if (!letsEncrypt) return faults;
  for (const [name, service] of Object.entries(config.services)) {
    service.routes.forEach(({ host }, index) => {
      // An example host in production is told for what it is.
      if (isPublicHost(host) || (config.environment === "prod" && isExampleHost(host))) return;
      faults.push({
        path: show(["services", name, "routes", index, "host"]),
        given: JSON.stringify(host),
        allowed: `a public host name, where certificates is ${certificates}`,
        fix:
          "give a name that resolves to this host from the internet, or use certificates: " +
          "self-signed (not in production)",
      });
    });
  }
  return faults;
}

/** Whether certificates come from Let's Encrypt, by its name or its directory. */
const isLetsEncrypt = ({ certificates }: StackConfig): boolean =>
  typeof certificates === "string"
    ? certificates.startsWith("letsencrypt")
    : /(?:^|\.)letsencrypt\.org$/.test(new URL(certificates.directory).hostname);

/**
 * Let's Encrypt asks on port 80 (http-01) or 443 (tls-alpn-01) from the internet.
 * A load balancer may lead it elsewhere.
 */
function reachFaults(config: StackConfig, show: ShowPath): Fault[] {
  const { certificates, edge } = config;
  // A stack dev listens on loopback only, whatever it asks for.
  if (config.environment === "dev" || !isLetsEncrypt(config) || edge.trustedProxies.length > 0) return [];
  const alpn = typeof certificates === "object" && certificates.challenge === "tls-alpn-01";
  const balancer = "or name the load balancer that leads there under edge.trustedProxies";
  const port = (key: "httpPort" | "httpsPort", wanted: number, challenge: string): Fault[] =>
    edge[key] === wanted || edge[key] === false
      ? []
      : [
          {
            path: show(["edge", key]),
            given: String(edge[key]),
            allowed: `${wanted}, where Let's Encrypt asks by ${challenge}`,
            fix: `remove it, ${balancer}`,
          },
        ];
  return [
    ...(isLoopback(edge.listenAddress)
      ? [
          {
            path: show(["edge", "listenAddress"]),
            given: JSON.stringify(edge.listenAddress),
            allowed: "an address that Let's Encrypt reaches from the internet",
            fix: `use 0.0.0.0 or an address of the host's network, ${balancer}`,
          },
        ]
      : []),
    ...(alpn ? port("httpsPort", 443, "tls-alpn-01") : port("httpPort", 80, "http-01")),
  ];
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
