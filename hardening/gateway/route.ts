/** What the gateway is told of a route. Plain data: no Pulumi, no HAProxy. */
import type { Access } from "./access";
import type { HeaderOverrides } from "../edge/headers";

/** The methods that a route takes where it does not say otherwise. */
export const DEFAULT_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;
export type Method = (typeof DEFAULT_METHODS)[number];

export interface Cors {
  /** Exact origins, e.g. `https://app.example.com`, or `*` (not together with credentials). */
  readonly allowedOrigins: readonly string[];
  readonly allowedMethods: readonly string[];
  readonly allowedHeaders: readonly string[];
  readonly allowCredentials: boolean;
  /** How long a browser may remember a preflight, in seconds. */
  readonly maxAgeSeconds: number;
}

/** Token bucket a client: `average` requests a period over a long time, `burst` at once. Beyond: 429. */
export interface RateLimit {
  readonly average: number;
  readonly burst: number;
  readonly periodSeconds: number;
}

export interface InFlight {
  /** Requests of one client on one route, answers that stream included. Beyond: 429. */
  readonly perClient: number;
  /** Requests of all clients on one route. Beyond: 429. */
  readonly total: number;
}

export interface Timeouts {
  /** Seconds within which a request's body, or its first 16 KiB, has to arrive. Beyond: 408. */
  readonly requestSeconds: number;
  /** Seconds that the application may stay silent, before its answer and within it. Beyond: 504, or the answer ends. */
  readonly responseSeconds: number;
  /** Seconds that an event stream or a WebSocket may stay silent, in both directions. */
  readonly streamSeconds: number;
}

export interface Target {
  /** The DNS name of this version of the service on the network `proxy`. */
  readonly alias: string;
  readonly port: number;
  /** Containers that the name leads to. @default 1 */
  readonly replicas?: number;
}

export interface GatewayRoute {
  /** Unique; lower case letters, digits and hyphens. */
  readonly name: string;
  readonly host: string;
  /** `/api` matches `/api` and `/api/…`, not `/apix`. @default the whole host */
  readonly pathPrefix?: string;
  readonly target: Target;
  readonly rateLimit: RateLimit;
  readonly inFlight: InFlight;
  readonly timeouts: Timeouts;
  readonly methods: readonly Method[];
  /** Media types that a body may have, such as `application/json` or `image/*`. Others: 415. @default any */
  readonly contentTypes?: readonly string[];
  /** Bytes. A larger body: 413. */
  readonly maxBodyBytes: number;
  /** Bytes of a request's headers, its request line included. More: 431. */
  readonly maxHeaderBytes: number;
  /** Whether a client may upgrade its connection to a WebSocket. */
  readonly webSocket: boolean;
  /** Whether a client stays with the replica that it came to first, by a cookie. @default false */
  readonly sticky?: boolean;
  /** Whether the application may stay silent as long as `timeouts.streamSeconds`; then the route takes GET only. */
  readonly streaming: boolean;
  /** Who may come. @default everybody */
  readonly access?: Access;
  readonly headers: HeaderOverrides;
  /** @default no cross-origin access */
  readonly cors?: Cors;
}

export interface GatewayInput {
  /** Where the edge connects from (CIDR). Anybody else could say of a connection that it is somebody else's. */
  readonly edgeSubnet: string;
  readonly routes: readonly GatewayRoute[];
  readonly connections: ConnectionLimits;
  /** The port that a browser sees, to which plain http is redirected. */
  readonly externalHttpsPort: number;
  /** The edge, which ends TLS: its name on the network that it shares with the gateway, and its ports. */
  readonly edge: { readonly host: string; readonly tls: number; readonly acme?: number };
  /** Whether there is plain http: for redirects, and for ACME's http-01. */
  readonly http: boolean;
  /** Hosts that ask for a client's certificate; each has a route. @default none */
  readonly guardedHosts?: readonly string[];
  /** Addresses of load balancers in front of the edge whose X-Forwarded-For is believed (CIDR). @default none */
  readonly trustedProxies?: readonly string[];
  /** What is said to visitors of hosts in maintenance, by host: one line each. @default every host is served */
  readonly maintenance?: Readonly<Record<string, string>>;
  /**
   * The engine's IPv6 address where clients come in: a connection from there is one that the engine handed on without
   * the client's address. @default clients come by IPv4 only
   */
  readonly ipv6Engine?: string;
  /** The network whose members may ask for metrics (CIDR). @default nobody may */
  readonly metricsSubnet?: string;
}

/** Connections at a time, idle ones included. */
export interface ConnectionLimits {
  /** Of one client: an IPv4 address, or a /64 of IPv6. Beyond: closed. */
  readonly perClient: number;
  /** Of all. From three quarters of it on, a client with more than a few gets no further one. */
  readonly total: number;
}

/**
 * The ports on which the gateway listens: for the internet (`http`, `tls`), for what the edge has taken out of TLS
 * (`https`), and on its own loopback address.
 */
export const GATEWAY_PORTS = {
  ...{ http: 8080, tls: 8443, https: 8444, health: 8082, control: 8083, probe: 8084 },
  // Of IPv6 only: an engine that hands such a connection on by IPv4 finds nobody there.
  ...{ http6: 8086, tls6: 8446 },
} as const;
/** The gateway's DNS name on the network that it shares with the edge. */
export const GATEWAY_ALIAS = "gateway";
