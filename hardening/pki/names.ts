/** Names in certificates. */

/** Whether a certificate's name is good for a host: the same, or with a `*` for its first label (RFC 6125). */
export function covers(name: string, host: string): boolean {
  if (!name.startsWith("*.")) return name === host;
  const dot = host.indexOf(".");
  return dot > 0 && host.slice(dot) === name.slice(1);
}
