import { routeUrl, type RouteConfig, type StackConfig } from "../../config";
import { DEFAULT_HEADERS, headerStates, headerText, judgeHeader, sameHeader } from "./headers";
import { fact, type Fact, type Item } from "./item";
import { joined } from "./show";

/** How a person tells a route from others: `app.example.com/api`. */
export const routeName = ({ host, pathPrefix, streaming }: RouteConfig): string =>
  `${host}${pathPrefix === "/" ? "" : pathPrefix}${streaming ? " (streaming)" : ""}`;

export const rateText = ({ average, burst, periodSeconds }: RouteConfig["rateLimit"]): string =>
  `${average} requests ${periodSeconds === 1 ? "a second" : `in ${periodSeconds} s`}, bursts of ${burst}`;

/** Requests that a client may send in a second, over a long time. */
export const rateASecond = ({ average, periodSeconds }: RouteConfig["rateLimit"]): number => average / periodSeconds;

export function routeItems(config: StackConfig): Item[] {
  return Object.entries(config.services)
    .flatMap(([service, { routes }]) =>
      routes.map((route) => ({
        title: `${routeUrl(config, route)}${route.streaming ? " (streaming)" : ""}`,
        detail: `to ${service}`,
        facts: routeFacts(route),
      })),
    )
    .sort((a, b) => (a.title < b.title ? -1 : 1));
}

function routeFacts(route: RouteConfig): Fact[] {
  const { rateLimit, inFlight, maxBodyMiB, streaming, cors } = route;
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
        ...(streaming ? ["no limit on waiting"] : []),
      ].join("; "),
    ]),
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
