/**
 * The configuration of one consumer's socket proxy: HAProxy 2.6 to 3.2 in front of the engine's socket. Everything
 * that is not named is refused, and each refusal is answered, logged and counted.
 */
import type { BodyKind, DockerApiPermission, Endpoint, QueryKind } from "./endpoints";
import { endpointOf } from "./endpoints";
import type { JudgedKind } from "./body-grammars";
import { bodyGrammar, JUDGED_KINDS, queryGrammar } from "./body-grammars";
import type { NameLimits } from "./names";
import { NAME_PREFIX, pathParameter } from "./names";
import { quote } from "./json-grammar";
import { listsContainers, namesContainer } from "./permissions";
import { REFUSAL_REASONS } from "./refusal-reasons";
import { CLIENTS_TABLE, connectionRules, inFlightRules, LARGEST_TOTAL, OWN_CONNECTIONS } from "./shares";

/** What a container gets that the consumer creates. */
export interface CreatedContainers extends ContainerLimits {
  /** The value of the label `io.rampart.consumer` on everything that it creates: one on an engine. */
  readonly owner: string;
  /** Where `consumer.lua` lies in the proxy's container. */
  readonly script: string;
}

/** The most that one container may have, and what it gets that asks for nothing. */
export interface ContainerLimits {
  readonly memoryMiB: number;
  readonly cpus: number;
  readonly pids: number;
}

/** On what a consumer created; the value is its owner. */
export const LABEL_CONSUMER = "io.rampart.consumer";

export interface HaproxyConfigArgs extends NameLimits {
  /** @default containers are created as the consumer asks for them, without limits */
  readonly created?: CreatedContainers;
  /** Whether it reaches only what it created; needs `created`. @default false */
  readonly ownOnly?: boolean;
  /** The service that holds the permissions; the log, the refusals and the counters carry its name. */
  readonly consumer: string;
  /** From `expandPermissions`. */
  readonly permissions: readonly DockerApiPermission[];
  /** The engine's socket, as mounted into the proxy. @default "/var/run/docker.sock" */
  readonly socketPath?: string;
  /** Where the proxy listens. @default "*" (the container is only on its consumer's network) */
  readonly listenAddress?: string;
  /** @default 2375 */
  readonly port?: number;
  /** The port of `/healthz`, `/stats;csv` and `/metrics`, on the container's own 127.0.0.1. @default 8080 */
  readonly healthPort?: number;
  /** Seconds that a stream (events, logs, build, attach, exec) may stay silent. @default 86400 */
  readonly streamIdleSeconds?: number;
  /** Whether what is allowed is logged as well. @default true */
  readonly logAllowed?: boolean;
}

/** Bytes: the largest body that is judged. The buffer is larger, so that the request's headers fit in as well. */
export const MAX_JUDGED_BODY_BYTES = 49_152;
const BUFFER_BYTES = 65_536;

/** API versions: below 1.24 the engine took settings in places that nobody judges (seen: HostConfig at start). */
const VERSION_PREFIX = "(?:/v1\\.(?:2[4-9]|[3-9][0-9]))?";

/** The expression for a permission's path. */
export function pathPattern(permission: DockerApiPermission, limits: NameLimits = {}): string {
  const path = permission.slice(permission.indexOf(" ") + 1);
  const literal = path.split(/\{[a-z]+\}/).map((part) => quote(part).replaceAll("\\/", "/"));
  return `^${VERSION_PREFIX}${literal.join(pathParameter(permission, limits))}$`;
}

