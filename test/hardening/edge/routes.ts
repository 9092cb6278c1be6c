import type { EdgeRoute } from "../../../hardening/edge";

/** A route that is right: tests break one field of it. */
export const route: EdgeRoute = {
  name: "api",
  host: "app.example.com",
  pathPrefix: "/api",
  target: "http://api-1a2b3c:3000",
  rateLimit: { average: 50, burst: 100, periodSeconds: 1 },
  inFlight: { perClient: 100, total: 1000 },
  maxRequestBodyBytes: 10_485_760,
  streaming: false,
  headers: {},
};
