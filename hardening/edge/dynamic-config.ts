/** Traefik's dynamic configuration: routers, middlewares, services and TLS options. Reloaded without a restart. */
import { createHash } from "node:crypto";
import { canonicalJson } from "../canonical-json";
import { bufferUnsized, declaresMoreThan, IS_UNSIZED, REFUSE_DECLARED, UNSIZED } from "./bodies";
import { type InFlight, inFlightPerClient, inFlightTotal, sourceCriterion } from "./clients";
import { type HeaderOverrides, responseHeaders } from "./headers";
import { TLS_OPTIONS, type TlsProfile } from "./tls";

export interface EdgeCors {
  /** Exact origins, e.g. `https://app.example.com`, or `*` (not together with credentials). */
  readonly allowedOrigins: readonly string[];
  readonly allowedMethods: readonly string[];
  readonly allowedHeaders: readonly string[];
  readonly allowCredentials: boolean;
  /** How long a browser may remember a preflight, in seconds. */
  readonly maxAgeSeconds: number;
}

export interface EdgeRoute {
  /** Unique; lower case letters, digits and hyphens. */
  readonly name: string;
  readonly host: string;
  /** `/api` matches `/api` and `/api/…`, not `/apix`. @default the whole host */
  readonly pathPrefix?: string;
  /** `http://alias:port` of the service on the network `proxy`. */
  readonly target: string;
  /** Token bucket a client address: `average` requests a period, `burst` at once. */
  readonly rateLimit: { readonly average: number; readonly burst: number; readonly periodSeconds: number };
  /** Requests in flight at a time, of one client and of all. */
  readonly inFlight: InFlight;
  /** Requests that declare a larger body get 413; those that declare none: see bodies.ts. */
  readonly maxRequestBodyBytes: number;
  /**
   * Server-sent events and WebSockets that send nothing for more than a minute: no limit on waiting, and only GET
   * matches.
   */
  readonly streaming: boolean;
  readonly headers: HeaderOverrides;
  /** @default no cross-origin access */
  readonly cors?: EdgeCors;
}

export interface TraefikDynamicInput {
  readonly routes: readonly EdgeRoute[];
  /** The certificates resolver. @default Traefik's self-signed certificate */
  readonly certResolver?: string;
  readonly tls: TlsProfile;
  /** Requests without a declared length that may be in flight on a route: see bodies.ts. @default 8 */
  readonly unsizedInFlight?: number;
  /** As in the static settings: clients are then told apart by X-Forwarded-For. @default none */
  readonly trustedProxies?: readonly string[];
}

const PROBE_PREFIX = "/rampart/config/";
const PROBE_ROUTER = "rampart-config";

const HOST = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
const PATH_PREFIX = /^(\/[A-Za-z0-9._~-]+)+$/;
const TARGET = /^http:\/\/[A-Za-z0-9][A-Za-z0-9._-]*:\d{1,5}$/;

/** Rules are text: whatever could end a quoted value there is refused here, with the route's name. */
function checkRoutes(routes: readonly EdgeRoute[]): void {
  const seen = new Map<string, string>();
  for (const route of routes) {
    const prefix = route.pathPrefix ?? "/";
    const claim = `${route.host}${prefix}${route.streaming ? " (streaming)" : ""}`;
    const { average, burst, periodSeconds } = route.rateLimit;
    const { perClient, total } = route.inFlight;
    const positive = [average, burst, periodSeconds, perClient, total, route.maxRequestBodyBytes];
    const checks: readonly (readonly [boolean, string])[] = [
      [
        /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(route.name) && route.name !== PROBE_ROUTER && route.name !== "ping",
        "name: allowed are lower case letters, digits and hyphens, but not ping or rampart-config",
      ],
      [!seen.has(`name ${route.name}`), "name: is used twice"],
      [HOST.test(route.host), `host: ${JSON.stringify(route.host)} is not a lower-case host name`],
      [
        prefix === "/" || PATH_PREFIX.test(prefix),
        `pathPrefix: ${JSON.stringify(prefix)} must start with / and end without one, of letters, digits and . _ ~ -`,
      ],
      [TARGET.test(route.target), `target: ${JSON.stringify(route.target)} is not http://alias:port`],
      // To Traefik, 0 means "no limit": never by accident.
      [
        positive.every((value) => Number.isSafeInteger(value) && value > 0),
        "rateLimit, inFlight and maxRequestBodyBytes: must be whole numbers above 0",
      ],
      [
        !(route.cors?.allowCredentials === true && route.cors.allowedOrigins.includes("*")),
        'cors: allowedOrigins "*" cannot be combined with allowCredentials; list the origins',
      ],
      [!seen.has(claim), `${claim}: is already claimed by route ${seen.get(claim) ?? ""}`],
    ];
    for (const [holds, message] of checks) {
      if (!holds) throw new Error(`route ${JSON.stringify(route.name)}: ${message}`);
    }
    seen.set(`name ${route.name}`, route.name).set(claim, route.name);
  }
}

