/** What the edge needs of memory, so that no number of clients ends it. */

/** MiB that Traefik takes without a connection. */
export const EDGE_BASE_MIB = 72;

/**
 * KiB of an idle TLS connection: Go's buffers in both directions, and the session. Measured on Traefik 3.6.7 with 1,500
 * connections: 60 KiB.
 */
const CONNECTION_KIB = 64;

/** The least memory of an edge with so many connections at a time, in MiB. */
export const leastEdgeMiB = (connections: number): number =>
  EDGE_BASE_MIB + Math.ceil((connections * CONNECTION_KIB) / 1024);
