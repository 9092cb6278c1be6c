/** The users of the running Redis, from `ACL LIST`, compared with what the stack declares. Pure. */
import { REDIS_ADMIN, REDIS_METRICS_USER, redisPasswordHash } from "../../../hardening/redis";
import type { Finding } from "../../check";

export interface KnownUser {
  readonly name: string;
  readonly password: string;
  readonly keyPrefixes: readonly string[];
}

/** Users of Rampart's own, whatever services there are. */
const OWN = ["default", "health", REDIS_ADMIN, REDIS_METRICS_USER] as const;

/** What no service's user is given, by the command's name: what administers, or tells of others. */
const NEVER = [
  ...["acl", "bgrewriteaof", "bgsave", "cluster", "config", "debug", "failover", "flushall", "flushdb", "keys"],
  ...["latency", "migrate", "module", "monitor", "psync", "replicaof", "replconf", "restore", "save", "scan"],
  ...["shutdown", "slaveof", "slowlog", "sort", "swapdb", "sync", "function", "dbsize", "randomkey", "pubsub"],
];

function faults(words: readonly string[], { password, keyPrefixes }: KnownUser): string[] {
  const hashes = words.filter((word) => word.startsWith("#")).map((word) => word.slice(1));
  const known = redisPasswordHash(password);
  const patterns = (kind: "~" | "&" | "%"): string[] => words.filter((word) => word.startsWith(kind));
  const extra = (kind: "~" | "&"): string[] =>
    patterns(kind).filter((word) => !keyPrefixes.some((prefix) => word === `${kind}${prefix}*`));
  const given = words.filter((word) => /^\+(@admin|@dangerous|@all)$/.test(word));
  // `+@all` is where the rules begin; after it each of the two is taken away.
  const wide = given.filter((word) => word !== "+@all");
  const commands = words.filter((word) => NEVER.includes(word.slice(1).split("|")[0] ?? "") && word.startsWith("+"));
  return [
    ...(words.includes("on") ? [] : ["is off"]),
    ...(words.includes("nopass") ? ["needs no password"] : []),
    ...(hashes.includes(known) ? [] : ["does not take the password that the state knows"]),
    ...(hashes.some((hash) => hash !== known) ? ["takes a password that the state does not know"] : []),
    ...[...extra("~"), ...extra("&"), ...patterns("%")].map((word) => `reaches ${word}`),
    // It cannot be tried: it stops a server with many keys.
    ...(words.includes("+@all") && !words.includes("-@dangerous") && !words.includes("-keys") ? ["may run KEYS"] : []),
    ...(words.includes("+@all") && !words.includes("-@admin") ? ["may run what administers the server"] : []),
    ...[...wide, ...commands].map((word) => `is given ${word}`),
    ...(words.some((word) => word.startsWith("(")) ? ["has further rights by a selector"] : []),
  ];
}

/** @param list what `ACL LIST` gave, a user a line */
export function userFindings(list: string, known: readonly KnownUser[]): Finding[] {
  const found = new Map(
    list.split("\n").flatMap((line) => {
      const [, name, rules] = /^user (\S+) (.*)$/.exec(line.trim()) ?? [];
      return name === undefined || rules === undefined ? [] : [[name, rules.split(" ")] as const];
    }),
  );
  const judged = known.map((user): Finding => {
    const words = found.get(user.name);
    if (words === undefined) return { status: "fail", target: user.name, evidence: "Redis has no such user" };
    const all = faults(words, user);
    return {
      status: all.length === 0 ? "pass" : "fail",
      target: user.name,
      evidence: all.join("; ") || `reaches ${user.keyPrefixes.join(", ")} with the password of the state`,
    };
  });
  const others = [...found.keys()].filter(
    (name) => !known.some((user) => user.name === name) && !(OWN as readonly string[]).includes(name),
  );
  const isOff = found.get("default")?.includes("off") === true;
  return [
    ...judged,
    ...others.map((target): Finding => ({
      status: "fail",
      target,
      evidence: "is a user of Redis that the state does not know",
    })),
    { status: isOff ? "pass" : "fail", target: "default", evidence: isOff ? "is off" : "is on: a user without a name" },
  ];
}
