/** Names, mounts and health checks of services. */
import type { Fault } from "../faults";
import type { StackConfig } from "../schema";
import type { ShowPath } from "./check";
import { programs } from "./programs";

/** Names that Rampart's own containers and networks answer to. */
const RESERVED_NAMES = [
  "edge",
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

export function nameFaults(config: StackConfig, show: ShowPath): Fault[] {
  return Object.entries(config.services).flatMap(([name, service]) => {
    const taken = [
      ...RESERVED_NAMES,
      ...(service.routes.length > 0 ? EDGE_NAMES : []),
      ...(service.cache === false ? [] : REDIS_USERS),
    ];
    if (!taken.includes(name) && !RESERVED_PREFIXES.some((prefix) => name.startsWith(prefix))) return [];
    const allowed = `a name other than ${taken.join(", ")}, and not one that begins with ${RESERVED_PREFIXES.join(" or ")}`;
    return [{ path: show(["services", name]), given: `the name "${name}"`, allowed, fix: "rename the service" }];
  });
}

export function mountFaults(config: StackConfig, show: ShowPath): Fault[] {
  return programs(config).flatMap(([at, program]) => {
    const targets = [...program.volumes.map((volume) => volume.path), ...program.tmpfs.map((mount) => mount.path)];
    const doubled = new Set(targets.filter((one, index) => targets.indexOf(one) !== index));
    return [...doubled].map((target) => ({
      path: show([...at, "volumes"]),
      given: `${target} twice`,
      allowed: "one mount for a path, of volumes and tmpfs together",
      fix: "remove one",
    }));
  });
}

/** The engine probes for the first time after one interval: later than the time to start, and no version ever gets healthy. */
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
