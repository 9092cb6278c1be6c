import { DEFAULT_METHODS, type Cors, type GatewayInput, type GatewayRoute } from "../../../hardening/gateway";

/** A route that is right: tests change one field of it. */
export const route: GatewayRoute = {
  name: "api",
  host: "app.example.com",
  pathPrefix: "/api",
  target: { alias: "api-1a2b3c", port: 3000 },
  rateLimit: { average: 50, burst: 100, periodSeconds: 1 },
  inFlight: { perClient: 100, total: 1000 },
  timeouts: { requestSeconds: 60, responseSeconds: 61, streamSeconds: 3600 },
  methods: DEFAULT_METHODS,
  maxBodyBytes: 1_048_576,
  maxHeaderBytes: 16_384,
  webSocket: false,
  streaming: false,
  headers: {},
};

export const cors: Cors = {
  allowedOrigins: ["https://app.example.com"],
  allowedMethods: ["GET", "POST"],
  allowedHeaders: ["content-type"],
  allowCredentials: true,
  maxAgeSeconds: 600,
};

export const input: GatewayInput = {
  edgeSubnet: "10.20.2.0/24",
  edge: { host: "edge", tls: 8443 },
  http: true,
  routes: [route],
  connections: { perClient: 256, total: 1500 },
  externalHttpsPort: 443,
};
