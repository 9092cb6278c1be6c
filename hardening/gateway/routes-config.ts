/** What the gateway serves: `routes.cfg`, read after `haproxy.cfg`, and read again when it changes. */
import { createHash } from "node:crypto";
import { LOWER_CASE_HOST } from "../values";
import { accessFault } from "./access";
import { backendOf, renderBackend, RESOLVED } from "./backend";
import { KEEP_ALIVE_SECONDS, LARGEST_HEADERS, sentHeaders, TCP_DEFAULTS } from "./base-config";
import { guardedBinds, misdirected } from "./guarded-hosts";
import { canCount, CLIENTS_TABLE, CONNECTIONS_TABLE, LONGEST_WINDOW_DAYS, tables } from "./limits";
import { maintenanceRules } from "./maintenance";
import { answer, refuse, sampleRefusals } from "./refusals";
import { AMBIGUOUS_PATH, cleanHeaders, CLIENT, identify } from "./requests";
import { countAnswers, metricsFrontend } from "./metrics";
import { GATEWAY_PORTS, type GatewayInput, type GatewayRoute } from "./route";
import { literal, quoted, section } from "./text";

/** Connections that a client may have beyond three quarters of the total. */
const UNDER_PRESSURE = 16;
/** So that what sees requests ends them first. */
const SPARE_SECONDS = 15;
/** Who a request is from, for what is counted of it; set behind trusted proxies, too. */
const TRACKED = `http-request track-sc0 var(txn.client) table ${CLIENTS_TABLE}`;
/** Unknown hosts and paths that a client may ask for in ten seconds. */
const UNKNOWN_IN_10_S = 50;

const PATH_PREFIX = /^(\/[A-Za-z0-9._~-]+)+$/;
const NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
const ALIAS = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

const prefixOf = ({ pathPrefix }: GatewayRoute): string => pathPrefix ?? "/";

/** The configuration is text: whatever could end a value there is refused here, with the route's name. */
function checkRoutes(routes: readonly GatewayRoute[]): void {
  const seen = new Map<string, string>();
  for (const route of routes) {
    const prefix = prefixOf(route);
    const claim = `${route.host}${prefix}${route.streaming ? " (streaming)" : ""}`;
    const { average, burst, periodSeconds } = route.rateLimit;
    const { requestSeconds, responseSeconds, streamSeconds } = route.timeouts;
    const { port, replicas = 1 } = route.target;
    const fault = route.access && accessFault(route.access);
    const positive = [
      ...[average, burst, periodSeconds, route.inFlight.perClient, route.inFlight.total, route.maxBodyBytes],
      ...[route.maxHeaderBytes, requestSeconds, responseSeconds, streamSeconds, port, replicas],
    ];
    const checks: readonly (readonly [boolean, string])[] = [
      [NAME.test(route.name), "name: allowed are lower case letters, digits and hyphens"],
      [!seen.has(`name ${route.name}`), "name: is used twice"],
      [LOWER_CASE_HOST.test(route.host), `host: ${JSON.stringify(route.host)} is not a lower-case host name`],
      [
        prefix === "/" || PATH_PREFIX.test(prefix),
        `pathPrefix: ${JSON.stringify(prefix)} must start with / and end without one, of letters, digits and . _ ~ -`,
      ],
      [ALIAS.test(route.target.alias), `target: ${JSON.stringify(route.target.alias)} is not a DNS name`],
      [
        positive.every((value) => Number.isSafeInteger(value) && value > 0),
        "limits, timeouts and ports: must be whole numbers above 0",
      ],
      [canCount(route.rateLimit), `rateLimit: burst must fill at average within ${LONGEST_WINDOW_DAYS} days`],
      [route.maxHeaderBytes <= LARGEST_HEADERS, `maxHeaderBytes: is more than ${LARGEST_HEADERS}`],
      [route.methods.length > 0, "methods: names none"],
      [
        (route.contentTypes ?? []).every((type) => /^[a-z0-9.+-]+\/(?:\*|[a-z0-9.+-]+)$/.test(type)),
        "contentTypes: allowed are media types such as application/json or image/*",
      ],
      [
        !(route.cors?.allowCredentials === true && route.cors.allowedOrigins.includes("*")),
        'cors: allowedOrigins "*" cannot be combined with allowCredentials; list the origins',
      ],
      [fault === undefined, fault ?? ""],
      [!seen.has(claim), `${claim}: is already claimed by route ${seen.get(claim) ?? ""}`],
    ];
    for (const [holds, message] of checks) {
      if (!holds) throw new Error(`route ${JSON.stringify(route.name)}: ${message}`);
    }
    seen.set(`name ${route.name}`, route.name).set(claim, route.name);
  }
}

