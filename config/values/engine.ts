/** The address of a Docker engine. */

const TLS_KEYS: readonly string[] = [
  "docker:caMaterial",
  "docker:certMaterial",
  "docker:certPath",
  "docker:keyMaterial",
];

/**
 * Whether an engine is reached over the network in clear.
 * @param keys The stack's keys in full: those of the provider's certificates among them mean TLS
 */
export function isPlainTcp(host: string, keys: readonly string[]): boolean {
  if (!/^(?:tcp|http):\/\//i.test(host) || keys.some((key) => TLS_KEYS.includes(key))) return false;
  return !/^(?:tcp|http):\/\/(?:localhost|127\.[0-9.]+|\[::1\])(?::|\/|$)/i.test(host);
}

/** The address as a message may show it: without user and password. */
export const shownEngine = (host: string): string => host.replace(/\/\/[^/]*@/, "//");
