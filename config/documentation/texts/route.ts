import type { KeyTexts } from "../key-text";

export const ROUTE: KeyTexts = {
  "routes.host": {
    allowed: "a host name in lower case, no wildcard; public in prod and with Let's Encrypt",
    example: "app.your-company.com",
  },
  "routes.pathPrefix": { allowed: "starts with `/` and does not end with `/`; no `.` or `..`", example: "/api" },
  "routes.rateLimit.average": { allowed: "{range} requests in a period, for each client", example: "20" },
  "routes.rateLimit.burst": { allowed: "{range} requests at once", example: "40" },
  "routes.rateLimit.periodSeconds": { allowed: "{range}", example: "60" },
  "routes.inFlight.perClient": {
    allowed: "{range} requests of one client at a time, streams included; at most `total`",
    example: "20",
  },
  "routes.inFlight.total": { allowed: "{range} requests of all clients at a time", example: "200" },
  "routes.preset": {
    allowed: "{values}: [what each of them sets](edge.md#presets); what stands beside it wins",
    example: "upload",
  },
  "routes.methods": { allowed: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS; others get 405", example: "[GET, HEAD]" },
  "routes.contentTypes": {
    default: "any",
    allowed: "media types of bodies, without parameters; others get 415",
    example: "[application/json, image/*]",
  },
  "routes.maxHeaderKiB": { allowed: "{range} KiB of request line and headers; more get 431", example: "24" },
  "routes.timeouts.requestSeconds": {
    allowed: "{range}: within it a body, or its first 16 KiB, has to arrive; else 408",
    example: "30",
  },
  "routes.timeouts.responseSeconds": {
    allowed: "{range}: how long the application may stay silent, before and within its answer; else 504",
    example: "120",
  },
  "routes.timeouts.streamSeconds": {
    allowed: "{range}: how long an event stream or a WebSocket may stay silent",
    example: "7200",
  },
  "routes.sticky": { allowed: "`true`: a client stays with the replica that it came to first", example: "true" },
  "routes.webSocket": {
    allowed: "`true`: a client may open a WebSocket; a route with `streaming` has it, unless it says `false`",
    example: "true",
  },
  "routes.maxBodyMiB": { allowed: "{range}; the edge keeps no body that declares its length", example: "25" },
  "routes.streaming": {
    allowed:
      "`true`: `GET` only, WebSockets unless `webSocket` is `false`, and an application that is silent as long as " +
      "`timeouts.streamSeconds`; " +
      "other routes can stream as well",
    example: "true",
  },
  "routes.access.sources": {
    allowed: "addresses and subnets of clients (8 bits or more; public 10, IPv6 24); others get 403",
    example: "[10.8.0.0/24]",
  },
  "routes.access.basicAuth.users": {
    allowed: "users with a generated password each: `pulumi stack output access --show-secrets`",
    example: "[admin]",
  },
  "routes.access.forwardAuth.service": {
    allowed: "a service of the stack with a route, such as oauth2-proxy, which is asked before each request",
    example: "oauth2-proxy",
  },
  "routes.access.forwardAuth.path": {
    allowed: "what it is asked for: 200 to 299 is yes, 401 and 403 are no",
    example: "/oauth2/auth",
  },
  "routes.access.forwardAuth.signIn": {
    allowed: "where a browser that is not signed in is led",
    example: "/oauth2/start",
  },
  "routes.access.forwardAuth.headers": {
    allowed: "headers of its answer that the application gets",
    example: "[X-Auth-Request-User]",
  },
  "routes.access.reason": {
    default: "none; required without a second proof",
    allowed: "10 to 500 characters on one line: why the addresses are proof enough",
    example: "only the VPN's own addresses come here",
  },
  "routes.headers.preset": {
    default: "`spa`",
    allowed: "{values}: [what each of them sets](edge.md#security-headers-and-cors)",
    example: "server-rendered",
  },
  "routes.headers.contentSecurityPolicy": {
    default: "a strict one",
    allowed: "printable ASCII on one line",
    example: "default-src 'self'",
  },
  "routes.headers.response": {
    allowed:
      'headers to set, or to remove with `""`; no secret, no `Access-Control-*`, `Set-Cookie` or hop-by-hop header',
    example: "{ X-Robots-Tag: noindex }",
  },
  "routes.headers.fromApplication": {
    allowed: "headers of the default set that the application sends itself; where it sends none, the default stands",
    example: "[Content-Security-Policy]",
  },
  "routes.headers.reason": {
    default: "none; required where a header is weaker than the edge's own",
    allowed: "10 to 500 characters on one line: why it is weaker",
    example: "the editor evaluates scripts",
  },
  "routes.cors.allowedOrigins": {
    default: "the stack's own origins",
    allowed: "`scheme://host[:port]`, exact; https in prod",
    example: "[https://app.your-company.com]",
  },
  "routes.cors.allowedMethods": { allowed: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS", example: "[GET]" },
  "routes.cors.allowedHeaders": { allowed: "names, no `*`", example: "[Content-Type]" },
  "routes.cors.allowCredentials": {
    allowed: "`true`: the browser may send credentials such as cookies",
    example: "true",
  },
  "routes.cors.maxAgeSeconds": { allowed: "{range}", example: "3600" },
};
