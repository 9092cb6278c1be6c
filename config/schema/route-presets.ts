/** What kinds of routes need, in one word. What a route says itself wins over its preset, key by key. */
import { isTree, type Tree } from "../../hardening/tree";

/** A page's or a program's ordinary requests are what a route takes without a preset. */
export const ROUTE_PRESETS = {
  /** Signing in: passwords, and the start and the callback of OAuth. A person does it a few times an hour. */
  login: {
    rateLimit: { average: 10, burst: 10, periodSeconds: 60 },
    inFlight: { perClient: 4, total: 100 },
    methods: ["GET", "HEAD", "POST", "OPTIONS"],
    contentTypes: ["application/json", "application/x-www-form-urlencoded"],
    maxBodyMiB: 0.0625,
    timeouts: { requestSeconds: 10 },
  },
  /** What a signed-in program does for its session: refreshing tokens, signing out. */
  auth: {
    rateLimit: { average: 60, burst: 30, periodSeconds: 60 },
    inFlight: { perClient: 8, total: 200 },
    methods: ["GET", "HEAD", "POST", "DELETE", "OPTIONS"],
    contentTypes: ["application/json", "application/x-www-form-urlencoded"],
    maxBodyMiB: 0.0625,
    timeouts: { requestSeconds: 10 },
  },
  /** Files from a browser. */
  upload: {
    rateLimit: { average: 30, burst: 15, periodSeconds: 60 },
    inFlight: { perClient: 4, total: 32 },
    methods: ["POST", "PUT", "PATCH", "OPTIONS"],
    contentTypes: ["application/octet-stream", "application/pdf", "image/*", "multipart/form-data"],
    maxBodyMiB: 25,
    timeouts: { requestSeconds: 60, responseSeconds: 120 },
  },
  /** Event streams and WebSockets: few at a time of a client, and long. */
  stream: {
    rateLimit: { average: 30, burst: 15, periodSeconds: 60 },
    inFlight: { perClient: 6, total: 500 },
    streaming: true,
    methods: ["GET", "HEAD", "OPTIONS"],
    timeouts: { streamSeconds: 3600 },
    webSocket: true,
  },
  /** Large answers: few at a time of a client. */
  download: {
    rateLimit: { average: 60, burst: 30, periodSeconds: 60 },
    inFlight: { perClient: 4, total: 100 },
    methods: ["GET", "HEAD", "OPTIONS"],
    timeouts: { responseSeconds: 120 },
  },
} as const satisfies Readonly<Record<string, Tree>>;

/** Response headers by what a route serves. */
export const HEADER_PRESETS = {
  /** Scripts and styles of one's own, from the same origin: the default set. */
  spa: {},
  /** Data for programs: no page, so nothing that a page could load. */
  api: { contentSecurityPolicy: "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'" },
  /** Pages whose application sends a policy with nonces. Where it sends none, the default policy stands. */
  "server-rendered": { fromApplication: ["Content-Security-Policy"] },
} as const satisfies Readonly<Record<string, Tree>>;

const presetOf = (presets: Readonly<Record<string, Tree>>, name: unknown): Tree =>
  typeof name === "string" && Object.hasOwn(presets, name) ? (presets[name] ?? {}) : {};

/** `own` over `preset`; lists are one value. */
function over(preset: Tree, own: Tree): Tree {
  const filled = Object.entries(preset).map(([key, value]): [string, unknown] => {
    if (!Object.hasOwn(own, key)) return [key, structuredClone(value)];
    const given = own[key];
    return [key, isTree(value) && isTree(given) ? over(value, given) : given];
  });
  return { ...own, ...Object.fromEntries(filled) };
}

function filledRoute(route: unknown): unknown {
  if (!isTree(route)) return route;
  const chosen = over(presetOf(ROUTE_PRESETS, route["preset"]), route);
  // A route for streams takes WebSockets, unless it says that it does not.
  const filled = chosen["streaming"] === true ? { webSocket: true, ...chosen } : chosen;
  const headers = filled["headers"];
  if (!isTree(headers)) return filled;
  return { ...filled, headers: over(presetOf(HEADER_PRESETS, headers["preset"]), headers) };
}

/** The configuration with what its routes' presets say; anything that has not the shape of a route is left as it is. */
export function withRoutePresets(values: Tree): Tree {
  const services = values["services"];
  if (!isTree(services)) return values;
  const filled = Object.entries(services).map(([name, service]): [string, unknown] => {
    const routes = isTree(service) ? service["routes"] : undefined;
    if (!isTree(service) || !Array.isArray(routes)) return [name, service];
    return [name, { ...service, routes: routes.map(filledRoute) }];
  });
  return { ...values, services: Object.fromEntries(filled) };
}
