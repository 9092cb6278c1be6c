/**
 * Commands that a service's user is refused, and those that it is there for. Pure. None does harm where it is allowed:
 * what would empty or stop the server has an option that there is not, and what would write a key only does so where
 * the key exists, which it does not.
 */

export interface RedisTry {
  readonly what: string;
  /** As redis-cli reads it. */
  readonly command: string;
}

const OPTION = "RAMPART-VERIFY";
/** No key that anybody has. */
const KEY = "rampart-verify-no-such-key";

/** What administers the server, or tells of other services. */
const ADMINISTRATION: readonly RedisTry[] = [
  { what: "read the configuration", command: "CONFIG GET maxmemory" },
  { what: "change the configuration", command: `CONFIG SET ${KEY} 1` },
  { what: "empty the server", command: `FLUSHALL ${OPTION}` },
  { what: "empty the database", command: `FLUSHDB ${OPTION}` },
  { what: "list users", command: "ACL LIST" },
  { what: "change users", command: `ACL DELUSER ${KEY}` },
  { what: "debug the server", command: "DEBUG HELP" },
  { what: "stop the server", command: `SHUTDOWN ${OPTION}` },
  { what: "list modules", command: "MODULE LIST" },
  { what: "follow another server", command: "REPLICAOF NO ONE" },
  { what: "save a snapshot", command: `BGSAVE ${OPTION}` },
  { what: "list other clients", command: "CLIENT LIST" },
  { what: "track other clients' keys", command: "CLIENT TRACKING OFF" },
  { what: "read slow commands of others", command: "SLOWLOG LEN" },
  { what: "read latencies", command: "LATENCY LATEST" },
  { what: "count everybody's keys", command: "DBSIZE" },
  { what: "be told a key of anybody's", command: "RANDOMKEY" },
  { what: "list channels", command: "PUBSUB NUMPAT" },
  { what: "list functions", command: "FUNCTION LIST" },
  { what: "empty the cache of scripts", command: `SCRIPT FLUSH ${OPTION}` },
  { what: "swap databases", command: "SWAPDB 0 0" },
];

const SCAN: RedisTry = { what: "list everybody's keys", command: "SCAN 0 COUNT 1" };

/** @param foreign a prefix that is another service's, or nobody's */
const elsewhere = (foreign: string): readonly RedisTry[] => [
  { what: `read a key of ${foreign}`, command: `GET ${foreign}${KEY}` },
  { what: `write a key of ${foreign}`, command: `SET ${foreign}${KEY} 1 XX` },
  { what: `delete a key of ${foreign}`, command: `UNLINK ${foreign}${KEY}` },
  { what: `publish on a channel of ${foreign}`, command: `PUBLISH ${foreign}${KEY} 1` },
  { what: `read a key of ${foreign} by a script`, command: `EVAL "return redis.call('GET', '${foreign}${KEY}')" 0` },
  { what: `copy to a key of ${foreign}`, command: `COPY ${foreign}${KEY} ${foreign}${KEY}-2` },
];

/** @param foreign beginnings of keys that are not the user's */
export const redisOversteps = (foreign: readonly string[]): readonly RedisTry[] => [
  ...ADMINISTRATION,
  SCAN,
  ...foreign.flatMap(elsewhere),
];

/** @param prefixes the user's own */
export const redisDuties = (prefixes: readonly string[]): readonly RedisTry[] => [
  { what: "ask whether it answers", command: "PING" },
  ...prefixes.flatMap((prefix) => [
    { what: `read a key of ${prefix}`, command: `GET ${prefix}${KEY}` },
    { what: `write a key of ${prefix}`, command: `SET ${prefix}${KEY} 1 XX` },
    { what: `run a script on ${prefix}`, command: `EVAL "return redis.call('GET', KEYS[1])" 1 ${prefix}${KEY}` },
  ]),
];

/** redis-cli's input: it answers one line after the other, and each answer ends with a mark. */
export const redisScript = (tries: readonly RedisTry[], mark: string): string =>
  tries.map(({ command }, index) => `${command}\nECHO ${mark}${index}\n`).join("");

/** By try; undefined where there is no answer. */
export function readAnswers(output: string, mark: string, count: number): readonly (string | undefined)[] {
  let rest = output;
  return Array.from({ length: count }, (_, index) => {
    const at = rest.indexOf(`${mark}${index}\n`);
    if (at < 0) return undefined;
    const answer = rest.slice(0, at).trim();
    rest = rest.slice(at + `${mark}${index}\n`.length);
    return answer;
  });
}

/** Redis 7.0 says "this user has no permissions", 7.4 "User api has no permissions"; scripts have their own words. */
const REFUSED =
  /NOPERM|has no permissions|No permissions|ACL failure|script can't (access|run)|(DEBUG|MODULE) command not allowed/i;

export const isRefused = (answer: string): boolean => REFUSED.test(answer);
/** An answer of its own kind is no refusal: nil, a number, a list. */
export const isError = (answer: string): boolean => /^(\(error\) )?[A-Z]{2,}[A-Z0-9]* /.test(answer);