/** The text of haproxy.cfg. Throws on a consumer's name or prefix that could end its quoting. */
export function renderHaproxyConfig(args: HaproxyConfigArgs): string {
  validate(args);
  const endpoints = [...new Set(args.permissions)]
    .sort()
    .map((permission) => ({ permission, endpoint: endpointOf(permission) }));
  return [
    ...globalAndDefaults(args),
    "",
    "frontend docker-api",
    // Only h1: HAProxy would otherwise take up HTTP/2 from its preface, where the rules on the request line mean
    // nothing.
    `    bind ${args.listenAddress ?? "*"}:${args.port ?? 2375} proto h1`,
    "    option logasap",
    // What is no HTTP, and what does not arrive in time: HAProxy answers before a rule is judged, and knows no
    // variable.
    `    error-log-format 'refused consumer=${args.consumer} method=- path=- rule=malformed permission="-" status=%ST'`,
    `    log-format '%[var(txn.verdict,refused)] consumer=${args.consumer} method=%HM path=%HPO ` +
      `rule=%[var(txn.rule,malformed)] permission="%[var(txn.permission,-)]" status=%ST'`,
    ...connectionRules(),
    ...inFlightRules(args.consumer),
    ...requestLineRules(),
    ...endpoints.map(
      ({ permission }) =>
        `    http-request set-var(txn.permission) str('${permission}') if { method ` +
        `${permission.split(" ")[0] ?? ""} } { path -m reg '${pathPattern(permission, args)}' }`,
    ),
    refuse("not-permitted", "!{ var(txn.permission) -m found }"),
    ...queryRules(endpoints, args),
    ...(args.bridge === false && args.permissions.includes(BUILD)
      ? [
          refuse(
            "way-out",
            `{ var(txn.permission) -m str '${BUILD}' } !{ query -m reg '(?:^|&)networkmode=none(?:&|$)' }`,
          ),
        ]
      : []),
    ...bodyRules(endpoints, { ...args, bounded: args.created !== undefined }),
    ...ownRules(endpoints, args),
    ...verdict(args),
    ...(args.created === undefined || !args.permissions.includes(CREATE)
      ? []
      : [`    http-request use-service lua.create if { var(txn.permission) -m str '${CREATE}' }`]),
    ...attachRules(endpoints, args),
    "    default_backend engine",
    "",
    ...CLIENTS_TABLE,
    "",
    "backend engine",
    // A client that went away holds no stream, though nothing happens in it.
    "    option abortonclose",
    "    option httpchk",
    "    http-check send meth GET uri /_ping ver HTTP/1.1 hdr Host docker",
    "    http-check expect status 200",
    // Never shared: a request that ends badly spoils its own connection only.
    "    http-reuse never",
    `    server engine unix@${args.socketPath ?? "/var/run/docker.sock"} check inter 10s`,
    "",
    ...healthFrontend(args),
    "",
  ].join("\n");
}

interface Granted {
  readonly permission: DockerApiPermission;
  readonly endpoint: Endpoint;
}

function validate(args: HaproxyConfigArgs): void {
  const faults = [
    {
      holds: /^[a-z0-9][a-z0-9-]{0,62}$/.test(args.consumer),
      message: `consumer: given "${args.consumer}"; allowed: lower-case letters, digits and hyphens`,
    },
    {
      holds: /^\/[A-Za-z0-9_./-]+$/.test(args.socketPath ?? "/s"),
      message: `socketPath: given "${args.socketPath ?? ""}"; allowed: an absolute path without spaces`,
    },
    {
      holds: /^[a-z0-9.-]+$/.test(args.created?.owner ?? "a"),
      message: `created.owner: given "${args.created?.owner ?? ""}"; allowed: a to z, 0 to 9, dots and hyphens`,
    },
    {
      holds: /^\/[A-Za-z0-9_./-]+$/.test(args.created?.script ?? "/s"),
      message: `created.script: given "${args.created?.script ?? ""}"; allowed: an absolute path without spaces`,
    },
    {
      holds: /^[0-9A-Fa-f.:*]+$/.test(args.listenAddress ?? "*"),
      message: `listenAddress: given "${args.listenAddress ?? ""}"; allowed: an address or *`,
    },
    ...(["volumePrefix", "networkPrefix"] as const).map((name) => ({
      holds: NAME_PREFIX.test(args[name] ?? "app-"),
      message:
        `${name}: given "${args[name] ?? ""}"; allowed: lower-case letters, digits, "_", "." and "-", with one that ` +
        `no id has (g to z, "_", "." or "-")`,
    })),
  ];
  const fault = faults.find(({ holds }) => !holds);
  if (fault !== undefined) throw new Error(`docker API proxy: ${fault.message}`);
}

function globalAndDefaults(args: HaproxyConfigArgs): string[] {
  const idle = `${args.streamIdleSeconds ?? 86_400}s`;
  const error = (status: number, text: string): string =>
    `    http-error status ${status} content-type application/json string '{"message":"rampart: ${text}"}'`;
  return [
    `# The Docker API as ${args.consumer} may use it. Generated by Rampart; see docs/docker-api.md.`,
    "global",
    "    log stdout format raw local0 info",
    `    maxconn ${LARGEST_TOTAL + OWN_CONNECTIONS}`,
    `    tune.bufsize ${BUFFER_BYTES}`,
    "    tune.maxrewrite 1024",
    ...scripted(args),
    "",
    "defaults",
    "    mode http",
    "    log global",
    "    option dontlognull",
    "    option clitcpka",
    "    timeout connect 5s",
    // A request has to arrive at once; an answer may be a stream in which nothing happens for hours.
    "    timeout http-request 10s",
    "    timeout http-keep-alive 60s",
    `    timeout client ${idle}`,
    `    timeout server ${idle}`,
    `    timeout tunnel ${idle}`,
    error(400, "docker API request refused: malformed"),
    error(408, "docker API request refused: it did not arrive in time"),
    error(502, "the Docker engine gave no valid answer"),
    error(503, "the Docker engine does not answer"),
  ];
}

