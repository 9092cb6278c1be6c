/** Which security headers answers carry. */
import type { IncomingHttpHeaders } from "node:http";
import { routeHosts, type RouteConfig } from "../../config";
import { defined } from "../../hardening/defined";
import { responseHeaders, type HeaderOverrides } from "../../hardening/edge/headers";
import type { Finding } from "../check";
import { answerOr, few, type EdgeAnswer } from "../edge/client";
import { routesOf } from "../edge/place";
import { edgeProbe, summed } from "./edge";
import { openRoutes } from "./edge-routes";

/** As the gateway is told of them. */
export const overridesOf = ({ headers }: Pick<RouteConfig, "headers">): HeaderOverrides => ({
  extra: headers.response,
  fromApplication: headers.fromApplication,
  ...defined({ contentSecurityPolicy: headers.contentSecurityPolicy }),
});

/** Headers that are missing, or that say something else than was declared. */
export function headerFaults(overrides: HeaderOverrides, headers: IncomingHttpHeaders): string[] {
  const found = (name: string): string => {
    const value = headers[name.toLowerCase()];
    return Array.isArray(value) ? value.join(", ") : (value ?? "");
  };
  const defaults = responseHeaders();
  const left = (overrides.fromApplication ?? []).filter((name) => (defaults[name] ?? "") !== "" && found(name) === "");
  return [
    ...Object.entries(responseHeaders(overrides)).flatMap(([name, value]) => {
      const is = found(name);
      if (is === value) return [];
      if (value === "") return [`${name} is sent: ${is}`];
      return [is === "" ? `${name} is missing` : `${name} is ${is}`];
    }),
    ...left.map((name) => `${name} is missing`),
  ];
}

/** @param what the request, for a person */
export function judgeHeaders(what: string, overrides: HeaderOverrides, answer: EdgeAnswer | string): Finding {
  if (typeof answer === "string") return summed(what, { faults: [], untold: [answer], seen: [] });
  const faults = headerFaults(overrides, answer.headers);
  return summed(what, { faults, untold: [], seen: [`an answer with status ${answer.status} carries the header set`] });
}

export const edgeHeaders = edgeProbe({
  id: "probe-edge-headers",
  title: "answers carry the declared security headers",
  severity: "medium",
  why: "browsers protect visitors only where the answer says so",
  run: async ({ config }, place) => {
    const { clientCertificates, maintenance } = config.edge;
    const routes = openRoutes(routesOf(config), clientCertificates).map(({ name, route }) => ({
      name: `https://${name}`,
      question: { host: route.host, path: route.pathPrefix },
      // The gateway answers for a host in maintenance before it looks for a route.
      overrides: Object.hasOwn(maintenance, route.host) ? {} : overridesOf(route),
    }));
    const plain =
      place.httpPort === undefined
        ? []
        : routeHosts(config).map((host) => ({
            name: `http://${host}`,
            question: { host, plain: true },
            overrides: {},
          }));
    return few([...routes, ...plain], async ({ name, question, overrides }) =>
      judgeHeaders(name, overrides, await answerOr(place, question)),
    );
  },
});
