/** Names, mounts and health checks of services and jobs. */
import { egressNetwork } from "../../hardening/egress/names";
import { JOB_SCHEDULER } from "../../hardening/jobs/scheduler";
import { LOGGING_CONTAINERS } from "../../hardening/logging/parts";
import { MONITORING_CONTAINERS } from "../../hardening/monitoring/parts";
import { monitoringOf, scheduledJobs } from "../derived";
import { sinkOf } from "../sinks";
import type { Fault } from "../faults";
import type { StackConfig } from "../schema";
import { DEFAULT_TMPFS } from "../schema/program";
import type { ShowPath } from "./check";
import { canaries, programs, usersOf } from "./programs";
import { quote } from "../text";
import { shownEngine } from "../values/engine";

/** Names that Rampart's own containers and networks answer to. */
const RESERVED_NAMES = [
  "edge",
  "gateway",
  "postgres",
  "redis",
  "migration",
  "socket-proxy",
  "docker",
  "docker-api",
  "forwarder",
  "carrier",
  "backup",
  "backups",
  "backup-store",
  "restore-drill",
  "localhost",
  "rampart",
];

const RESERVED_PREFIXES = ["docker-api-", "socket-proxy-"];

/** What Traefik and Redis call their own: hardening/edge/dynamic-config.ts and hardening/redis/acl.ts. */
const EDGE_NAMES = ["ping", "rampart-config"];

const REDIS_USERS = ["default", "health"];

/** Whether no service may have this name, whatever it does. */
export const isReservedName = (name: string): boolean =>
  [...RESERVED_NAMES, ...EDGE_NAMES, ...REDIS_USERS].includes(name) ||
  RESERVED_PREFIXES.some((prefix) => name.startsWith(prefix));

/** What the proxies of services with a list of names are called. */
const egressNames = ({ services }: StackConfig): string[] =>
  Object.keys(services)
    .filter((name) => typeof services[name]?.egress === "object")
    .map(egressNetwork);

export function nameFaults(config: StackConfig, show: ShowPath): Fault[] {
  const proxies = egressNames(config);
  const own = usersOf(config).flatMap(([at, user]) => {
    const [holder, name] = at;
    const taken = [
      ...RESERVED_NAMES,
      ...(monitoringOf(config) === undefined ? [] : MONITORING_CONTAINERS),
      ...(sinkOf(config) === undefined ? [] : LOGGING_CONTAINERS),
      ...(scheduledJobs(config).length === 0 ? [] : [JOB_SCHEDULER]),
      ...("routes" in user && user.routes.length > 0 ? EDGE_NAMES : []),
      ...(user.cache === false ? [] : REDIS_USERS),
      ...proxies,
    ];
    if (!taken.includes(name) && !RESERVED_PREFIXES.some((prefix) => name.startsWith(prefix))) return [];
    const prefixes = RESERVED_PREFIXES.join(" or ");
    const allowed = `a name other than ${taken.join(", ")}, and not one that begins with ${prefixes}`;
    const fix = holder === "jobs" ? "rename the job" : "rename the service";
    return [{ path: show(at), given: `the name "${name}"`, allowed, fix }];
  });
  return [...own, ...sharedNameFaults(config, show)];
}

/** A job and a service of one name would be one user of Redis and one place among the stack's containers. */
const sharedNameFaults = ({ jobs, services }: StackConfig, show: ShowPath): Fault[] =>
  Object.keys(jobs)
    .filter((name) => Object.hasOwn(services, name))
    .map((name) => ({
      path: show(["jobs", name]),
      given: `the name "${name}", which a service has`,
      allowed: "a name that no service has",
      fix: "rename the job",
    }));

export function mountFaults(config: StackConfig, show: ShowPath): Fault[] {
  return programs(config).flatMap(([at, program]) => {
    const targets = [...program.volumes.map((volume) => volume.path), ...program.tmpfs.map((mount) => mount.path)];
    const seen = new Set<string>();
    const doubled = new Set(targets.filter((one) => seen.has(one) || !seen.add(one)));
    return [...doubled].map((target) => ({
      path: show([...at, "volumes"]),
      given: `${target} twice`,
      allowed: "one mount for a path, of volumes and tmpfs together",
      fix: "remove one",
    }));
  });
}

/** What lies in a tmpfs counts as the container's memory: more of it never fits. */
export function memoryFaults(config: StackConfig, show: ShowPath): Fault[] {
  return programs(config).flatMap(([at, { tmpfs, resources }]) =>
    tmpfs.flatMap((mount, index) => {
      // The default stays what it is in a container with less.
      if (mount === DEFAULT_TMPFS || mount.sizeMiB <= resources.memoryMiB) return [];
      return [
        {
          path: show([...at, "tmpfs", index, "sizeMiB"]),
          given: String(mount.sizeMiB),
          allowed: `at most ${resources.memoryMiB}, the container's resources.memoryMiB: a tmpfs is memory`,
          fix: "use a smaller tmpfs, a volume, or raise resources.memoryMiB",
        },
      ];
    }),
  );
}

/** A way to a Docker engine past the socket proxy, which would not judge what is asked there. */
export function dockerHostFaults(config: StackConfig, show: ShowPath): Fault[] {
  return [...programs(config), ...canaries(config)].flatMap(([at, program]) => {
    const host = program.environment["DOCKER_HOST"];
    if (host === undefined) return [];
    const fault = { path: show([...at, "environment", "DOCKER_HOST"]), given: quote(shownEngine(host)) };
    const fix = "remove it, and list what the program calls under dockerApi (docs/docker-api.md)";
    if ("dockerApi" in program && program.dockerApi !== undefined)
      return [{ ...fault, allowed: "no variable of this name: Rampart sets it to the service's socket proxy", fix }];
    const names = Object.keys(program.environment);
    if (!/^(?:tcp|http|unix|npipe|fd):/i.test(host) || names.includes("DOCKER_TLS_VERIFY")) return [];
    return [{ ...fault, allowed: "an engine over ssh or TLS; the host's own only through dockerApi", fix }];
  });
}

/**
 * The engine probes for the first time after one interval:
 * later than the time to start, and no version ever gets healthy.
 */
export function healthFaults(config: StackConfig, show: ShowPath): Fault[] {
  return Object.entries(config.services).flatMap(([name, { healthCheck, startTimeoutSeconds }]) => {
    if (healthCheck.intervalSeconds < startTimeoutSeconds) return [];
    return [
      {
        path: show(["services", name, "healthCheck", "intervalSeconds"]),
        given: String(healthCheck.intervalSeconds),
        allowed: `less than startTimeoutSeconds (${startTimeoutSeconds}): the first check comes after one interval`,
        fix: "use a shorter interval, or a longer startTimeoutSeconds",
      },
    ];
  });
}
