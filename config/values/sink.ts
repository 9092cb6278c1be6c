import { isIPv4 } from "node:net";
import { isHostName } from "./hosts";

/** Addresses that lead back to the container itself, to nobody, or to the cloud's own metadata. */
const NOWHERE = /^(?:0|127|169\.254)\./;

/** Whether a text is the host of a receiver elsewhere: a name, or an address that somebody can have. */
export function isReceiver(host: string): boolean {
  if (!isHostName(host) || /(?:^|\.)localhost$/.test(host)) return false;
  // A last part of digits makes it an address, or nothing.
  return !/(?:^|\.)\d+$/.test(host) || (isIPv4(host) && !NOWHERE.test(host));
}

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
  if (!isReceiver(hostname)) return undefined;
  return { host: hostname, port: port === "" ? (tls ? 443 : 80) : Number(port), path: pathname, tls };
}
