/** The address of a Docker engine. */
import { isLoopback } from "./addresses";

const TLS_KEYS: readonly string[] = [
  "docker:caMaterial",
  "docker:certMaterial",
  "docker:certPath",
  "docker:keyMaterial",
];

/** How an engine is reached. */
const SCHEMES = ["http:", "https:", "npipe:", "ssh:", "tcp:", "unix:"];

const addressOf = (host: string): URL | undefined => (URL.canParse(host) ? new URL(host) : undefined);

/** Whether a text is an engine's address, as the Docker client reads one. */
export const isEngine = (host: string): boolean =>
  host === host.trim() && SCHEMES.includes(addressOf(host)?.protocol ?? "");

/** Whether an address holds a password. */
export const hasEnginePassword = (host: string): boolean => (addressOf(host.trim())?.password ?? "") !== "";

/**
 * Whether an engine is reached over the network in clear.
 * @param keys The stack's keys in full that have a value: those of the provider's certificates among them mean TLS
 */
export function isPlainTcp(host: string, keys: readonly string[]): boolean {
  const text = host.trim();
  if (!/^(?:tcp|http):\/\//i.test(text) || keys.some((key) => TLS_KEYS.includes(key))) return false;
  // Only http and https have a host to the URL parser.
  const { hostname = "" } = addressOf(text.replace(/^[a-z]+:/i, "http:")) ?? {};
  return !(hostname === "localhost" || hostname === "[::1]" || isLoopback(hostname));
}

/** The address as a message may show it: without user and password. */
export const shownEngine = (host: string): string => host.replace(/\/\/[^/]*@/, "//");
