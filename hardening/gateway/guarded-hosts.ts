/**
 * Hosts that ask for a client's certificate. TLS is the edge's, and requests are the gateway's, so the gateway has to
 * know which host a connection was opened for: each of these has a port of its own between the two. A request for
 * another host than its connection's gets 421, in both directions.
 */
import { createHash } from "node:crypto";
import { refuse } from "./refusals";

const FIRST_PORT = 20_000;
const PORTS = 10_000;

/**
 * A port for each host by the hash of its name, so that one more changes no other's; two that meet are told apart by
 * order.
 */
export function guardedPorts(hosts: readonly string[]): Readonly<Record<string, number>> {
  const taken = new Set<number>();
  return Object.fromEntries(
    [...new Set(hosts)].sort().map((host) => {
      let place = createHash("sha256").update(host).digest().readUInt32BE(0) % PORTS;
      while (taken.has(place)) place = (place + 1) % PORTS;
      taken.add(place);
      return [host, FIRST_PORT + place];
    }),
  );
}

/** What listens for connections to these hosts. */
export const guardedBinds = (hosts: readonly string[]): string[] =>
  Object.values(guardedPorts(hosts)).map((port) => `bind *:${port} accept-proxy id ${port}`);

/** A request belongs to the host that its connection was opened for. */
export const misdirected = (hosts: readonly string[]): string[] =>
  Object.entries(guardedPorts(hosts)).flatMap(([host, port]) => [
    refuse("misdirected", `{ var(txn.host) -m str ${host} } !{ so_id ${port} }`),
    refuse("misdirected", `!{ var(txn.host) -m str ${host} } { so_id ${port} }`),
  ]);
