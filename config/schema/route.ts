import { z } from "zod";
import { SECURITY_HEADERS } from "../../hardening/edge/headers";
import { DEFAULT_METHODS } from "../../hardening/gateway/route";
import { canCount, LONGEST_WINDOW_DAYS } from "../../hardening/gateway/limits";
import { weakHeaders } from "../../hardening/edge/weak-headers";
import type { SchemaContext } from "../environment";
import { corsOriginCheck, headerValueCheck, hostCheck, responseHeaderCheck } from "../values/edge";
import { HEADER_PRESETS, ROUTE_PRESETS } from "./route-presets";
import { sourceCheck } from "../values/addresses";
import { checkedString, matching, name, reason, toIssue } from "./fields";

const headerValue = checkedString(headerValueCheck, 1_000_000);

const headerName = matching(
  /^[A-Za-z0-9-]{1,100}$/,
  "a header's name of letters, digits and hyphens; not *",
  "rename it",
);

/** Headers of the connection, and those by which the edge tells the application who asks. */
const EDGES_OWN = /^(?:connection|content-(?:length|encoding)|expect|forwarded|host|keep-alive|proxy-.*|te|trailer)$/i;
const TOLD_BY_EDGE = /^(?:transfer-encoding|upgrade|x-forwarded-.*|x-real-ip|x-request-id)$/i;

/** A header that the service which is asked hands on to the application. */
const answeredHeader = checkedString((value) => {
  if (!/^[A-Za-z0-9-]{1,100}$/.test(value))
    return { allowed: "a header's name of letters, digits and hyphens; not *", fix: "rename it" };
  return EDGES_OWN.test(value) || TOLD_BY_EDGE.test(value)
    ? { allowed: "a header that says who is signed in; not the connection's or the edge's own", fix: "remove it" }
    : undefined;
}).meta({ pattern: "^[A-Za-z0-9-]{1,100}$" });

const plainPath = matching(
  /^(?!.*\/\/)(?!.*\/\.{1,2}(?:\/|$))\/[A-Za-z0-9._~/-]{0,200}$/,
  "a path of letters, digits and - . _ ~ /, without a query, // and ..",
  "write it as /oauth2/auth",
);

const distinct = (values: readonly string[]): boolean =>
  new Set(values.map((value) => value.toLowerCase())).size === values.length;

const once = { params: { given: "a name twice", allowed: "each name once, whatever its case", fix: "remove one" } };

/** `anna:secret`, as htpasswd writes it, is never shown. */
const userName = checkedString((value) => {
  if (/^[a-z][a-z0-9._-]{0,31}$/.test(value)) return undefined;
  const allowed = "a name of lower-case letters, digits and . _ -";
  return value.includes(":")
    ? {
        given: "a name with a password (hidden)",
        allowed: `${allowed}; its password is generated`,
        fix: "write the name",
      }
    : { allowed, fix: "rename it" };
}).meta({ pattern: "^[a-z][a-z0-9._-]{0,31}$" });

type RoutePreset = keyof typeof ROUTE_PRESETS;
type HeaderPreset = keyof typeof HEADER_PRESETS;

export const access = z
  .strictObject({
    /** Addresses and subnets of clients; others get 403. */
    sources: z.array(checkedString(sourceCheck)).min(1).max(200),
    /** Users with a generated password each, which `pulumi stack output access` shows. */
    basicAuth: z
      .strictObject({
        users: z.array(userName).min(1).max(50).refine(distinct, once),
      })
      .optional(),
    /** Another service of the stack is asked before each request. */
    forwardAuth: z
      .strictObject({
        service: name,
        /** What it is asked for: 200 to 299 is yes, 401 and 403 are no. */
        path: plainPath,
        /** Where a browser that is not signed in is led. @default nowhere: 401 */
        signIn: plainPath.optional(),
        /** Headers of its answer that the application gets. */
        headers: z.array(answeredHeader).max(20).refine(distinct, once).default([]),
      })
      .optional(),
    /** Why the addresses are proof enough: required where there is no second one. */
    reason: reason.optional(),
  })
  .refine(({ basicAuth, forwardAuth, reason: why }) => (basicAuth ?? forwardAuth ?? why) !== undefined, {
    params: {
      given: "sources only",
      allowed: "a second proof (basicAuth or forwardAuth), or a reason",
      fix: "add basicAuth: { users: [admin] }, forwardAuth, or reason",
    },
  });

