/** Whom a limit counts as one client, and how many requests of one client, or of all, are in flight at a time. */

export interface InFlight {
  /** Requests of one client on one route, answers that stream included. Beyond: 429. */
  readonly perClient: number;
  /** Requests of all clients on one route. Beyond: 429. */
  readonly total: number;
}

/**
 * One client is an IPv4 address, or a /64 of IPv6, which a provider gives to one household or server.
 * Without trusted proxies the address is the connection's, and X-Forwarded-For is not believed; with them it is the
 * last address in X-Forwarded-For that is not one of theirs.
 */
export function sourceCriterion(trustedProxies: readonly string[]): object {
  return { ipStrategy: trustedProxies.length > 0 ? { excludedIPs: [...trustedProxies] } : { ipv6Subnet: 64 } };
}

/**
 * Everybody is one client: this header is set by Traefik itself, to its own host name, whatever the client sends. (By
 * `requestHost`, Traefik would count `app.example.com` and `app.example.com:1` apart.)
 */
const EVERYBODY = { requestHeaderName: "X-Forwarded-Server" };

/** The middleware that caps the requests in flight of each client. */
export function inFlightPerClient(amount: number, trustedProxies: readonly string[]): object {
  return { inFlightReq: { amount, sourceCriterion: sourceCriterion(trustedProxies) } };
}

/** The middleware that caps the requests in flight of all clients together. */
export function inFlightTotal(amount: number): object {
  return { inFlightReq: { amount, sourceCriterion: EVERYBODY } };
}
