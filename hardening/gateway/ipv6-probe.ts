/** Whether an engine keeps the addresses of IPv6 clients: only a connection from outside of it tells. */
import { fileText } from "../files";

/** POSIX sh, for an image with BusyBox. Its one argument is the port on which the edge takes TLS. */
export const ipv6Probe = (): string => fileText(__dirname, "ipv6-probe.sh");

/** The one word that the script writes. */
export type Ipv6Answer = "none" | "answered" | "closed";

export const isIpv6Answer = (said: string): said is Ipv6Answer => ["none", "answered", "closed"].includes(said);

/** Why a deployment fails where the gateway refused the connection. */
export const addressesLost = (host: string): string =>
  `rampart:edge.ipv6 is true, and the engine at ${host} does not keep the addresses of IPv6 clients: it hands their ` +
  "connections on by a program of its own, so that all of them would be one client. The gateway refuses these " +
  "connections; IPv4 is served as before.\n" +
  "Use Docker 27 or later without `ip6tables: false`, or an older engine with " +
  '`"experimental": true, "ip6tables": true` in its daemon.json; or remove edge.ipv6 (docs/edge.md, IPv6).';