/** Hosts in maintenance are hosts of routes, as their names become part of the configuration. */
function checkMaintenance({ routes, maintenance = {} }: GatewayInput): void {
  const unknown = Object.keys(maintenance).find((host) => !routes.some((route) => route.host === host));
  if (unknown !== undefined) throw new Error(`maintenance: no route has the host ${JSON.stringify(unknown)}`);
}

/** The longest prefix first; with equal prefixes the streaming route, which takes only some methods. */
const bySpecificity = (a: GatewayRoute, b: GatewayRoute): number =>
  prefixOf(b).length - prefixOf(a).length ||
  Number(b.streaming) - Number(a.streaming) ||
  (`${a.host}${prefixOf(a)}` < `${b.host}${prefixOf(b)}` ? -1 : 1);

function choose(route: GatewayRoute): string[] {
  const prefix = prefixOf(route);
  const host = `{ var(txn.host) -m str ${route.host} }`;
  // EventSource and WebSocket handshakes are GETs. Where there is CORS, the preflight comes here as well.
  const method = route.streaming ? ` { method GET HEAD${route.cors === undefined ? "" : " OPTIONS"} }` : "";
  const set = (path: string): string =>
    `http-request set-var(txn.route) str(${route.name}) if !{ var(txn.refusal) -m found } ` +
    `!{ var(txn.route) -m found } ${host}${path}${method}`;
  if (prefix === "/") return [set("")];
  // Where not everybody may come, in any case: an application that reads /Admin as /admin is asked for neither.
  const match = route.access === undefined ? "" : " -i";
  return [set(` { var(txn.read) -m str${match} ${prefix} }`), set(` { var(txn.read) -m beg${match} ${prefix}/ }`)];
}

/** Connections of one client, and of all: a client with many gets no more while the others' room is running out. */
function connections({ connections: { perClient, total }, trustedProxies = [], ipv6Engine }: GatewayInput): string[] {
  const client = trustedProxies.length === 0 ? "" : ` !{ src ${trustedProxies.join(" ")} }`;
  const pressure = Math.floor((total * 3) / 4);
  return [
    `maxconn ${total}`,
    // All clients would be one.
    ...(ipv6Engine === undefined ? [] : [`tcp-request connection reject if { src ${ipv6Engine} }`]),
    `tcp-request connection track-sc2 ${CLIENT} table ${CONNECTIONS_TABLE}`,
    `tcp-request connection reject if { sc2_conn_cur gt ${perClient} }${client}`,
    `tcp-request connection reject if { fe_conn gt ${pressure} } { sc2_conn_cur gt ${UNDER_PRESSURE} }${client}`,
  ];
}

const bindIpv6 = ({ ipv6Engine }: GatewayInput, port: number): string[] =>
  ipv6Engine === undefined ? [] : [`bind [::]:${port} v6only`];

/** Seconds that a connection may stay silent: what the most patient route allows, for nothing here sees requests. */
const silence = (routes: readonly GatewayRoute[]): number =>
  Math.max(
    KEEP_ALIVE_SECONDS,
    ...routes.map(({ timeouts }) => Math.max(timeouts.responseSeconds, timeouts.streamSeconds)),
  ) + SPARE_SECONDS;

