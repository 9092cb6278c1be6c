import { serviceOf } from "../../hardening/container/canary";
import { dockerApiNetwork } from "../../hardening/container/networks";
import { LOG_COLLECTOR, LOG_STORE } from "../../hardening/logging/parts";
import { viewOfResources, type ContainerView } from "../../hardening/rules";
import type { Plan } from "../evaluate";

/** A container that runs and is on a network. */
export interface Node {
  readonly name: string;
  /** The label `io.rampart.component`. */
  readonly component: string;
  /** What it is or may do, in few words. */
  readonly note: string;
  /** Rampart's own names of its networks, sorted. */
  readonly networks: readonly string[];
}

/** Who is on which network: what the picture of a stack shows. */
export interface Topology {
  readonly edge: { readonly ports: readonly number[]; readonly address: string };
  /** Who can reach the edge: the internet, or on a loopback address this machine only. */
  readonly outside: "internet" | "this machine";
  /** Services and jobs: those that have a route first. */
  readonly programs: readonly Node[];
  /** Postgres, Redis, and what works for them. */
  readonly data: readonly Node[];
  /** Services with a filtered Docker API, and how many requests each is permitted. */
  readonly dockerApi: readonly { readonly consumer: string; readonly permissions: number }[];
  /** Networks with no way out, and those that have one. */
  readonly networks: readonly { readonly name: string; readonly internal: boolean; readonly subnet: string }[];
}

const PROGRAMS = ["service", "job"];
const ELSEWHERE = ["edge", "gateway", "socket-proxy", "egress-proxy", "carrier", ""];
/** Networks of what looks at the stack from beside it. */
const BESIDE = ["monitoring", "logs", dockerApiNetwork(LOG_COLLECTOR)];
const DATA_ORDER = ["postgres", "redis"];

/** The topology that a plan declares. */
export function topologyOf({ stack, config, resources }: Plan): Topology {
  const view = viewOfResources({ stack, environment: config.environment, certificates: "" }, resources);
  const ownName = (engineName: string): string =>
    view.networks.find((network) => network.engineName === engineName)?.name ?? engineName;
  const nodes = view.containers
    .filter(({ runs, networks, component }) => runs && networks.length > 0 && !ELSEWHERE.includes(component))
    .map((container): Node => ({
      name: container.name,
      component: container.component,
      note: noteOf(container, config),
      // What is measured there is no way of the application's, and would cross the picture with lines to everything.
      networks: container.networks
        .map(ownName)
        .filter((name) => !BESIDE.includes(name))
        .sort(),
    }))
    .filter(({ networks }) => networks.length > 0);
  const { edge } = config;
  return {
    edge: {
      address: edge.listenAddress,
      ports: [...(edge.httpPort === false ? [] : [edge.httpPort]), edge.httpsPort],
    },
    outside: edge.listenAddress.startsWith("127.") ? "this machine" : "internet",
    programs: ordered(
      nodes.filter(({ component }) => PROGRAMS.includes(component)),
      ({ component, networks }) => (component === "job" ? 2 : networks.includes("proxy") ? 0 : 1),
    ),
    data: ordered(
      nodes.filter(({ component }) => !PROGRAMS.includes(component)),
      ({ component }) => {
        const place = DATA_ORDER.indexOf(component);
        return place < 0 ? DATA_ORDER.length : place;
      },
    ),
    dockerApi: Object.entries(config.services)
      .flatMap(([consumer, { dockerApi }]) =>
        dockerApi === undefined ? [] : [{ consumer, permissions: dockerApi.permissions.length }],
      )
      .sort((a, b) => (a.consumer < b.consumer ? -1 : 1)),
    networks: view.networks
      .map(({ name, internal, subnet }) => ({ name, internal, subnet }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

const ordered = (nodes: readonly Node[], rank: (node: Node) => number): Node[] =>
  [...nodes].sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));

function noteOf({ component, name, ports }: ContainerView, config: Plan["config"]): string {
  switch (component) {
    case "service": {
      const service = config.services[serviceOf(name)];
      if (service === undefined) return "service";
      if (name !== serviceOf(name)) return `canary, ${service.canary?.weight ?? 0} % of the requests`;
      const parts = [
        ...(service.data === "none" ? [] : [service.data === "read-write" ? "reads and writes data" : "reads data"]),
        ...(service.cache === false ? [] : ["cache"]),
      ];
      return parts.length === 0 ? "no data" : parts.join(", ");
    }
    case "job": {
      const job = config.jobs[name];
      if (job === undefined) return "runs once, as migrator";
      return job.schedule === undefined ? "runs once for each change" : job.schedule;
    }
    case "postgres":
      return "PostgreSQL, TLS only";
    case "redis":
      return config.redis.tls ? "Redis, TLS only" : "Redis, in clear";
    case "backup":
      return "backups";
    case "monitoring":
      return name === "alertmanager" ? "sends alerts" : "measures";
    case "logging":
      return name === LOG_STORE ? "keeps logs" : "hands over logs";
    case "forwarder":
      return `from ${ports.map(({ ip, external }) => `${ip}:${external}`).join(", ")} of the host`;
    default:
      return component;
  }
}

/** What stands under the gateway's name. The picture shows it and the edge as one. */
export const edgeNote = ({ edge: { address } }: Topology): string =>
  address === "0.0.0.0" ? "HAProxy, Traefik" : `on ${address}`;

/** The picture in words, for whoever does not see it. */
export function describeTopology({ edge, outside, programs, data, dockerApi }: Topology): string {
  const on = (network: string): string[] =>
    [...programs, ...data].filter(({ networks }) => networks.includes(network)).map(({ name }) => name);
  const list = (names: readonly string[]): string => (names.length === 0 ? "nobody" : names.join(", "));
  return [
    `${outside === "internet" ? "The internet" : "This machine"} reaches the gateway only,`,
    `on port ${edge.ports.join(" and ")} of ${edge.address}.`,
    "The edge ends TLS for it, on a network of the two.",
    `With the gateway on the network proxy, which has no way out: ${list(on("proxy"))}.`,
    `On the network internal, which has no way out: ${list(on("internal"))}.`,
    `May open connections to the internet: ${list(on("egress"))}.`,
    `Use the Docker API through a socket proxy of their own: ${list(dockerApi.map(({ consumer }) => consumer))}.`,
  ].join(" ");
}
