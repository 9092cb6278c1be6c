/** The access log: one JSON object a line, of every request, refused and malformed ones included. */
import { formatted } from "./text";

/** Characters of a path and a host that are logged. */
const LONGEST = { path: 1024, host: 255 } as const;

const variable = (name: string, length?: number): string =>
  `"%[var(txn.${name},''),${length === undefined ? "" : `bytes(0,${length}),`}json(utf8s)]"`;

/** Field by field, as HAProxy fills them in. No query string, no header, no cookie. */
const FIELDS: readonly (readonly [name: string, value: string])[] = [
  ["time", '"%[date,utime(%Y-%m-%dT%H:%M:%SZ)]"'],
  ["id", variable("id")],
  ["client", '"%ci"'],
  ["scheme", variable("scheme")],
  ["protocol", '"%HV"'],
  ["method", variable("method", 32)],
  ["host", variable("host", LONGEST.host)],
  ["path", variable("path", LONGEST.path)],
  ["route", variable("route")],
  // Of the version, `v1` and on; of its canary, `c1` and on; <NOSRV> where the gateway answered by itself.
  ["server", '"%s"'],
  ["status", "%ST"],
  // A dash where the gateway answered by itself: HAProxy writes one for a text without characters.
  ["upstreamStatus", variable("upstream")],
  ["refused", variable("refusal")],
  ["bytesIn", "%U"],
  ["bytesOut", "%B"],
  // Milliseconds; -1 where the request did not come so far.
  ["requestMs", "%TR"],
  ["upstreamMs", "%Tr"],
  ["durationMs", "%Ta"],
  ["retries", "%rc"],
  ["end", '"%ts"'],
];

/** The value of HAProxy's `log-format`. */
export const ACCESS_LOG = formatted(`{${FIELDS.map(([name, value]) => `"${name}":${value}`).join(",")}}`);

/** The names of the fields, in the order of a line. */
export const ACCESS_LOG_FIELDS: readonly string[] = FIELDS.map(([name]) => name);