/** TLS as it comes, led to the edge: caps come before the cost of a handshake. A client has to greet within 5 s. */
function tlsFrontend(input: GatewayInput, routes: readonly GatewayRoute[]): string[] {
  return [
    // Not logged: the requests inside are.
    ...section(`frontend tls from ${TCP_DEFAULTS}`, [
      `bind *:${GATEWAY_PORTS.tls}`,
      ...bindIpv6(input, GATEWAY_PORTS.tls6),
      `timeout client ${silence(routes)}s`,
      ...connections(input),
      "tcp-request inspect-delay 5s",
      "tcp-request content accept if { req.ssl_hello_type 1 }",
      "tcp-request content reject",
      "default_backend edge",
    ]),
    ...section(`backend edge from ${TCP_DEFAULTS}`, [
      `timeout server ${silence(routes)}s`,
      `server edge ${input.edge.host}:${input.edge.tls} send-proxy-v2 ${RESOLVED}`,
    ]),
  ];
}

/** What the gateway answers by itself has the header set as well; on a route, the route's own stands in its section. */
const ownHeaders = (): string[] => [
  ...sentHeaders().map(
    ([name, value]) => `http-after-response set-header ${name} ${literal(value)} unless { var(txn.route) -m found }`,
  ),
  "http-after-response set-header X-Request-ID %[var(txn.id)] if { var(txn.id) -m found }",
];

/** Paths that an application may read in another way than the gateway. */
const UNREADABLE = [
  refuse("path", "!{ path -m beg / }"),
  refuse("path", `{ path -m reg ${quoted(AMBIGUOUS_PATH)} }`),
] as const;

const UNKNOWN = [
  refuse("host", "!{ var(txn.route) -m found }"),
  `http-request sc-inc-gpc0(0) if { var(txn.refusal) -m str host }`,
  "http-request set-var(txn.refusal) str(rate) if { var(txn.refusal) -m str host } " +
    `{ sc0_gpc0_rate gt ${UNKNOWN_IN_10_S} }`,
] as const;

function httpsFrontend(input: GatewayInput, routes: readonly GatewayRoute[]): string[] {
  const { trustedProxies: trusted = [], guardedHosts: guarded = [] } = input;
  const maintenance = maintenanceRules(input.maintenance ?? {});
  return section("frontend https", [
    `bind *:${GATEWAY_PORTS.https} accept-proxy`,
    ...guardedBinds(guarded),
    `maxconn ${input.connections.total}`,
    // Anybody else could say of a connection that it is somebody else's.
    `tcp-request connection reject unless { src ${input.edgeSubnet} }`,
    ...identify("https", trusted),
    TRACKED,
    ...UNREADABLE,
    ...misdirected(guarded),
    ...maintenance.refuse,
    ...routes.flatMap(choose),
    ...UNKNOWN,
    ...sampleRefusals.map((line) => `${line} !{ var(txn.route) -m found }`),
    answer("path"),
    answer("host"),
    ...(guarded.length === 0 ? [] : [answer("misdirected")]),
    answer("rate", [["Retry-After", "10"]]),
    ...maintenance.answer,
    ...cleanHeaders(trusted),
    `http-request set-header X-Forwarded-Port ${input.externalHttpsPort}`,
    "http-request set-var-fmt(txn.share) %[var(txn.route)]|%[var(txn.client)]",
    "http-response set-var(txn.upstream) status",
    ...ownHeaders(),
    "use_backend route_%[var(txn.route)]",
  ]);
}

