/** The ACL file: a user for each service that uses Redis. */
import { createHash } from "node:crypto";
import { alphanumericPassword } from "../values";

/** Rampart's own user, only for hooks: the start script makes another password each time. */
export const REDIS_ADMIN = "rampart";

/** Who measures: it may ask for INFO, and sees no key. No service has an underscore in its name. */
export const REDIS_METRICS_USER = "rampart_metrics";

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
const RESERVED_USERS = new Set(["default", "health", REDIS_ADMIN, REDIS_METRICS_USER]);

/**
 * The commands of a service's user. Everything but what administers the server or reaches beyond the prefix:
 * `+info` since ioredis (ready check) and BullMQ (version, maxmemory-policy) ask for it; `-function` and the two script
 * commands since libraries and the script cache belong to all services; `-script|debug` since SCRIPT DEBUG SYNC stops
 * the server; RANDOMKEY, SCAN, DBSIZE and PUBSUB tell about other services' keys and channels, and so does client-side
 * caching: CLIENT TRACKING in its broadcasting mode names every key that anybody writes, whatever the user's prefix.
 */
export const REDIS_SERVICE_COMMANDS = [
  "+@all",
  "-@admin",
  "-@dangerous",
  "+info",
  "-function",
  "-script|debug",
  "-script|flush",
  "-script|kill",
  "-client|tracking",
  "-memory",
  "+memory|usage",
  "-dbsize",
  "-pubsub",
  "-randomkey",
  "-scan",
] as const;

function checkUser(user: RedisUser): void {
  const at = `users.${user.name}`;
  if (!USER_NAME.test(user.name) || RESERVED_USERS.has(user.name)) {
    throw new Error(
      `users: "${user.name}" cannot be a user; use lower-case letters, digits, "-" and "_", not "default", ` +
        `"health" or "${REDIS_ADMIN}"`,
    );
  }
  for (const key of ["passwordSha256", "previousPasswordSha256"] as const) {
    const hash = user[key];
    if (hash !== undefined && !SHA256.test(hash))
      throw new Error(`${at}.${key}: not 64 lower-case hexadecimal digits; use redisPasswordHash`);
  }
  if (user.keyPrefixes.length === 0)
    throw new Error(`${at}.keyPrefixes: none given; use for example ["${user.name}:"]`);
  for (const prefix of user.keyPrefixes) {
    if (!KEY_PREFIX.test(prefix))
      throw new Error(`${at}.keyPrefixes: "${prefix}" is not allowed; use 1 to 64 letters, digits and _ : . { } -`);
  }
}

/** Sharing a prefix is a choice; reaching into another's because one is the beginning of the other is a mistake. */
function checkOverlaps(users: readonly RedisUser[]): void {
  for (const user of users) {
    for (const other of users) {
      if (other === user) continue;
      if (other.name === user.name) throw new Error(`users: "${user.name}" is there twice; names have to be different`);
      for (const mine of user.keyPrefixes) {
        const reached = other.keyPrefixes.find(
          (theirs) => theirs !== mine && theirs.startsWith(mine) && !user.keyPrefixes.includes(theirs),
        );
        if (reached !== undefined) {
          throw new Error(
            `users.${user.name}.keyPrefixes: "${mine}" covers "${reached}" of "${other.name}"; end it with a ` +
              `separator, for example "${mine}:"`,
          );
        }
      }
    }
  }
}

function renderUser(user: RedisUser): string {
  const hashes = [user.passwordSha256, user.previousPasswordSha256].flatMap((hash) =>
    hash === undefined ? [] : [`#${hash}`],
  );
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

/**
 * The ACL file. Redis takes no comments in it, and refuses to start with a line that it does not understand.
 * @param metricsSha256 The password of the user that measures, as `passwordSha256`. @default there is none
 */
export function renderRedisAcl(users: readonly RedisUser[], metricsSha256?: string): string {
  users.forEach(checkUser);
  checkOverlaps(users);
  const sorted = [...users].sort((a, b) => (a.name < b.name ? -1 : 1));
  const metrics = metricsSha256 === undefined ? [] : [`user ${REDIS_METRICS_USER} reset on #${metricsSha256} +info`];
  const own = ["user default reset off", "user health reset on nopass +ping", ...metrics];
  return [...own, ...sorted.map(renderUser), ""].join("\n");
}