const CREATE: DockerApiPermission = "POST /containers/create";
const BUILD: DockerApiPermission = "POST /build";

/** What the script is told. A process of its own reads the environment, so nothing here is secret. */
function scripted({ created, socketPath, bridge }: HaproxyConfigArgs): string[] {
  if (created === undefined) return [];
  const settings: Readonly<Record<string, string>> = {
    BRIDGE: String(bridge !== false),
    LABEL: LABEL_CONSUMER,
    MEMORY: String(created.memoryMiB * 1_048_576),
    NANO_CPUS: String(Math.round(created.cpus * 1e9)),
    OWNER: created.owner,
    PIDS: String(created.pids),
    SOCKET: socketPath ?? "/var/run/docker.sock",
  };
  return [
    ...Object.entries(settings).map(([name, value]) => `    setenv RAMPART_${name} ${value}`),
    `    lua-load ${created.script}`,
  ];
}

/** Lists are narrowed to what the consumer created, and only that can be named. */
function ownRules(granted: readonly Granted[], { created, ownOnly = false }: HaproxyConfigArgs): string[] {
  if (created === undefined || !ownOnly) return [];
  const isExec = (permission: string): boolean => permission.includes(" /exec/");
  const those = (holds: (permission: string) => boolean): string =>
    granted
      .map(({ permission }) => permission)
      .filter(holds)
      .map((permission) => `'${permission}'`)
      .join(" ");
  const act = (action: string, permissions: string): string[] =>
    permissions === ""
      ? []
      : [`    http-request lua.${action} if !{ var(txn.rule) -m found } { var(txn.permission) -m str ${permissions} }`];
  return [
    ...act(
      "own container",
      those((permission) => namesContainer(permission) && !isExec(permission)),
    ),
    ...act("own exec", those(isExec)),
    ...act("narrow", those(listsContainers)),
    "    http-request return status 404 content-type application/json " +
      `string '{"message":"No such container"}' if { var(txn.missing) -m found }`,
  ];
}

/** Nobody else's container joins a network of the consumer's, where what it created could reach it. */
function attachRules(granted: readonly Granted[], { created, ownOnly = false }: HaproxyConfigArgs): string[] {
  const attaching = granted.filter(({ permission }) => /^POST \/networks\/\{id\}\/(?:dis)?connect$/.test(permission));
  if (created === undefined || !ownOnly || attaching.length === 0) return [];
  const permissions = attaching.map(({ permission }) => `'${permission}'`).join(" ");
  return [`    http-request use-service lua.attach if { var(txn.permission) -m str ${permissions} }`];
}

/** The first refusal keeps its name. */
function refuse(rule: string, condition: string): string {
  return `    http-request set-var(txn.rule) str(${rule}) if !{ var(txn.rule) -m found } ${condition}`;
}

function isKind(kinds: readonly (BodyKind | QueryKind)[]): string {
  return `{ var(txn.kind) -m str ${kinds.join(" ")} }`;
}

function requestLineRules(): string[] {
  return [
    // Only the origin form: no absolute URI, CONNECT or asterisk, which the engine would read differently.
    refuse("request-form", "!{ url -m beg / }"),
    refuse("encoded-path", "{ path -m sub % }"),
    refuse("path-form", "{ path -m reg '//|/\\.|[^A-Za-z0-9_.:@/-]' }"),
    refuse("query-form", "{ query -m reg '[;#\\x00-\\x20\\x7f-\\xff]' }"),
    refuse("duplicate-header", "{ req.fhdr_cnt(content-type) gt 1 }"),
    // The engine adds the fields of a form to the query.
    refuse(
      "content-type",
      "{ req.fhdr(content-type) -m found } !{ req.fhdr(content-type) -m reg -i " +
        "'^(?:application/(?:json|x-tar|tar|gzip|x-gzip|octet-stream)|text/plain)(?:; *charset=utf-8)?$' }",
    ),
  ];
}

function queryRules(granted: readonly Granted[], limits: NameLimits): string[] {
  return granted.flatMap(({ permission, endpoint }) =>
    endpoint.query === undefined
      ? []
      : [
          refuse(
            "query",
            `{ var(txn.permission) -m str '${permission}' } { query -m found } !{ query -m reg ` +
              `'${queryGrammar(endpoint.query, limits)}' }`,
          ),
        ],
  );
}

