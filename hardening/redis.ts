/** Redis: `redis.conf` and the ACL file, as pure functions. Written for 7.2 and 7.4; every directive exists in 7.0 too. */
import { createHash } from "node:crypto";
import { alphanumericPassword } from "./database/identifiers";

export const REDIS_PATHS = { config: "/etc/rampart/redis.conf", acl: "/etc/rampart/users.acl", data: "/data" } as const;

/** Docker's form. `-e` makes an error reply (LOADING, MISCONF) an exit code; the user has no password, AUTH needs a word all the same. */
export const REDIS_HEALTH_CHECK: readonly string[] = [
  "CMD", "redis-cli", "-e", "--user", "health", "--pass", "health", "--no-auth-warning", "ping",
];

export const MAXMEMORY_POLICIES = ["noeviction", "allkeys-lru", "allkeys-lfu", "volatile-lru", "volatile-lfu", "volatile-ttl"] as const;
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
  /** Seconds after which an idle client is cut off. @default 0, never: node-redis ends the process on an unhandled 'error' */
  readonly idleTimeoutSeconds?: number;
  /** @default REDIS_PATHS.acl */
  readonly aclFile?: string;
  /** @default REDIS_PATHS.data */
  readonly dataDirectory?: string;
}

/** The data limit for a container: the rest is for clients' buffers and for the copies that a rewrite of the AOF makes. */
export function redisMaxMemoryMiB(containerMemoryMiB: number): number {
  if (!Number.isSafeInteger(containerMemoryMiB) || containerMemoryMiB < 32) {
    throw new Error(`memoryMiB: ${containerMemoryMiB} is not enough for Redis; use a whole number, at least 32`);
  }
  return Math.floor(containerMemoryMiB * 0.6);
}

/** One directive, its value and the reason for it. */
type Directive = readonly [name: string, value: string, why: string];

export function renderRedisConf(args: RedisConfArgs): string {
  if (!Number.isSafeInteger(args.maxMemoryMiB) || args.maxMemoryMiB < 1) {
    throw new Error(`maxMemoryMiB: ${args.maxMemoryMiB} is not allowed; use a whole number, at least 1`);
  }
  const directives: Directive[] = [
    ["aclfile", args.aclFile ?? REDIS_PATHS.acl, "users; makes requirepass meaningless"],
    ["acllog-max-len", "128", "refusals, for ACL LOG"],
    ["appendfsync", "everysec", "at most a second of keys is lost"],
    ["appendonly", "yes", "survives kill -9"],
    ["bind", "* -::*", "the container is on the internal network alone; IPv6 where there is one"],
    ["daemonize", "no", "the container's process"],
    ["databases", "16", "key prefixes hold in each of them"],
    ["dir", args.dataDirectory ?? REDIS_PATHS.data, "the data volume"],
    ["enable-debug-command", "no", "DEBUG can crash the server"],
    ["enable-module-command", "no", "MODULE LOAD is code execution"],
    ["enable-protected-configs", "no", "CONFIG SET dir and dbfilename write files anywhere"],
    ["logfile", '""', "the container's log"],
    ["loglevel", "notice", "no key names"],
    ["maxclients", String(args.maxClients ?? 1000), "each takes memory and a file descriptor"],
    ["maxmemory", `${args.maxMemoryMiB}mb`, "below the container's limit, so that Redis decides and not the kernel"],
    ["maxmemory-policy", args.maxMemoryPolicy ?? "noeviction", "what happens at the limit"],
    ["port", String(args.port ?? 6379), "never published"],
    ["protected-mode", "yes", "the official image is built with it off"],
    ["save", "3600 1 300 100 60 10000", "snapshots beside the AOF"],
    ["stop-writes-on-bgsave-error", "yes", "a full disk is an error, not a surprise"],
    ["tcp-keepalive", "60", "finds dead peers"],
    ["timeout", String(args.idleTimeoutSeconds ?? 0), "seconds of idling; 0 is for ever"],
  ];
  return ["# Written by Rampart. Mounted read-only.", ...directives.flatMap(([name, value, why]) => [`# ${why}`, `${name} ${value}`]), ""].join("\n");
}

