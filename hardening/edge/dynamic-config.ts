/** Traefik's dynamic configuration: routers, middlewares, services and TLS options. Reloaded without a restart. */
import { createHash } from "node:crypto";
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
  /** Larger requests get 413. Not enforced on streaming routes, which take GET only. */
  readonly maxRequestBodyBytes: number;
  /** Server-sent events, WebSockets and large downloads: responses are passed on as they come, and only GET matches. */
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
  /** As in the static settings: clients are then told apart by X-Forwarded-For. @default none */
  readonly trustedProxies?: readonly string[];
}

/** A request's body stays in memory up to here and goes to /tmp (a tmpfs) beyond. Traefik's own default, 1 MiB. */
const MEM_BODY_BYTES = 1_048_576;
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
    const positive = [average, burst, periodSeconds, route.maxRequestBodyBytes];
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
        "rateLimit and maxRequestBodyBytes: must be whole numbers above 0",
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
  // PathPrefix(`/api`) alone would match /apix, which may be somebody else's.
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

/** The middlewares of a route, outermost first: refusals carry the security headers too. */
function middlewares(route: EdgeRoute, trustedProxies: readonly string[]): [string, object][] {
  const { average, burst, periodSeconds } = route.rateLimit;
  const chain: [string, object][] = [
    [`${route.name}-headers`, { headers: { customResponseHeaders: responseHeaders(route.headers) } }],
    [
      `${route.name}-rate-limit`,
      {
        rateLimit: {
          average,
          burst,
          period: `${periodSeconds}s`,
          // Without trusted proxies the source is the address of the connection; X-Forwarded-For is not believed.
          // With them it is the last address in X-Forwarded-For that is not one of theirs.
          ...(trustedProxies.length > 0
            ? { sourceCriterion: { ipStrategy: { excludedIPs: [...trustedProxies] } } }
            : {}),
        },
      },
    ],
  ];
  if (route.cors !== undefined) {
    chain.push([
      `${route.name}-cors`,
      {
        headers: {
          accessControlAllowCredentials: route.cors.allowCredentials,
          accessControlAllowHeaders: [...route.cors.allowedHeaders],
          accessControlAllowMethods: [...route.cors.allowedMethods],
          accessControlAllowOriginList: [...route.cors.allowedOrigins],
          accessControlMaxAge: route.cors.maxAgeSeconds,
          addVaryHeader: true,
        },
      },
    ]);
  }
  // Traefik's only body limit also holds back the whole response (measured: the first event of a 5 s stream arrives
  // after 5 s), so a streaming route has none and takes GET only.
  if (!route.streaming) {
    chain.push([
      `${route.name}-body-limit`,
      {
        buffering: {
          maxRequestBodyBytes: route.maxRequestBodyBytes,
          memRequestBodyBytes: Math.min(route.maxRequestBodyBytes, MEM_BODY_BYTES),
        },
      },
    ]);
  }
  // Repeats a request only when no byte of it was sent: a new container that does not listen yet, an old one that has
  // just gone. It never makes an application do something twice.
  chain.push([`${route.name}-retry`, { retry: { attempts: 3, initialInterval: "100ms" } }]);
  return chain;
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

function router(route: EdgeRoute, chain: readonly string[], certResolver: string | undefined): object {
  const certificate = certResolver === undefined ? {} : { certResolver, domains: [{ main: route.host }] };
  return {
    entryPoints: ["websecure"],
    middlewares: chain,
    priority: priority(route),
    rule: rule(route),
    service: route.name,
    tls: { options: "default", ...certificate },
  };
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
  const sort = (_key: string, item: unknown): unknown =>
    item !== null && typeof item === "object" && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item;
  const text = JSON.stringify(value, sort, 2);
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
  const chains = routes.map((route) => ({ route, chain: middlewares(route, input.trustedProxies ?? []) }));
  const configuration = (probe: Record<string, object>): object => ({
    http: {
      ...(chains.length > 0 ? { middlewares: Object.fromEntries(chains.flatMap(({ chain }) => chain)) } : {}),
      routers: {
        ...Object.fromEntries(
          chains.map(({ route, chain }) => [
            route.name,
            router(
              route,
              chain.map(([name]) => name),
              input.certResolver,
            ),
          ]),
        ),
        ...probe,
      },
      serversTransports: SERVERS_TRANSPORTS,
      ...(chains.length > 0
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
 * The files of the watched directory, in the order in which they must be written, each after the one before is complete.
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
