/**
 * A route as a section of HAProxy's configuration: its limits in the order in which they are judged, and its
 * servers.
 */
import { responseHeaders } from "../edge/headers";
import { accessRules, challenge } from "./access";
import { canaryServers, watchSection } from "./canary";
import { corsOrigin, corsPreflight, corsResponse, PREFLIGHT } from "./cors";
import { retryAfterSeconds, tableOf } from "./limits";
import { answer, refuse, sampleRefusals, type Refusal } from "./refusals";
import type { GatewayRoute } from "./route";
import { escaped, literal, quoted, section } from "./text";

/** The section of a route. No name of a route has an underscore. */
export const backendOf = (route: Pick<GatewayRoute, "name">): string => `route_${route.name}`;

/** A server whose address the engine's DNS knows, at the start and from then on. */
export const RESOLVED = "resolvers engine resolve-prefer ipv4 init-addr libc,none";

/** Bytes of a body without a declared length that the gateway holds to see its end. */
export const UNSIZED_BYTES = 32_768;

const HAS_LENGTH = "{ req.hdr(content-length) -m found }";
/** A WebSocket over HTTP/2 is a request that does not end. */
const NO_WEB_SOCKET = "!{ req.fhdr(upgrade) -m str -i websocket }";
const CHUNKED = "{ req.hdr(transfer-encoding) -m found }";

/** `image/*` and `application/json` as a regular expression for Content-Type, parameters apart. */
function contentTypePattern(types: readonly string[]): string {
  const one = (type: string): string =>
    type.endsWith("/*") ? `${escaped(type.slice(0, -1))}[a-z0-9.+-]+` : escaped(type);
  return `^(?:${types.map(one).join("|")})[ \\t]*(?:;|$)`;
}

/** Who asks how often and how much at a time. A refused request takes nothing from the bucket. */
function shares(route: GatewayRoute): string[] {
  const { rateLimit, inFlight } = route;
  return [
    `http-request track-sc1 var(txn.share) table ${tableOf(rateLimit)}`,
    refuse("rate", `{ sc1_gpc0_rate ge ${rateLimit.burst} }`),
    "http-request sc-inc-gpc0(1) unless { var(txn.refusal) -m found }",
    refuse("in-flight", `{ sc1_conn_cur gt ${inFlight.perClient} }`),
    refuse("in-flight", `{ be_conn(${backendOf(route)}) gt ${inFlight.total} }`),
  ];
}

/** What a request may be. */
function form(route: GatewayRoute): string[] {
  const { methods, contentTypes, maxBodyBytes, maxHeaderBytes, cors } = route;
  // A preflight asks for a method, and does not use one.
  const preflight = cors === undefined ? "" : ` !${PREFLIGHT}`;
  return [
    refuse("method", `!{ method ${methods.join(" ")} }${preflight}`),
    refuse("headers", `{ req.hdrs,length gt ${maxHeaderBytes} }`),
    // Before a byte of the body is read: the length is declared.
    refuse("body-size", `{ req.hdr(content-length),add(0) gt ${maxBodyBytes} }`),
    ...(contentTypes === undefined
      ? []
      : [
          refuse(
            "content-type",
            `{ req.body_size gt 0 } !{ req.fhdr(content-type) -m reg -i ${quoted(contentTypePattern(contentTypes))} }`,
          ),
        ]),
  ];
}

/**
 * A slow client's request does not reach the application before its body, or the first 16 KiB of it, is here. A body
 * that declares no length has to end within what the gateway holds of it.
 */
function bodies({ timeouts, maxBodyBytes }: GatewayRoute): string[] {
  const wait = `http-request wait-for-body time ${timeouts.requestSeconds}s`;
  const unsized = Math.min(UNSIZED_BYTES, maxBodyBytes);
  // Whatever the method: in HTTP/2 any request may have a body that no header tells of. One without ends at once.
  const whole = `!${HAS_LENGTH} ${NO_WEB_SOCKET}`;
  return [
    `${wait} at-least 16384 if !{ var(txn.refusal) -m found } ${HAS_LENGTH}`,
    `${wait} at-least ${unsized + 1} if !{ var(txn.refusal) -m found } ${whole}`,
    `${wait} at-least ${unsized + 1} if !{ var(txn.refusal) -m found } ${CHUNKED}`,
    refuse(
      maxBodyBytes > UNSIZED_BYTES ? "body-length" : "body-size",
      `!${HAS_LENGTH} { req.body_size gt ${unsized} }`,
    ),
  ];
}

