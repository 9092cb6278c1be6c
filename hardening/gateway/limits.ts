/** Token buckets and requests in flight: how a client's share of a route is counted. */
import type { RateLimit } from "./route";
import { section } from "./text";

/** The table of clients, whatever they ask for. */
export const CLIENTS_TABLE = "clients";
/** The table of clients' connections from outside. */
export const CONNECTIONS_TABLE = "connections";

/**
 * Milliseconds in which a bucket fills from empty. HAProxy counts what it let through over a time that slides, so a
 * client has `burst` requests in it, and over a long time `average` a period.
 */
export const windowMs = ({ average, burst, periodSeconds }: RateLimit): number =>
  Math.max(1, Math.ceil((burst / average) * periodSeconds * 1000));

/**
 * Days that a bucket may take to fill. HAProxy keeps a client for twice that, and counts time in 31 bits: 24.8 days.
 */
export const LONGEST_WINDOW_DAYS = 12;

/** Whether HAProxy can count a rate. */
export const canCount = (limit: RateLimit): boolean => windowMs(limit) <= LONGEST_WINDOW_DAYS * 86_400_000;

/** Seconds after which a refused client has at least one more request. */
export const retryAfterSeconds = ({ average, periodSeconds }: RateLimit): number =>
  Math.max(1, Math.ceil(periodSeconds / average));

/** The table that counts routes with such a window. */
export const tableOf = (limit: RateLimit): string => `clients_${windowMs(limit)}ms`;

/** Clients that a table knows at a time; beyond, those that were not heard of the longest are forgotten. */
const CLIENTS = 50_000;

/** The tables, each a section of its own. A table has one window, so routes share one where theirs is the same. */
export function tables(limits: readonly RateLimit[]): string[] {
  const windows = [...new Map(limits.map((limit) => [tableOf(limit), windowMs(limit)]))].sort(([, a], [, b]) => a - b);
  return [
    ...section(`backend ${CONNECTIONS_TABLE}`, [`stick-table type ipv6 size ${CLIENTS} expire 10m store conn_cur`]),
    ...section(`backend ${CLIENTS_TABLE}`, [
      `stick-table type ipv6 size ${CLIENTS} expire 10m store gpc0,gpc0_rate(10s),gpc1,gpc1_rate(60s)`,
    ]),
    ...windows.flatMap(([name, window]) =>
      section(`backend ${name}`, [
        // Its key is the route's name and the client's address.
        `stick-table type string len 112 size ${CLIENTS} expire ${Math.max(60_000, 2 * window)}ms ` +
          `store conn_cur,gpc0,gpc0_rate(${window})`,
      ]),
    ),
  ];
}
