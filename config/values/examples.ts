/** Hosts and addresses of documentation, and what people write before they know theirs. */
import { BlockList, isIPv4, isIPv6 } from "node:net";

/** Sources: RFC 2606, RFC 6761; README files and templates for the rest. */
const EXAMPLE_HOST = new RegExp(
  [
    String.raw`(?:^|\.)(?:example(?:\.(?:com|net|org))?|tld`,
    String.raw`(?:your|my)-?(?:company|domain)\.[a-z]+(?:\.[a-z]{2})?|domain\.com`,
    String.raw`change-?me(?:\.[a-z]+)?|placeholder(?:\.[a-z]+)?)$`,
  ].join("|"),
);

/** Sources: RFC 5737, RFC 3849, RFC 9637. */
const EXAMPLE_NETWORKS = new BlockList();
for (const network of ["192.0.2.0", "198.51.100.0", "203.0.113.0"]) EXAMPLE_NETWORKS.addSubnet(network, 24, "ipv4");
EXAMPLE_NETWORKS.addSubnet("2001:db8::", 32, "ipv6");
EXAMPLE_NETWORKS.addSubnet("3fff::", 20, "ipv6");

/** Whether a host stands for one that somebody has yet to fill in. */
export const isExampleHost = (host: string): boolean => host.length <= 253 && EXAMPLE_HOST.test(host.toLowerCase());

/** Whether an address, or the first one of a subnet, belongs to documentation. An address of IPv6 may have brackets. */
export function isExampleAddress(text: string): boolean {
  const [address = ""] = text.replace(/^\[([^\]]*)\]$/, "$1").split("/");
  if (isIPv4(address)) return EXAMPLE_NETWORKS.check(address, "ipv4");
  return isIPv6(address) && EXAMPLE_NETWORKS.check(address, "ipv6");
}