/** Plain http leads the stack's own hosts to https, and an ACME server to its challenges. It serves nothing else. */
function httpFrontend(input: GatewayInput, routes: readonly GatewayRoute[]): string[] {
  if (!input.http) return [];
  const trusted = input.trustedProxies ?? [];
  const hosts = [...new Set(routes.map(({ host }) => host))].sort();
  const port = input.externalHttpsPort === 443 ? "" : `:${input.externalHttpsPort}`;
  const known = hosts.map((host) => `http-request set-var(txn.known) bool(true) if { var(txn.host) -m str ${host} }`);
  const challenge = "{ path -m beg /.well-known/acme-challenge/ }";
  return section("frontend http", [
    `bind *:${GATEWAY_PORTS.http}`,
    ...bindIpv6(input, GATEWAY_PORTS.http6),
    ...connections(input),
    ...identify("http", trusted),
    TRACKED,
    ...known,
    ...UNREADABLE,
    refuse("host", "!{ var(txn.known) -m bool }"),
    ...UNKNOWN.slice(1),
    ...sampleRefusals,
    answer("path"),
    answer("host"),
    answer("rate", [["Retry-After", "10"]]),
    ...(input.edge.acme === undefined
      ? []
      : [`http-request set-var(txn.route) str(acme-challenge) if ${challenge} { method GET HEAD }`]),
    `http-request redirect location https://%[var(txn.host)]${port}%[pathq] code 301 ` +
      "unless { var(txn.route) -m found }",
    "http-response set-var(txn.upstream) status",
    ...ownHeaders(),
    ...(input.edge.acme === undefined ? [] : ["use_backend acme if { var(txn.route) -m found }"]),
  ]);
}

const acmeBackend = ({ edge: { host, acme }, http }: GatewayInput): string[] =>
  acme === undefined || !http ? [] : section("backend acme", [`server edge ${host}:${acme} ${RESOLVED}`]);

const PROBE_PREFIX = "/rampart/routes/";

export interface GatewayRoutes {
  /** The text of `routes.cfg`. */
  readonly config: string;
  /** The text of `servers`: a line `backend servers alias` for each route. */
  readonly servers: string;
  /** Twelve hex digits of everything but the servers' names: the gateway answers 200 on `/rampart/routes/<shape>`. */
  readonly shape: string;
}

/** Renders the routes. Two renderings of the same routes are the same bytes. */
export function renderGatewayRoutes(input: GatewayInput): GatewayRoutes {
  const { metricsSubnet } = input;
  checkRoutes(input.routes);
  const stray = input.guardedHosts?.find((host) => !input.routes.some((route) => route.host === host));
  if (stray !== undefined) throw new Error(`guardedHosts: ${JSON.stringify(stray)} has no route`);
  checkMaintenance(input);
  const routes = [...input.routes].sort(bySpecificity);
  const body = (named: readonly GatewayRoute[]): string[] => [
    ...tables(named.map(({ rateLimit }) => rateLimit)),
    ...tlsFrontend(input, named),
    ...httpsFrontend(input, named),
    ...httpFrontend(input, named),
    ...named.flatMap((route) => renderBackend(route, metricsSubnet === undefined ? [] : countAnswers(route))),
    ...acmeBackend(input),
    ...(metricsSubnet === undefined ? [] : metricsFrontend(metricsSubnet, named)),
  ];
  const nameless = routes.map((route) => ({ ...route, target: { ...route.target, alias: "version" } }));
  const shape = createHash("sha256").update(body(nameless).join("\n")).digest("hex").slice(0, 12);
  const probe = section("frontend routes", [
    `bind 127.0.0.1:${GATEWAY_PORTS.probe}`,
    "http-request set-log-level silent",
    `http-request return status 200 if { path ${PROBE_PREFIX}${shape} }`,
    "http-request return status 404",
  ]);
  const servers = routes.map((route) => `${backendOf(route)} ${route.target.replicas ?? 1} ${route.target.alias}\n`);
  return {
    config: ["# The routes. Generated by Rampart; see docs/edge.md.", ...body(routes), ...probe].join("\n"),
    servers: servers.join(""),
    shape,
  };
}
