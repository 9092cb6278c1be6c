/** `redis.conf`, as a pure function. Written for 7.2 and 7.4; every directive exists in 7.0 too. */
import { REDIS_PORT } from "./url";

/**
 * Where things are in the container. What lies in `live` changes while Redis runs; the rest of `/etc/rampart` replaces
 * it.
 */
export const REDIS_PATHS = {
  config: "/etc/rampart/redis.conf",
  start: "/etc/rampart/start.sh",
  users: "/etc/rampart/users.sh",
  live: "/etc/rampart-live",
  data: "/data",
  /** A tmpfs. */
  scratch: "/tmp",
} as const;

/** The users in force, where `ACL SAVE` puts them. */
export const REDIS_ACL_FILE = "users.acl";
/** Names in `live`. */
export const REDIS_LIVE_FILES = { users: "users.acl", certificate: "tls.crt", key: "tls.key", ca: "ca.crt" } as const;

/**
 * Docker's form. `-e` makes an error reply (LOADING, MISCONF) an exit code; the user has no password, AUTH needs a word
 * all the same.
 */
export function redisHealthCheck(tls: boolean, live: string = REDIS_PATHS.live): readonly string[] {
  // The chain and its dates are verified: a certificate that has run out is unhealthy.
  const secured = tls ? ["--tls", "--cacert", `${live}/${REDIS_LIVE_FILES.ca}`] : [];
  return ["CMD", "redis-cli", "-e", ...secured, "--user", "health", "--pass", "health", "--no-auth-warning", "ping"];
}

export const MAXMEMORY_POLICIES = [
  "noeviction",
  "allkeys-lru",
  "allkeys-lfu",
  "volatile-lru",
  "volatile-lfu",
  "volatile-ttl",
] as const;
export type MaxmemoryPolicy = (typeof MAXMEMORY_POLICIES)[number];

export interface RedisConfArgs {
  /** The data limit in MiB; see `redisMaxMemoryMiB`. */
  readonly maxMemoryMiB: number;
  /** What happens at the limit. @default "noeviction": queues (BullMQ) and sessions must not vanish silently */
  readonly maxMemoryPolicy?: MaxmemoryPolicy;
  /** @default 6379 */
  readonly port?: number;
  /** @default 1000; each takes a file descriptor */
  readonly maxClients?: number;
  /**
   * Seconds after which an idle client is cut off.
   * @default 0, never: node-redis ends the process on an unhandled 'error'
   */
  readonly idleTimeoutSeconds?: number;
  /** Whether Redis takes only TLS 1.3, with the certificate that lies in `liveDirectory`. @default false */
  readonly tls?: boolean;
  /** @default REDIS_PATHS.data */
  readonly dataDirectory?: string;
  /** @default REDIS_PATHS.live */
  readonly liveDirectory?: string;
}

/**
 * The data limit for a container: the rest is for clients' buffers and for the copies that a rewrite of the AOF makes.
 */
export function redisMaxMemoryMiB(containerMemoryMiB: number): number {
  if (!Number.isSafeInteger(containerMemoryMiB) || containerMemoryMiB < 32) {
    throw new Error(`memoryMiB: ${containerMemoryMiB} is not enough for Redis; use a whole number, at least 32`);
  }
  return Math.floor(containerMemoryMiB * 0.6);
}

/**
 * What clients' buffers may take together, in MiB: without a limit one command that is long enough has the kernel kill
 * Redis.
 */
const clientBuffersMiB = (maxMemoryMiB: number): number => Math.max(2, Math.floor(maxMemoryMiB / 4));

/** One directive, its value and the reason for it. */
type Directive = readonly [name: string, value: string, why: string];

export function renderRedisConf(args: RedisConfArgs): string {
  if (!Number.isSafeInteger(args.maxMemoryMiB) || args.maxMemoryMiB < 1) {
    throw new Error(`maxMemoryMiB: ${args.maxMemoryMiB} is not allowed; use a whole number, at least 1`);
  }
  const port = String(args.port ?? REDIS_PORT);
  const data = args.dataDirectory ?? REDIS_PATHS.data;
  const buffersMiB = clientBuffersMiB(args.maxMemoryMiB);
  const directives: Directive[] = [
    ["aclfile", `${data}/${REDIS_ACL_FILE}`, "users, where ACL SAVE writes them; makes requirepass meaningless"],
    ["acllog-max-len", "128", "refusals, for ACL LOG"],
    [
      "aof-load-truncated",
      "yes",
      "after kill -9 or a power cut the last, half-written command is dropped, and said in the log",
    ],
    ["appendfsync", "everysec", "at most a second of keys is lost"],
    ["appendonly", "yes", "survives kill -9"],
    ["bind", "* -::*", "the container is only on the internal network; IPv6 where there is one"],
    ["client-query-buffer-limit", `${buffersMiB}mb`, "of one client; Redis' own 1 GB is more than the container has"],
    ["daemonize", "no", "the container's process"],
    ["databases", "16", "key prefixes hold in each of them"],
    ["dir", data, "the data volume"],
    ["enable-debug-command", "no", "DEBUG can crash the server"],
    ["enable-module-command", "no", "MODULE LOAD is code execution"],
    ["enable-protected-configs", "no", "CONFIG SET dir and dbfilename write files anywhere"],
    ["logfile", '""', "the container's log"],
    ["loglevel", "notice", "no key names"],
    ["maxclients", String(args.maxClients ?? 1000), "each takes memory and a file descriptor"],
    ["maxmemory", `${args.maxMemoryMiB}mb`, "below the container's limit, so that Redis decides and not the kernel"],
    [
      "maxmemory-clients",
      `${buffersMiB}mb`,
      "of all clients: those that take the most are cut off, before the kernel ends Redis",
    ],
    ["maxmemory-policy", args.maxMemoryPolicy ?? "noeviction", "what happens at the limit"],
    ["port", args.tls === true ? "0" : port, args.tls === true ? "nothing in clear" : "never published"],
    ["protected-mode", "yes", "the official image is built with it off"],
    ["proto-max-bulk-len", `${Math.floor(buffersMiB / 2)}mb`, "the longest value, refused before it is read"],
    ["save", "3600 1 300 100 60 10000", "snapshots beside the AOF"],
    ["stop-writes-on-bgsave-error", "yes", "a full disk is an error, not a surprise"],
    ["tcp-keepalive", "60", "finds dead peers"],
    ["timeout", String(args.idleTimeoutSeconds ?? 0), "seconds of idling; 0 is for ever"],
    ...(args.tls === true ? tlsDirectives(port, args.liveDirectory ?? REDIS_PATHS.live) : []),
  ];
  return [
    "# Written by Rampart. Mounted read-only.",
    ...directives.flatMap(([name, value, why]) => [`# ${why}`, `${name} ${value}`]),
    "",
  ].join("\n");
}

function tlsDirectives(port: string, live: string): Directive[] {
  return [
    ["tls-auth-clients", "no", "clients log in with a password, not with a certificate"],
    ["tls-ca-cert-file", `${live}/${REDIS_LIVE_FILES.ca}`, "Redis refuses to start TLS without one"],
    ["tls-cert-file", `${live}/${REDIS_LIVE_FILES.certificate}`, "renewed while Redis runs"],
    ["tls-key-file", `${live}/${REDIS_LIVE_FILES.key}`, "and so its key"],
    ["tls-port", port, "never published"],
    ["tls-protocols", '"TLSv1.3"', "no older one"],
  ];
}