/** An upgrade is a WebSocket, and only where the route says so; anything else is asked for without one. */
function upgrades({ webSocket, timeouts, streaming }: GatewayRoute): string[] {
  // The whole value: in a list, what else is asked for would reach the application, too.
  const isWebSocket = "{ req.fhdr(upgrade) -m str -i websocket }";
  const unless = webSocket ? ` unless ${isWebSocket}` : "";
  return [
    `http-request del-header Upgrade${unless}`,
    `http-request del-header Connection${unless}`,
    `http-request set-timeout server ${timeouts.streamSeconds}s${
      streaming ? "" : " if { req.hdr(accept) -m sub -i text/event-stream }"
    }`,
  ];
}

/** The answers to what is refused, and which of them are logged. */
function answers(route: GatewayRoute): string[] {
  const allow = route.methods.join(", ");
  const headers: Partial<Record<Refusal, readonly (readonly [string, string])[]>> = {
    method: [["Allow", allow]],
    rate: [["Retry-After", String(retryAfterSeconds(route.rateLimit))]],
    "in-flight": [["Retry-After", "1"]],
    ...(route.access === undefined ? {} : { credentials: challenge(route.access) }),
  };
  const all = [
    ...(["rate", "in-flight", "method", "headers", "content-type", "body-size", "body-length"] as const),
    ...(route.access === undefined ? [] : (["source", "credentials", "authority"] as const)),
  ];
  return [...sampleRefusals, ...all.map((refusal) => answer(refusal, headers[refusal]))];
}

/**
 * On answers of every kind, the gateway's own as well. What the application sends itself stands; else the default
 * does.
 */
function headers({ headers: overrides }: GatewayRoute): string[] {
  const defaults = responseHeaders();
  const left = (overrides.fromApplication ?? []).map((name) => {
    const known = Object.keys(defaults).find((one) => one.toLowerCase() === name.toLowerCase()) ?? name;
    return [known, defaults[known] ?? ""] as const;
  });
  return [
    ...Object.entries(responseHeaders(overrides)).map(([name, value]) =>
      value === ""
        ? `http-after-response del-header ${name}`
        : `http-after-response set-header ${name} ${literal(value)}`,
    ),
    ...left
      .filter(([, value]) => value !== "")
      .map(
        ([name, value]) =>
          `http-after-response set-header ${name} ${literal(value)} unless { res.hdr(${name}) -m found }`,
      ),
  ];
}

/** The cookie is made of a server's address, so it says nothing of a version that is gone. */
const stickiness = ({ sticky = false, name }: GatewayRoute): string[] =>
  sticky
    ? [
        "cookie rampart-replica insert indirect nocache httponly secure dynamic attr SameSite=Lax",
        `dynamic-cookie-key ${name}`,
      ]
    : [];

/**
 * The containers of a service. The port is given for each request, because HAProxy then keeps idle connections by their
 * whole address: else those to the containers of the version before would be used until they stop, after its name has
 * changed.
 */
function servers(route: GatewayRoute): string[] {
  const { alias, port, replicas = 1, canary } = route.target;
  // One that does not answer any more gets no requests while there are others.
  const check = replicas > 1 ? ` check port ${port} inter 1s fall 2 rise 1` : "";
  return [
    `http-request set-dst-port int(${port})`,
    `server-template v 1-${replicas} ${alias}:+0 ${RESOLVED}${check}`,
    ...(canary === undefined ? [] : canaryServers(route, canary, RESOLVED)),
  ];
}

/** The section of a route. @param more Lines that follow the others, before the servers */
export function renderBackend(route: GatewayRoute, more: readonly string[] = []): string[] {
  const { cors, timeouts } = route;
  const own = section(`backend ${backendOf(route)}`, [
    `timeout server ${timeouts.responseSeconds}s`,
    `timeout tunnel ${timeouts.streamSeconds}s`,
    ...(cors === undefined ? [] : corsOrigin(cors)),
    ...shares(route),
    ...form(route),
    ...bodies(route),
    ...(route.access === undefined ? [] : accessRules(route.access)),
    ...answers(route),
    ...(cors === undefined ? [] : corsPreflight(cors)),
    ...upgrades(route),
    ...headers(route),
    ...(cors === undefined ? [] : corsResponse(cors)),
    ...stickiness(route),
    ...more,
    ...servers(route),
  ]);
  return [...own, ...watchSection(route, RESOLVED)];
}
