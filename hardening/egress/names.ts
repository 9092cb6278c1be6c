/** The names that a service may connect to, and where its proxy is. */
import type { NetworkName } from "../container/workload";

/** A name and a port, as a list of `egress` has them. */
export interface EgressTarget {
  /** A full domain name in lower case. */
  readonly name: string;
  readonly port: number;
}

/** Where an entry names no port. */
const HTTPS_PORT = 443;

/** A full domain name with at least one dot, whose last label is no number, and a port. */
export const EGRESS_ENTRY =
  /^(?=[^:]{1,253}(?::|$))(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?(?::[1-9][0-9]{0,4})?$/;

/** @param entry `api.stripe.com` or `api.stripe.com:8443`. */
export function egressTarget(entry: string): EgressTarget {
  const [name = "", port] = entry.split(":");
  return { name, port: port === undefined ? HTTPS_PORT : Number(port) };
}

/** The network of a service and the proxy that leads to its names. The proxy's container has the same name. */
export const egressNetwork = (service: string): NetworkName => `egress-${service}`;

/** The proxy's fixed address in its network. @param subnet `a.b.c.0/24` */
export const egressProxyAddress = (subnet: string): string => subnet.replace(/\.0\/24$/, ".10");