function bodyRules(granted: readonly Granted[], limits: NameLimits): string[] {
  const kinds = [...new Set(granted.map(({ endpoint }) => endpoint.body))].sort();
  const judged = JUDGED_KINDS.filter((kind): kind is JudgedKind => kinds.includes(kind));
  const upgrades = granted
    .filter(({ endpoint }) => endpoint.upgrade === true)
    .map(({ permission }) => `'${permission}'`);
  const strict = judged.filter((kind) => kind !== "flat" && kind !== "empty");
  const upgrade = "{ req.fhdr(upgrade) -m found }";
  return [
    ...granted.map(
      ({ permission, endpoint }) =>
        `    http-request set-var(txn.kind) str(${endpoint.body}) if { var(txn.permission) -m str '${permission}' }`,
    ),
    ...(upgrades.length === 0
      ? [refuse("upgrade", upgrade)]
      : [
          refuse("upgrade", `${upgrade} !{ var(txn.permission) -m str ${upgrades.join(" ")} }`),
          refuse("upgrade", `${upgrade} !{ req.fhdr(upgrade) -m str -i tcp }`),
        ]),
    ...(kinds.includes("none")
      ? [
          refuse("unexpected-body", `${isKind(["none"])} { req.fhdr(transfer-encoding) -m found }`),
          refuse("unexpected-body", `${isKind(["none"])} { req.body_size gt 0 }`),
        ]
      : []),
    ...(judged.length === 0
      ? []
      : [
          refuse("chunked", `${isKind(judged)} { req.fhdr(transfer-encoding) -m found }`),
          refuse("content-encoding", `${isKind(judged)} { req.fhdr(content-encoding) -m found }`),
          refuse("body-size", `${isKind(judged)} { req.body_size gt ${MAX_JUDGED_BODY_BYTES} }`),
          ...(strict.length === 0
            ? []
            : [
                refuse(
                  "content-type",
                  `${isKind(strict)} !{ req.fhdr(content-type) -m reg -i '^application/json(?:; *charset=utf-8)?$' }`,
                ),
                refuse("no-length", `${isKind(strict)} !{ req.fhdr(content-length) -m found }`),
              ]),
          `    http-request wait-for-body time 10s if !{ var(txn.rule) -m found } ${isKind(judged)}`,
          // Only what was seen whole was judged.
          `    http-request set-var(txn.size) req.body_size if ${isKind(judged)}`,
          refuse("body-size", `${isKind(judged)} !{ req.body_len,sub(txn.size) eq 0 }`),
          // As a text a body ends at its first NUL, and only that much of it would be judged.
          `    http-request set-var(txn.text) req.body,length if ${isKind(judged)}`,
          refuse("body", `${isKind(judged)} { req.body_len gt 0 } !{ req.body_len,sub(txn.text) eq 0 }`),
          ...judged.map((kind) =>
            refuse("body", `${isKind([kind])} !{ req.body -m reg '${bodyGrammar(kind, limits)}' }`),
          ),
          ...(limits.bridge === false && kinds.includes("network")
            ? [
                refuse(
                  "way-out",
                  `${isKind(["network"])} !{ req.body -m reg '"Internal"[ \\t\\r\\n]*:[ \\t\\r\\n]*true' }`,
                ),
              ]
            : []),
          ...REFUSAL_REASONS.flatMap(({ rule, pattern, fix }) => {
            const condition = `if { var(txn.rule) -m str body } { req.body -m reg -i '${pattern}' }`;
            // The rule last: it is what keeps the next reason from matching.
            return [
              `    http-request set-var(txn.fix) str('${fix}') ${condition}`,
              `    http-request set-var(txn.rule) str(${rule}) ${condition}`,
            ];
          }),
        ]),
  ];
}

function verdict({ consumer, logAllowed = true }: HaproxyConfigArgs): string[] {
  const message =
    `{"message":"rampart: docker API request refused for ${consumer}: %[method] %[path,json(utf8s)] (rule ` +
    `%[var(txn.rule)]; %[var(txn.fix)])"}`;
  return [
    "    http-request set-var(txn.fix) str('see docs/docker-api.md') if !{ var(txn.fix) -m found }",
    `    http-request deny deny_status 403 content-type application/json lf-string '${message}' if { var(txn.rule) ` +
      "-m found }",
    "    http-request set-var(txn.verdict) str(allowed)",
    "    http-request set-var(txn.rule) str(-)",
    ...(logAllowed ? [] : ["    http-request set-log-level silent"]),
  ];
}

function healthFrontend(args: HaproxyConfigArgs): string[] {
  return [
    "frontend health",
    `    bind 127.0.0.1:${args.healthPort ?? 8080}`,
    "    no log",
    "    timeout client 10s",
    "    monitor-uri /healthz",
    "    monitor fail if { nbsrv(engine) lt 1 }",
    "    http-request use-service prometheus-exporter if { path /metrics }",
    "    stats enable",
    "    stats uri /stats",
    "    http-request deny if !{ path -m beg /stats }",
  ];
}
