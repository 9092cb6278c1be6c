/**
 * For each kind of value, which way it weakens. What is not here is neither weaker nor stronger,
 * and shown all the same.
 */
import { DEFAULT_METHODS } from "../../hardening/gateway/route";
import { rateASecond } from "../summary/routes";
import { issuerOf, type CertificatesConfig, type RouteConfig, type ServiceConfig } from "../../config";
import {
  gainIsWeaker,
  higherIsWeaker,
  higherOrNoneIsWeaker,
  listed,
  lowerIsWeaker,
  other,
  presenceIsStronger,
  presenceIsWeaker,
  ranked,
  setGainIsWeaker,
  type Direction,
  type Judge,
} from "./direction";
import { judgeHeader, type HeaderState } from "../summary/headers";
import { isTree } from "../../hardening/tree";
import type { Leaf } from "./leaves";

/** A route's default; source: config/schema/route.ts. */
const DEFAULT_RATE: RouteConfig["rateLimit"] = { average: 100, burst: 200, periodSeconds: 1 };

const rate: Judge = (before, after) => {
  const [from, to] = [(before ?? DEFAULT_RATE) as typeof DEFAULT_RATE, (after ?? DEFAULT_RATE) as typeof DEFAULT_RATE];
  const parts = [higherIsWeaker()(rateASecond(from), rateASecond(to)), higherIsWeaker()(from.burst, to.burst)];
  if (parts.includes("weaker")) return "weaker";
  return parts.includes("stronger") ? "stronger" : "other";
};

/** A route without methods is one that is not there: what a new one would take by default is no news. */
const methods = (value: unknown): readonly string[] => (value ?? DEFAULT_METHODS) as readonly string[];

/** Without a list, bodies of every type are taken. */
const contentTypes: Judge = (before, after) =>
  before === undefined || after === undefined
    ? presenceIsStronger(before, after)
    : setGainIsWeaker(before as readonly string[], after as readonly string[]);

const isLoopback = (address: unknown): boolean => String(address).startsWith("127.");
const listenRank = (address: unknown): number => (isLoopback(address) ? 0 : address === "0.0.0.0" ? 2 : 1);

const seccompRank = (option: unknown): number => {
  const seccomp = (option ?? "api") as ServiceConfig["confinement"]["seccomp"];
  if (typeof seccomp === "string") return seccomp === "default" ? 1 : 0;
  if ("unconfined" in seccomp) return 3;
  return seccomp.complain ? 2 : 0;
};

const appArmorRank = (option: unknown): number => {
  const appArmor = (option ?? "default") as ServiceConfig["confinement"]["appArmor"];
  if (typeof appArmor === "object") return 2;
  return appArmor === "default" ? 1 : 0;
};

/** The prefixes of a service's keys. `true` stands for the service's own, which is one. */
const prefixes = (cache: unknown): readonly string[] =>
  typeof cache === "object" && cache !== null
    ? (cache as { readonly keyPrefixes: readonly string[] }).keyPrefixes
    : cache === true
      ? ["(its own)"]
      : [];

const ISSUERS: Readonly<Record<string, number>> = { "letsencrypt-staging": 1, "self-signed": 1, letsencrypt: 0 };
const issuerRank = (certificates: unknown): number | undefined => ISSUERS[issuerOf(certificates as CertificatesConfig)];

const secretLength = (spec: unknown): number | undefined =>
  typeof spec === "object" && spec !== null && "generated" in spec ? Number(spec.generated) : undefined;

/** What the stack's file has a deployment run for a secret: another command is for a person to look at. */
const commandFor = (spec: unknown): string =>
  typeof spec === "object" && spec !== null && "from" in spec && isTree(spec.from) && "command" in spec.from
    ? JSON.stringify(spec.from["command"])
    : "";

const secret: Judge = (before, after) => {
  const [from, to] = [commandFor(before), commandFor(after)];
  if (from !== to) return to === "" ? "stronger" : "weaker";
  return lowerIsWeaker()(secretLength(before), secretLength(after));
};

