/** Rules over what routes let in: rates, sizes, waiting, other origins, management surfaces. */
import { addressesOf, boundFault, inProduction, type Bound } from "./bounds";
import type { Rule, Verdict } from "./rule";
import type { RouteFacts } from "./settings";
import { baseline, nist, page } from "./sources";
import type { StackView } from "./view";

type Finding = Pick<Verdict, "status" | "message">;

/** A verdict for each finding about a route; one for a service whose routes are all in order. */
function overRoutes(view: StackView, good: string, findings: (route: RouteFacts) => readonly Finding[]): Verdict[] {
  const routes = view.settings?.routes ?? [];
  return [...new Set(routes.map(({ resource }) => resource))].flatMap((resource) => {
    const told = routes
      .filter((route) => route.resource === resource)
      .flatMap((route) =>
        findings(route).map(({ status, message }) => ({
          resource,
          ...inProduction(status, `${route.route}: ${message}`, view),
        })),
      );
    return told.length > 0 ? told : [{ status: "pass" as const, resource, message: good }];
  });
}

type RouteRule = Omit<Rule, "check"> & { readonly bounds: (route: RouteFacts) => readonly Bound[] };

const boundedRoutes = ({ bounds, ...rule }: RouteRule): Rule => ({
  ...rule,
  check: (view) => overRoutes(view, rule.title, (route) => bounds(route).flatMap((one) => boundFault(one) ?? [])),
});

const ROUTE = "services.routes";

/** A network of /16: more clients than an organisation has. */
const MANY_CLIENTS = 65_536;

