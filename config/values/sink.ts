/** Where a sink is. */
export interface SinkAddress {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly tls: boolean;
}

/** The parts of a receiver's URL: no user, no query, and a path. Undefined for any other text. */
export function addressOf(url: string): SinkAddress | undefined {
  if (!/^https?:\/\/[a-z0-9.-]+(?::\d{1,5})?\/[A-Za-z0-9._~/-]+$/.test(url) || !URL.canParse(url)) return undefined;
  const { protocol, hostname, port, pathname } = new URL(url);
  const tls = protocol === "https:";
  return { host: hostname, port: port === "" ? (tls ? 443 : 80) : Number(port), path: pathname, tls };
}