function rule(route: EdgeRoute): string {
  const parts = [`Host(\`${route.host}\`)`];
  const prefix = route.pathPrefix ?? "/";
  // Only PathPrefix(`/api`) would match /apix, which may be somebody else's.
  if (prefix !== "/") parts.push(`(Path(\`${prefix}\`) || PathPrefix(\`${prefix}/\`))`);
  // EventSource and WebSocket handshakes are GETs. Where there is CORS, the edge answers the preflight itself.
  if (route.streaming) parts.push(route.cors === undefined ? "Method(`GET`)" : "(Method(`GET`) || Method(`OPTIONS`))");
  return parts.join(" && ");
}

/** The longest prefix wins; with equal prefixes the streaming route, which takes only some methods. */
function priority(route: EdgeRoute): number {
  const prefix = route.pathPrefix ?? "/";
  return 2 * prefix.length + (route.streaming ? 1 : 0);
}

type Named = readonly [name: string, definition: object];

/**
 * What every request of a route passes, outermost first: refusals carry the security headers too, and count against the
 * rate.
 */
function routeMiddlewares(route: EdgeRoute, trustedProxies: readonly string[]): Named[] {
  const { name, cors } = route;
  const { average, burst, periodSeconds } = route.rateLimit;
  const { perClient, total } = route.inFlight;
  const rateLimit = { average, burst, period: `${periodSeconds}s`, sourceCriterion: sourceCriterion(trustedProxies) };
  const chain: Named[] = [
    [`${name}-headers`, { headers: { customResponseHeaders: responseHeaders(route.headers) } }],
    [`${name}-rate-limit`, { rateLimit }],
    [`${name}-in-flight`, inFlightPerClient(perClient, trustedProxies)],
    [`${name}-in-flight-total`, inFlightTotal(total)],
  ];
  if (cors === undefined) return chain;
  const headers = {
    accessControlAllowCredentials: cors.allowCredentials,
    accessControlAllowHeaders: [...cors.allowedHeaders],
    accessControlAllowMethods: [...cors.allowedMethods],
    accessControlAllowOriginList: [...cors.allowedOrigins],
    accessControlMaxAge: cors.maxAgeSeconds,
    addVaryHeader: true,
  };
  return [...chain, [`${name}-cors`, { headers }]];
}

interface BodyRouter {
  readonly name: string;
  readonly rule: string;
  readonly chain: readonly Named[];
}

/**
 * The routers below a route's own, first match first, by what a request says of its body. They share what the route's
 * own counts. No name of a route has an underscore, so none is one of these.
 */
function bodyRouters(route: EdgeRoute, input: TraefikDynamicInput): BodyRouter[] {
  const { trustedProxies = [], unsizedInFlight = UNSIZED.inFlight } = input;
  const { name } = route;
  // Repeats a request only when no byte of it was sent: a new container that does not listen yet, an old one that has
  // just gone. It never makes an application do something twice.
  const retry: Named = [`${name}-retry`, { retry: { attempts: 3, initialInterval: "100ms" } }];
  const tooLarge: BodyRouter = {
    name: `${name}_too-large`,
    rule: declaresMoreThan(route.maxRequestBodyBytes),
    chain: [[`${name}_too-large`, REFUSE_DECLARED]],
  };
  const unsized: BodyRouter = {
    name: `${name}_unsized`,
    rule: IS_UNSIZED,
    chain: [
      [`${name}_unsized-in-flight`, inFlightPerClient(Math.ceil(unsizedInFlight / 2), trustedProxies)],
      [`${name}_unsized-in-flight-total`, inFlightTotal(unsizedInFlight)],
      [`${name}_unsized`, bufferUnsized(route.maxRequestBodyBytes)],
      retry,
    ],
  };
  const passed: BodyRouter = { name: `${name}_passed`, rule: "PathPrefix(`/`)", chain: [retry] };
  // A streaming route takes only methods that usually have no body; the others fall through to another route.
  return route.streaming ? [tooLarge, passed] : [tooLarge, unsized, passed];
}

function service(route: EdgeRoute): object {
  return {
    loadBalancer: {
      passHostHeader: true,
      servers: [{ url: route.target }],
      serversTransport: route.streaming ? "streaming" : "upstream",
    },
  };
}

const names = (chain: readonly Named[]): string[] => chain.map(([name]) => name);

/** A route's own router, and below it those that look at the body. */
function routers(route: EdgeRoute, input: TraefikDynamicInput): Named[] {
  const trustedProxies = input.trustedProxies ?? [];
  const certificate =
    input.certResolver === undefined ? {} : { certResolver: input.certResolver, domains: [{ main: route.host }] };
  const own: Named = [
    route.name,
    {
      entryPoints: ["websecure"],
      middlewares: names(routeMiddlewares(route, trustedProxies)),
      priority: priority(route),
      rule: rule(route),
      tls: { options: "default", ...certificate },
    },
  ];
  const below = bodyRouters(route, input).map(({ name, rule: condition, chain }, index, all): Named => {
    const definition = { priority: all.length - index, rule: condition, service: route.name };
    return [name, { ...definition, middlewares: names(chain), parentRefs: [route.name] }];
  });
  return [own, ...below];
}