export const ROUTE_RULES: readonly Rule[] = [
  boundedRoutes({
    id: "rampart-rate-limits",
    severity: "medium",
    title: "one client's requests are limited to what a client needs",
    why: "guessed passwords, scraping and floods come as many requests of few clients",
    source: baseline("DragDropDeploy", "Rate limiting (login, build trigger) before public release"),
    alsoIn: [
      baseline("AMO portal", "Token bucket on `/auth/*` and API routes"),
      baseline("Helvetia Cloud", "Rate limiting on authentication endpoints"),
      page("docs/edge.md"),
    ],
    judged:
      "each service's routes: more than 500 requests a second or bursts of more than 2000 are open; more than 10000 " +
      "and 50000 fail",
    remedy:
      "Lower the route's limit: `rateLimit: { average: 100, burst: 200 }`, or `preset: login` where people sign in.",
    keys: ["average", "burst", "periodSeconds"].map((key) => `${ROUTE}.rateLimit.${key}`),
    bounds: ({ requestsPerSecond, burst }) => [
      {
        value: Math.round(requestsPerSecond),
        what: "requests a second of one client",
        ordinary: 500,
        absurd: 10_000,
      },
      { value: burst, what: "requests of one client at once", ordinary: 2000, absurd: 50_000 },
    ],
  }),
  boundedRoutes({
    id: "rampart-in-flight",
    severity: "medium",
    title: "requests at a time are limited, of one client and of all",
    why: "slow requests take the application's memory and connections although they are few a second",
    source: baseline("AMO portal", "Connection caps on `/api/events`"),
    alsoIn: [page("docs/edge.md")],
    judged: "each service's routes: more than 500 of a client or 5000 of all are open; more than 5000 and 50000 fail",
    remedy: "Lower the route's limit: `inFlight: { perClient: 100, total: 1000 }`.",
    keys: [`${ROUTE}.inFlight.perClient`, `${ROUTE}.inFlight.total`],
    bounds: ({ inFlight: { perClient, total } }) => [
      { value: perClient, what: "requests of one client at a time", ordinary: 500, absurd: 5000 },
      { value: total, what: "requests at a time", ordinary: 5000, absurd: 50_000 },
    ],
  }),
  boundedRoutes({
    id: "rampart-request-size",
    severity: "medium",
    title: "bodies and headers of requests are limited to what a request needs",
    why: "each large request takes memory and disk of the application before anybody has looked at it",
    source: baseline("AMO portal", "Explicit `client_max_body_size` and backend size checks"),
    alsoIn: [
      baseline("AMO portal", "Upload abuse (oversized payloads, malware/polyglot uploads, storage exhaustion)"),
      page("docs/edge.md"),
    ],
    judged: "each service's routes: bodies over 100 MiB or headers over 32 KiB are open; bodies over 512 MiB fail",
    remedy:
      "Lower the limit, and give uploads a route of their own: `maxBodyMiB: 1`, `maxHeaderKiB: 16`, `preset: upload`.",
    keys: [`${ROUTE}.maxBodyMiB`, `${ROUTE}.maxHeaderKiB`],
    bounds: ({ maxBodyMiB, maxHeaderKiB }) => [
      { value: maxBodyMiB, what: "MiB of a request's body", ordinary: 100, absurd: 512 },
      { value: maxHeaderKiB, what: "KiB of a request's headers", ordinary: 32 },
    ],
  }),
  boundedRoutes({
    id: "rampart-timeouts",
    severity: "low",
    title: "nobody who stays silent keeps a connection",
    why: "a client that sends a byte a minute holds a place that another needs",
    source: baseline("AMO portal", "Realtime abuse (unauthorized subscription, replay abuse, resource exhaustion)"),
    alsoIn: [page("docs/edge.md")],
    judged:
      "each service's routes: over 300 s for a request, 600 s for an answer or 3600 s of a silent stream are open; " +
      "over 1800 s, 3600 s and 43200 s fail",
    remedy: "Lower the route's timeouts: `timeouts: { requestSeconds: 60, responseSeconds: 60, streamSeconds: 300 }`.",
    keys: ["requestSeconds", "responseSeconds", "streamSeconds"].map((key) => `${ROUTE}.timeouts.${key}`),
    bounds: ({ timeouts: { requestSeconds, responseSeconds, streamSeconds } }) => [
      { value: requestSeconds, what: "seconds for a request to arrive", ordinary: 300, absurd: 1800 },
      { value: responseSeconds, what: "seconds until an answer", ordinary: 600, absurd: 3600 },
      { value: streamSeconds, what: "seconds of a stream's silence", ordinary: 3600, absurd: 43_200 },
    ],
  }),
  {
    id: "rampart-cors",
    severity: "medium",
    title: "no page of another origin acts as the signed-in user",
    why: "a foreign page that may send cookies and read answers does whatever the user may do",
    source: baseline("Helvetia Cloud", "Minimize the allowed origins list"),
    alsoIn: [
      baseline("DragDropDeploy", "Stricter CORS when the API domain is final"),
      baseline("kitiumai/docker", "CORS Configuration"),
      page("docs/edge.md"),
    ],
    judged:
      "each service's routes: an origin that is no host of the stack is open where browsers send cookies for it; one " +
      "without TLS fails. The schema refuses wildcards, and in production origins without TLS",
    remedy:
      "List only origins that are yours, or remove the cookies: `cors: { allowedOrigins: [https://app.example.com] " +
      "}` without `allowCredentials`.",
    keys: [`${ROUTE}.cors`, `${ROUTE}.cors.allowedOrigins`, `${ROUTE}.cors.allowCredentials`],
    check: (view) =>
      overRoutes(view, "no page of another origin acts as the signed-in user", ({ cors }) =>
        (cors?.foreign ?? []).flatMap((origin): Finding[] => {
          if (origin.startsWith("http:"))
            return [
              { status: "fail", message: `pages of ${origin} may read answers, and anybody on the way makes them` },
            ];
          return cors?.credentials === true
            ? [{ status: "open", message: `pages of ${origin} may act as the signed-in user: see that it is yours` }]
            : [];
        }),
      ),
  },
  {
    id: "rampart-websockets",
    severity: "medium",
    title: "only the stack's own pages open WebSockets",
    why: "CORS does not hold for WebSockets: a foreign page opens one with the user's cookies",
    source: baseline("AMO portal", "Broker internal ports not public; only websocket entry via EDGE path"),
    alsoIn: [page("docs/edge.md")],
    judged:
      "each service with a route that takes WebSockets: only you know whether the application checks the header Origin",
    remedy:
      "Have the application compare the header `Origin` before it accepts a WebSocket, or set `webSocket: false`.",
    keys: [`${ROUTE}.webSocket`, `${ROUTE}.streaming`, `${ROUTE}.preset`],
    // It never fails and is never open.
    exceptable: false,
    check: ({ settings }) =>
      (settings?.routes ?? [])
        .filter(({ webSocket }) => webSocket)
        .map(({ resource, route }) => ({
          status: "skip",
          resource,
          message: `${route} takes WebSockets: whether the application checks their Origin, only you know`,
        })),
  },
  {
    id: "rampart-management-access",
    severity: "high",
    title: "management surfaces ask for a second proof, and know their clients' addresses",
    why: "an address can be borrowed; a password or a sign-in beside it cannot be borrowed as easily",
    source: baseline("AMO portal", "Optional NC/JF admin surfaces restricted by VPN or management ACLs"),
    alsoIn: [
      baseline("AMO portal", "Edge exposure risk of internal/admin surfaces"),
      nist("4.3.2"),
      page("docs/edge.md"),
    ],
    judged:
      "each service with a route that has `access`: addresses as the only proof are accepted with their reason; more " +
      "than 65536 addresses are open",
    remedy:
      "Add a second proof: `access: { sources: [203.0.113.0/24], basicAuth: { users: [admin] } }`, or `forwardAuth`.",
    keys: [`${ROUTE}.access`, `${ROUTE}.access.sources`, `${ROUTE}.access.reason`],
    check: (view) => {
      const guarded = new Set(
        (view.settings?.routes ?? []).filter(({ access }) => access !== undefined).map(({ resource }) => resource),
      );
      return overRoutes(view, "asks for a second proof, from listed addresses", ({ access }) => {
        if (access === undefined) return [];
        const wide = access.sources.filter((source) => addressesOf(source) > MANY_CLIENTS);
        return [
          ...(access.secondProof
            ? []
            : [{ status: "accepted" as const, message: `asks for no password or sign-in: ${access.reason ?? ""}` }]),
          ...wide.map((source) => ({
            status: "open" as const,
            message: `is open to the ${addressesOf(source)} addresses of ${source}: see that they are all yours`,
          })),
        ];
      }).filter(({ resource }) => guarded.has(resource));
    },
  },
];
