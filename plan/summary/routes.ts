import { corsOf, routeUrl, surfaceRoute, type RouteConfig, type StackConfig } from "../../config";
import { DEFAULT_METHODS } from "../../hardening/gateway/route";
import { LOG_STORE } from "../../hardening/logging/parts";
import { DEFAULT_HEADERS, headerStates, headerText, judgeHeader, sameHeader } from "./headers";
import { fact, type Fact, type Item } from "./item";
import { joined, visible } from "./show";

/** How a person tells a route from others: `app.example.com/api`. */
export const routeName = ({ host, pathPrefix, streaming }: RouteConfig): string =>
  `${host}${pathPrefix === "/" ? "" : pathPrefix}${streaming ? " (streaming)" : ""}`;

export const rateText = ({ average, burst, periodSeconds }: RouteConfig["rateLimit"]): string =>
  `${average} requests ${periodSeconds === 1 ? "a second" : `in ${periodSeconds} s`}, bursts of ${burst}`;

/** Requests that a client may send in a second, over a long time. */
export const rateASecond = ({ average, periodSeconds }: RouteConfig["rateLimit"]): number => average / periodSeconds;

export function routeItems(config: StackConfig): Item[] {
  const surface = surfaceRoute(config);
  const own = surface === undefined ? [] : [[LOG_STORE, { routes: [surface], canary: undefined }] as const];
  return [...Object.entries(config.services), ...own]
    .flatMap(([service, { routes, canary }]) =>
      routes.map((route) => ({
        title: `${routeUrl(config, route)}${route.streaming ? " (streaming)" : ""}`,
        detail: `to ${service}${canary === undefined ? "" : `, ${canary.weight} % to its canary`}`,
        facts: routeFacts(config, route),
      })),
    )
    .sort((a, b) => (a.title < b.title ? -1 : 1));
}

/** The methods, bodies and waiting of a route, where they are not the default. */
function formFacts(route: RouteConfig): Fact[] {
  const { methods, contentTypes, maxHeaderKiB, sticky, timeouts, webSocket } = route;
  const { requestSeconds, responseSeconds, streamSeconds } = timeouts;
  const usual = DEFAULT_METHODS.every((method) => methods.includes(method));
  return [
    ...(usual ? [] : [fact("methods", methods.join(", "))]),
    ...(contentTypes === undefined ? [] : [fact("bodies", contentTypes.join(", "))]),
    ...(maxHeaderKiB === 16 ? [] : [fact("request headers", `at most ${maxHeaderKiB} KiB`, maxHeaderKiB > 16)]),
    ...(requestSeconds === 60 && responseSeconds === 60 && streamSeconds === 300
      ? []
      : [
          fact(
            "timeouts",
            `${requestSeconds} s for a body, ${responseSeconds} s for an answer, ` +
              `${streamSeconds} s of silence in a stream`,
          ),
        ]),
    ...(webSocket ? [fact("WebSocket", "allowed")] : []),
    ...(sticky ? [fact("sticky", "a client stays with one replica, by a cookie")] : []),
  ];
}

type Asked = NonNullable<NonNullable<RouteConfig["access"]>["forwardAuth"]>;

const askedText = ({ service, path, signIn, headers }: Asked): string =>
  [
    `${service} is asked for ${path}`,
    ...(signIn === undefined ? [] : [`sign in at ${signIn}`]),
    ...(headers.length === 0 ? [] : [`the application gets ${headers.join(", ")}`]),
  ].join("; ");

/** Who may come to a management surface. */
function accessFacts({ access }: RouteConfig): Fact[] {
  if (access === undefined) return [];
  const { sources, basicAuth, forwardAuth, reason } = access;
  return [
    fact("only from", sources.join(", ")),
    ...(basicAuth === undefined ? [] : [fact("login", `password of ${basicAuth.users.join(", ")}`)]),
    ...(forwardAuth === undefined ? [] : [fact("login", askedText(forwardAuth))]),
    ...(basicAuth === undefined && forwardAuth === undefined
      ? [fact("login", `none: ${visible(reason ?? "")}`, true)]
      : []),
  ];
}

function routeFacts(config: StackConfig, route: RouteConfig): Fact[] {
  const { rateLimit, inFlight, maxBodyMiB, streaming } = route;
  const cors = corsOf(config, route);
  const states = headerStates(route.headers);
  const headers = Object.entries(states).filter(([name, state]) => !sameHeader(state, DEFAULT_HEADERS[name]));
  const own = headers.filter(([name]) => DEFAULT_HEADERS[name] === undefined);
  const changed = headers.filter(([name]) => DEFAULT_HEADERS[name] !== undefined);
  const weak = changed.some(([name, state]) => judgeHeader(name, DEFAULT_HEADERS[name], state) === "weaker");
  const lines = (of: typeof headers): string[] => of.map(([name, state]) => `${name}: ${headerText(state)}`);
  return [
    fact("limits", [
      rateText(rateLimit),
      [
        `${inFlight.perClient} in flight of a client, ${inFlight.total} of all`,
        `bodies of at most ${maxBodyMiB} MiB`,
        ...(streaming ? ["may stay silent"] : []),
      ].join("; "),
    ]),
    ...formFacts(route),
    ...accessFacts(route),
    cors === undefined
      ? fact("CORS", "none")
      : fact("CORS", [
          `${cors.allowedOrigins.join(", ")}${cors.allowCredentials ? " with credentials" : ""}`,
          `${joined(cors.allowedMethods, "no method")}; ${joined(cors.allowedHeaders, "no header")}; ` +
            `remembered for ${cors.maxAgeSeconds} s`,
        ]),
    ...(changed.length === 0
      ? [fact("headers", "Rampart's default set")]
      : [fact("headers changed", lines(changed), weak)]),
    ...(own.length === 0 ? [] : [fact("further headers", lines(own))]),
  ];
}