export interface RedisUser {
  /** The service's name. */
  readonly name: string;
  /** See `redisPasswordHash`. */
  readonly passwordSha256: string;
  /** The password that is being rotated out and still works. @default none */
  readonly previousPasswordSha256?: string;
  /** Beginnings of the keys and channels that the service may use; two services may share one. */
  readonly keyPrefixes: readonly string[];
  /** Whether SCAN is allowed. It shows the names of every service's keys, whatever the prefix. @default false */
  readonly scan?: boolean;
}

/** SHA-256 in hex, the form in which an ACL file keeps a password. */
export function redisPasswordHash(password: string): string {
  return createHash("sha256").update(alphanumericPassword("password", password)).digest("hex");
}

const USER_NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;
const KEY_PREFIX = /^[A-Za-z0-9_:.{}-]{1,64}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const RESERVED_USERS = new Set(["default", "health"]);

/**
 * The commands of a service's user. Everything but what administers the server or reaches beyond the prefix:
 * `+info` since ioredis (ready check) and BullMQ (version, maxmemory-policy) ask for it; `-function` and the two script
 * commands since libraries and the script cache belong to all services; RANDOMKEY, SCAN, DBSIZE and PUBSUB tell about
 * other services' keys and channels.
 */
export const REDIS_SERVICE_COMMANDS = [
  "+@all", "-@admin", "-@dangerous", "+info",
  "-function", "-script|flush", "-script|kill",
  "-dbsize", "-pubsub", "-randomkey", "-scan",
] as const;

function checkUser(user: RedisUser): void {
  const at = `users.${user.name}`;
  if (!USER_NAME.test(user.name) || RESERVED_USERS.has(user.name)) {
    throw new Error(`users: "${user.name}" cannot be a user; use lower-case letters, digits, "-" and "_", not "default" or "health"`);
  }
  for (const key of ["passwordSha256", "previousPasswordSha256"] as const) {
    const hash = user[key];
    if (hash !== undefined && !SHA256.test(hash)) throw new Error(`${at}.${key}: not 64 lower-case hexadecimal digits; use redisPasswordHash`);
  }
  if (user.keyPrefixes.length === 0) throw new Error(`${at}.keyPrefixes: none given; use for example ["${user.name}:"]`);
  for (const prefix of user.keyPrefixes) {
    if (!KEY_PREFIX.test(prefix)) throw new Error(`${at}.keyPrefixes: "${prefix}" is not allowed; use 1 to 64 letters, digits and _ : . { } -`);
  }
}

/** Sharing a prefix is a choice; reaching into another's because one is the beginning of the other is a mistake. */
function checkOverlaps(users: readonly RedisUser[]): void {
  for (const user of users) {
    for (const other of users) {
      if (other === user) continue;
      if (other.name === user.name) throw new Error(`users: "${user.name}" is there twice; names have to be different`);
      for (const mine of user.keyPrefixes) {
        const reached = other.keyPrefixes.find((theirs) => theirs !== mine && theirs.startsWith(mine) && !user.keyPrefixes.includes(theirs));
        if (reached !== undefined) {
          throw new Error(`users.${user.name}.keyPrefixes: "${mine}" covers "${reached}" of "${other.name}"; end it with a separator, for example "${mine}:"`);
        }
      }
    }
  }
}

function renderUser(user: RedisUser): string {
  const hashes = [user.passwordSha256, user.previousPasswordSha256].flatMap((hash) => (hash === undefined ? [] : [`#${hash}`]));
  const prefixes = [...new Set(user.keyPrefixes)].sort();
  return [
    `user ${user.name} reset on`,
    ...hashes,
    ...prefixes.map((prefix) => `~${prefix}*`),
    ...prefixes.map((prefix) => `&${prefix}*`),
    ...REDIS_SERVICE_COMMANDS,
    ...(user.scan === true ? ["+scan"] : []),
  ].join(" ");
}

/** The ACL file. Redis takes no comments in it, and refuses to start with a line that it does not understand. */
export function renderRedisAcl(users: readonly RedisUser[]): string {
  users.forEach(checkUser);
  checkOverlaps(users);
  const sorted = [...users].sort((a, b) => (a.name < b.name ? -1 : 1));
  return ["user default reset off", "user health reset on nopass +ping", ...sorted.map(renderUser), ""].join("\n");
}
