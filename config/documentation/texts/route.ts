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
  "routes.maxBodyMiB": { allowed: "{range}; the edge keeps no body that declares its length", example: "25" },
  "routes.streaming": {
    allowed:
      "`true`: the edge waits for an answer without a limit, and the route takes `GET` only; " +
      "other routes can stream as well",
    example: "true",
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
    allowed: "headers of the default set that the application sends itself",
    example: "[Content-Security-Policy]",
  },
  "routes.headers.reason": {
    default: "none; required where a header is weaker than the edge's own",
    allowed: "10 to 500 characters on one line: why it is weaker",
    example: "the editor evaluates scripts",
  },
  "routes.cors.allowedOrigins": {
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