const until: Judge = (before, after) => higherIsWeaker()(Date.parse(String(before)), Date.parse(String(after)));

/** `none` is no sink. */
const sink: Judge = (before, after) =>
  presenceIsStronger(before === "none" ? undefined : before, after === "none" ? undefined : after);

/** In clear is weaker. */
const url: Judge = ranked((value) => (typeof value === "string" ? Number(value.startsWith("http:")) : undefined));

/** The judges of a management surface, by where it stands. */
const accessJudges = (at: string): Readonly<Record<string, Judge>> => ({
  [`${at}.access`]: presenceIsStronger,
  [`${at}.access.basicAuth`]: presenceIsStronger,
  [`${at}.access.basicAuth.users.*`]: presenceIsWeaker,
  [`${at}.access.forwardAuth`]: presenceIsStronger,
  [`${at}.access.forwardAuth.headers.*`]: other,
  [`${at}.access.sources.*`]: presenceIsWeaker,
});

const roleRank = listed("app_ro", "monitor", "app_rw", "migrator");

const JUDGES: Readonly<Record<string, Judge>> = {
  ...accessJudges("logging.sink.builtin.surface"),
  ...accessJudges("route"),
  certificates: ranked(issuerRank),
  "database.access": (before, after) => listed("direct", "forwarder")(before ?? "direct", after ?? "direct"),
  "database.backups": presenceIsStronger,
  "database.backups.drillEveryDays": higherOrNoneIsWeaker,
  "database.backups.keep.daily": lowerIsWeaker(),
  "database.backups.keep.monthly": lowerIsWeaker(),
  "database.backups.keep.weekly": lowerIsWeaker(),
  "database.backups.maxAgeHours": higherIsWeaker(),
  "database.backups.readDailyPercent": lowerIsWeaker(),
  "database.backups.repository": ranked((repository) => (repository === "volume" ? 1 : 0)),
  "database.connectionLimits.app_ro": higherIsWeaker(),
  "database.connectionLimits.app_rw": higherIsWeaker(),
  "database.connectionLimits.backup": higherIsWeaker(),
  "database.connectionLimits.migrator": higherIsWeaker(),
  "database.connectionLimits.monitor": higherIsWeaker(),
  "database.databases.*.tenancy.exceptions.*": presenceIsWeaker,
  "database.databases.*.tenancy.sharedTables.*": presenceIsWeaker,
  "database.elevationMaximumHours": higherIsWeaker(),
  "database.elevations.*": presenceIsWeaker,
  "database.elevations.*.role": roleRank,
  "database.elevations.*.until": until,
  "database.idleInTransactionTimeoutMs": higherOrNoneIsWeaker,
  "database.protect": presenceIsStronger,
  "database.statementTimeoutMs": higherOrNoneIsWeaker,
  "database.tenancy": presenceIsStronger,
  "database.tenancy.exceptions.*": presenceIsWeaker,
  "database.tenancy.sharedTables.*": presenceIsWeaker,
  "edge.clientCertificates.*": presenceIsStronger,
  "edge.connections.perClient": higherIsWeaker(256),
  "edge.connections.total": higherIsWeaker(1500),
  "edge.httpPort": presenceIsWeaker,
  "edge.ipv6": presenceIsWeaker,
  "edge.listenAddress": ranked(listenRank),
  "edge.tls": listed("modern", "intermediate"),
  "edge.trustedProxies.*": presenceIsWeaker,
  "exceptions.*": presenceIsWeaker,
  "exceptions.*.until": until,
  environment: listed("prod", "staging", "dev"),
  "logging.maxFiles": lowerIsWeaker(),
  "logging.maxSizeMiB": lowerIsWeaker(),
  "logging.retentionDays": lowerIsWeaker(30),
  "logging.sink": sink,
  "logging.sink.builtin.maxDiskMiB": lowerIsWeaker(),
  "logging.sink.builtin.protect": presenceIsStronger,
  "logging.sink.builtin.surface": presenceIsWeaker,
  "logging.sink.fluentd.tls": presenceIsStronger,
  "logging.sink.loki.url": url,
  "logging.sink.otlp.url": url,
  "logging.sink.syslog.tls": presenceIsStronger,
  monitoring: presenceIsStronger,
  "monitoring.email": presenceIsStronger,
  "monitoring.ntfy": presenceIsStronger,
  "monitoring.retentionDays": lowerIsWeaker(15),
  "monitoring.webhook": presenceIsStronger,
  "program.cache": (before, after) => setGainIsWeaker(prefixes(before), prefixes(after)),
  "program.confinement.appArmor": ranked(appArmorRank),
  "program.confinement.capabilities.*": presenceIsWeaker,
  "program.confinement.seccomp": ranked(seccompRank),
  "program.confinement.writableRoot": presenceIsWeaker,
  "program.data": (before, after) => listed("none", "read-only", "read-write")(before ?? "none", after ?? "none"),
  "program.dockerApi.*": presenceIsWeaker,
  "program.dockerApi.containers.cpus": higherIsWeaker(1),
  "program.dockerApi.containers.memoryMiB": higherIsWeaker(512),
  "program.dockerApi.containers.pids": higherIsWeaker(256),
  "program.dockerApi.images.*": presenceIsWeaker,
  "program.dockerApi.scope": listed("own", "engine"),
  "program.egress": presenceIsWeaker,
  "program.egress.*": presenceIsWeaker,
  "program.internal": presenceIsWeaker,
  "program.secrets.*": secret,
  "program.secretsInEnvironment": presenceIsWeaker,
  "program.secretsInEnvironment.names.*": presenceIsWeaker,
  "program.tmpfs.*.exec": presenceIsWeaker,
  "program.user": ranked((user) => (typeof user === "object" ? 1 : 0)),
  "program.volumes.*.hostPath": presenceIsWeaker,
  "program.volumes.*.readOnly": presenceIsStronger,
  "redis.protect": presenceIsStronger,
  "redis.tls": presenceIsStronger,
  route: gainIsWeaker,
  "route.contentTypes": contentTypes,
  "route.cors": presenceIsWeaker,
  "route.cors.allowCredentials": presenceIsWeaker,
  "route.cors.allowedHeaders.*": presenceIsWeaker,
  "route.cors.allowedMethods.*": presenceIsWeaker,
  "route.cors.allowedOrigins.*": presenceIsWeaker,
  "route.inFlight.perClient": higherIsWeaker(100),
  "route.inFlight.total": higherIsWeaker(1000),
  "route.maxBodyMiB": higherIsWeaker(1),
  "route.maxHeaderKiB": higherIsWeaker(16),
  "route.methods": (before, after) => setGainIsWeaker(methods(before), methods(after)),
  "route.rateLimit": rate,
  "route.streaming": presenceIsWeaker,
  "route.timeouts.requestSeconds": higherIsWeaker(60),
  "route.timeouts.responseSeconds": higherIsWeaker(60),
  "route.timeouts.streamSeconds": higherIsWeaker(300),
  "route.webSocket": presenceIsWeaker,
  "signatures.*": presenceIsStronger,
  "signatures.*.transparencyLog": presenceIsStronger,
};

/** Variables that say what kind of environment a program runs in: whatever is not production is looser. */
const MODE = /(?:^|_)ENV(?:IRONMENT)?$/i;
const mode: Judge = ranked((value) =>
  typeof value !== "string" ? undefined : /^prod(?:uction)?$/i.test(value) ? 0 : 1,
);

/** Which way a value changes a stack. */
export function judgeLeaf({ kind, key }: Pick<Leaf, "kind" | "key">, before: unknown, after: unknown): Direction {
  if (kind === "route.headers.*")
    return judgeHeader(key, before as HeaderState | undefined, after as HeaderState | undefined);
  if (["program.environment.*", "program.canary.environment.*"].includes(kind) && MODE.test(key))
    return mode(before, after);
  // What a deployment runs for a secret of the stack's own, word by word.
  if (kind.endsWith(".from.command.*")) return presenceIsWeaker(before, after);
  return (JUDGES[kind] ?? other)(before, after);
}