/** Connections between the edge and the services. */
const SERVERS_TRANSPORTS = {
  streaming: {
    // An event stream may send its headers with its first event: no limit on waiting for them.
    forwardingTimeouts: { dialTimeout: "2s", idleConnTimeout: "4s", responseHeaderTimeout: "0s" },
  },
  upstream: {
    // Same host: a connection takes under a millisecond or is not coming. Idle connections are dropped before a Node.js
    // server (5 s) drops them: a request written onto a connection that is just being closed cannot be repeated.
    forwardingTimeouts: { dialTimeout: "2s", idleConnTimeout: "4s", responseHeaderTimeout: "60s" },
    maxIdleConnsPerHost: 64,
  },
};

/** Sorted keys: two renderings of the same routes are the same bytes, and a diff shows what changed. */
function toJson(value: unknown): string {
  const text = canonicalJson(value, 2);
  // Traefik runs the file through Go's text/template first, with functions that read its environment.
  return `${text.replaceAll("{{", "\\u007b\\u007b")}\n`;
}

/**
 * The dynamic configuration as JSON, which is YAML. A half-written JSON file is invalid, and Traefik then keeps the
 * configuration it has; a half-written YAML file can be a valid, shorter one. (An empty file is valid in both, and
 * means "no routes": traefikDynamicFiles keeps Traefik from ever reading one.)
 */
export function renderTraefikDynamic(input: TraefikDynamicInput): string {
  checkRoutes(input.routes);
  const routes = [...input.routes].sort((a, b) => (a.name < b.name ? -1 : 1));
  const trustedProxies = input.trustedProxies ?? [];
  const middlewares = routes.flatMap((route) => [
    ...routeMiddlewares(route, trustedProxies),
    ...bodyRouters(route, input).flatMap(({ chain }) => chain),
  ]);
  const configuration = (probe: Record<string, object>): object => ({
    http: {
      ...(routes.length > 0 ? { middlewares: Object.fromEntries(middlewares) } : {}),
      routers: { ...Object.fromEntries(routes.flatMap((route) => routers(route, input))), ...probe },
      serversTransports: SERVERS_TRANSPORTS,
      ...(routes.length > 0
        ? { services: Object.fromEntries(routes.map((route) => [route.name, service(route)])) }
        : {}),
    },
    // Strict SNI where every host has a certificate: a scanner of addresses learns no name and gets no handshake.
    tls: { options: { default: { ...TLS_OPTIONS[input.tls], sniStrict: input.certResolver !== undefined } } },
  });
  const hash = createHash("sha256")
    .update(toJson(configuration({})))
    .digest("hex")
    .slice(0, 12);
  return toJson(
    configuration({
      [PROBE_ROUTER]: { entryPoints: ["ping"], rule: `Path(\`${PROBE_PREFIX}${hash}\`)`, service: "ping@internal" },
    }),
  );
}

/**
 * The path that answers 200 on the ping entry point from the moment on that Traefik serves this configuration, and 404
 * before and after: the deployer waits for it before it stops the containers that only the old routes know.
 */
export function dynamicConfigProbePath(rendered: string): string {
  const hash = new RegExp(`"${PROBE_ROUTER}": \\{[^}]*Path\\(\`${PROBE_PREFIX}([0-9a-f]{12})\``).exec(rendered)?.[1];
  if (hash === undefined) throw new Error("not a dynamic configuration rendered by Rampart: it has no probe router");
  return `${PROBE_PREFIX}${hash}`;
}

export interface DynamicFile {
  /** Relative to the watched directory. */
  readonly path: string;
  readonly content: string;
}

/** Where the routes are: in a directory that Traefik loads but does not watch. */
export const TRAEFIK_ROUTES_FILE = "routes/rampart.yml";
/** What Traefik watches: any write to it makes Traefik load the directory again. Not YAML, so never loaded itself. */
export const TRAEFIK_RELOAD_FILE = "reload";

/**
 * The files of the watched directory, in the order in which they must be written, each after the one before is
 * complete.
 *
 * An upload into a volume removes the old file, creates an empty one and fills it. Traefik reads at the first event;
 * "no file" and "empty file" are valid configurations without any route. Measured on 3.6.7 with `docker cp` onto the
 * watched file: 42 changes under load answered 11,961 of 129,935 requests with 404. Traefik loads sub-directories but
 * watches only the top one, so the routes are written where it does not look, and then it is told to look: 42 changes,
 * 0 of 79,937 requests lost. (SIGHUP to Traefik instead of the second file does the same.)
 */
export function traefikDynamicFiles(rendered: string): readonly [routes: DynamicFile, reload: DynamicFile] {
  return [
    { path: TRAEFIK_ROUTES_FILE, content: rendered },
    { path: TRAEFIK_RELOAD_FILE, content: `${dynamicConfigProbePath(rendered)}\n` },
  ];
}