export const route = (context: SchemaContext) =>
  z.strictObject({
    host: checkedString((value) => hostCheck(value, context.environment)),
    /** @default "/": everything on the host */
    pathPrefix: matching(
      /^(?!.*\/\.{1,2}(?:\/|$))\/(?:[A-Za-z0-9\-._~]+(?:\/[A-Za-z0-9\-._~]+)*)?$/,
      "a path that starts with / and does not end with it, of letters, digits and - . " +
        "_ ~ between slashes; no . or .. as a part",
      "write it as /api; a route takes all that is below it",
    ).default("/"),
    /** What kind of route it is: see route-presets.ts. What stands beside it wins. @default an ordinary one */
    preset: z.enum(Object.keys(ROUTE_PRESETS) as [RoutePreset, ...RoutePreset[]]).optional(),
    /** Token bucket a source address. @default 100 requests a second, bursts of 200 */
    rateLimit: z
      .strictObject({
        average: z.int().min(1).max(1_000_000).default(100),
        burst: z.int().min(1).max(1_000_000).default(200),
        periodSeconds: z.int().min(1).max(3600).default(1),
      })
      .refine(canCount, {
        params: {
          allowed: `a burst that fills at the average within ${LONGEST_WINDOW_DAYS} days`,
          fix: "lower burst, or raise average",
        },
      })
      .prefault({}),
    /**
     * Requests in flight at a time, answers that stream included; beyond: 429.
     * @default 100 of a client, 1000 of all
     */
    inFlight: z
      .strictObject({
        perClient: z.int().min(1).max(100_000).default(100),
        total: z.int().min(1).max(100_000).default(1000),
      })
      .refine((value) => value.perClient <= value.total, {
        params: { allowed: "perClient of at most total", fix: "raise total, or lower perClient" },
      })
      .prefault({}),
    /** Others get 405. @default the seven below */
    methods: z
      .array(z.enum(DEFAULT_METHODS))
      .min(1)
      .refine(distinct, once)
      .default([...DEFAULT_METHODS]),
    /** Media types of request bodies, such as application/json or image/*; others get 415. @default any */
    contentTypes: z
      .array(
        matching(
          /^[a-z0-9][a-z0-9.+-]{0,60}\/(?:\*|[a-z0-9][a-z0-9.+-]{0,80})$/,
          "a media type in lower case, such as application/json or image/*, without parameters",
          "write it as application/json",
        ),
      )
      .min(1)
      .refine(distinct, once)
      .optional(),
    /** A management surface: only from these addresses, and with a second proof. @default everybody */
    access: access.optional(),
    /** The largest request headers in KiB, with the request line; larger ones get 431. @default 16 */
    maxHeaderKiB: z.int().min(1).max(48).default(16),
    /** How long anybody may stay silent, in seconds. */
    timeouts: z
      .strictObject({
        /** Within it a request's body has to arrive, or its first 16 KiB; else 408. @default 60 */
        requestSeconds: z.int().min(1).max(3600).default(60),
        /** The application, before and within its answer; else 504. @default 60 */
        responseSeconds: z.int().min(1).max(86_400).default(60),
        /** An event stream or a WebSocket, in both directions. @default 300 */
        streamSeconds: z.int().min(1).max(86_400).default(300),
      })
      .prefault({}),
    /** Whether a client stays with one replica, by a cookie. @default false */
    sticky: z.boolean().default(false),
    /** Whether a client may open a WebSocket. @default false; true with streaming: see route-presets.ts */
    webSocket: z.boolean().default(false),
    /** The largest request body in MiB; bodies are passed on as they come. @default 1 */
    maxBodyMiB: z.number().min(0.001).max(1024).default(1),
    /** GET only, and silence of timeouts.streamSeconds. Other routes stream, too. @default false */
    streaming: z.boolean().default(false),
    headers: z
      .strictObject({
        /** What the route serves: see route-presets.ts. @default "spa" */
        preset: z.enum(Object.keys(HEADER_PRESETS) as [HeaderPreset, ...HeaderPreset[]]).optional(),
        /** Replaces the strict default Content-Security-Policy. */
        contentSecurityPolicy: headerValue.optional(),
        /** Sets a response header, or removes it with "". */
        response: z
          .record(checkedString((value) => responseHeaderCheck(value)).and(headerName), headerValue)
          .refine((value) => distinct(Object.keys(value)), once)
          .default({}),
        /**
         * Headers that the application sends itself, such as a CSP with nonces; where it sends none, the edge's own
         * stand.
         */
        fromApplication: z
          .array(z.enum(SECURITY_HEADERS.map((header) => header.name) as [string, ...string[]]))
          .refine(distinct, once)
          .default([]),
        /** Why a header of the default set is weaker than it: required where one is. */
        reason: reason.optional(),
      })
      .superRefine((value, refinement) => {
        const [weak] = value.reason === undefined ? weakHeaders(value) : [];
        if (weak !== undefined)
          refinement.issues.push(
            toIssue(
              {
                given: `${weak.name} weaker than the edge's own (${weak.why}), without a reason`,
                allowed: `the edge's own ${weak.name}, one that protects as much, or headers.reason`,
                fix: "remove it, or add headers.reason: the reason becomes part of the posture",
              },
              value,
              [...weak.path],
            ),
          );
      })
      .prefault({}),
    cors: z
      .strictObject({
        /** @default the origins of the stack's own hosts */
        allowedOrigins: z
          .array(checkedString((value) => corsOriginCheck(value, context.environment)))
          .min(1)
          .optional(),
        allowedMethods: z
          .array(z.enum(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]))
          .default(["GET", "POST"]),
        allowedHeaders: z.array(headerName).default(["Authorization", "Content-Type"]),
        allowCredentials: z.boolean().default(false),
        maxAgeSeconds: z.int().min(0).max(86_400).default(600),
      })
      .optional(),
  });
