/** IP addresses that the edge listens on or believes. */
import { isIPv4, isIPv6 } from "node:net";
import type { Check } from "./check";

/** An IPv4 address as a number; it is one. */
const asNumber = (address: string): number => address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);

interface Subnet {
  readonly network: string;
  readonly bits: number;
}

const within = (address: string, { network, bits }: Subnet): boolean => {
  const size = 2 ** (32 - bits);
  return Math.floor(asNumber(address) / size) === Math.floor(asNumber(network) / size);
};

const subnet = (text: string): Subnet => {
  const [network = "", bits = "32"] = text.split("/");
  return { network, bits: Number(bits) };
};

/** Addresses that no program can listen on: "this network" but for all addresses, link-local, multicast and beyond. */
const NOBODYS = ["0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3"].map(subnet);
/** Networks of one's own, as large as they are. */
const PRIVATE = ["10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].map(subnet);

/** An address of the host. */
export const listenCheck: Check<string> = (value) => {
  const allowed = "an IPv4 address of the host, or 0.0.0.0 for all of them";
  const fix = "use 0.0.0.0, or one address of the host";
  if (!isIPv4(value)) return { allowed, fix };
  if (value === "0.0.0.0" || !NOBODYS.some((one) => within(value, one))) return undefined;
  return { allowed: `${allowed}; no link-local, multicast or reserved address`, fix };
};

export const isLoopback = (address: string): boolean => isIPv4(address) && within(address, subnet("127.0.0.0/8"));

/** The least bits of a subnet that is believed: a public /8 is a part of the internet, not a load balancer's. */
const LEAST_PRIVATE_BITS = 8;
const LEAST_PUBLIC_BITS = 10;
const LEAST_IPV6_BITS = 24;

const PROXIES =
  "an address, or a subnet of at least 8 bits such as 10.0.0.0/24 (public: at least 10 bits, IPv6: at least 24)";
const OWN_PROXIES = "list the addresses of your own load balancers";

/** A proxy that is believed: one address or a subnet, and never everyone, however it is written. */
export const trustedProxyCheck: Check<string> = (value) => {
  const refused = { allowed: PROXIES, fix: OWN_PROXIES };
  const [address = "", bits, ...rest] = value.split("/");
  if (value.includes("%"))
    return { allowed: `${PROXIES}; no zone (%eth0)`, fix: "leave the % and what follows it out" };
  const longest = isIPv4(address) ? 32 : isIPv6(address) ? 128 : 0;
  if (longest === 0 || rest.length > 0 || (bits !== undefined && !/^(?:0|[1-9]\d{0,2})$/.test(bits))) return refused;
  const length = bits === undefined ? longest : Number(bits);
  if (length > longest) return refused;
  const bad = longest === 32 ? isTooWideIPv4(address, length) : tooWideIPv6(address, length);
  return bad === false ? undefined : bad === true ? refused : { allowed: PROXIES, fix: bad };
};

/** Addresses of people who may come to a management surface: never everyone, however it is written. */
export const sourceCheck: Check<string> = (value) => {
  const fault = trustedProxyCheck(value);
  return fault === undefined ? undefined : { ...fault, fix: "list the addresses of your own offices and networks" };
};

function isTooWideIPv4(network: string, bits: number): boolean {
  // 0.0.0.0 is no proxy's.
  if (within(network, subnet("0.0.0.0/8"))) return true;
  const own = PRIVATE.some((one) => one.bits <= bits && within(network, one));
  return bits < (own ? LEAST_PRIVATE_BITS : LEAST_PUBLIC_BITS);
}

/** True, or what to do instead. Go reads an address of IPv4 in IPv6 as one of IPv4: ::ffff:0:0/96 is everyone. */
function tooWideIPv6(network: string, bits: number): boolean | string {
  const first = groups(network);
  const leading = first.slice(0, 5).every((group) => group === 0);
  if (leading && first[5] === 0xffff) return "write an IPv4 address as IPv4, such as 10.0.0.0/24";
  // The unspecified address, IPv4-compatible ones; NAT64 and 6to4 stand for every IPv4 address.
  const isLocal = first.slice(5, 7).every((group) => group === 0) && first[7] === 1;
  if (leading && (bits < 128 || !isLocal)) return true;
  const head = first[0] ?? 0;
  if (head === 0x64 && first[1] === 0xff9b) return true;
  if (head === 0x2002) return bits < 48;
  const own = head >= 0xfc00 && head < 0xfec0;
  return bits < (own ? LEAST_PRIVATE_BITS : LEAST_IPV6_BITS);
}

/** The eight groups of an IPv6 address; it is one. */
function groups(address: string): number[] {
  // The URL parser writes an address in its one canonical form, without dots.
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = "", tail] = canonical.split("::");
  const parts = (text: string): number[] => (text === "" ? [] : text.split(":").map((part) => parseInt(part, 16)));
  if (tail === undefined) return parts(head);
  const [before, after] = [parts(head), parts(tail)];
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
}
