/** What an ACME server refused, from the edge's log: Traefik's metrics do not tell. */
import { lines } from "../../engine/text";
import { field, parseJson, text } from "../shared/json";
import type { CertificateFact } from "./certificates";

/** Lines of the edge's log that are read: it has no line for a request. */
export const ACME_LOG_LINES = 5000;

export interface AcmeFailure {
  /** The first name of the certificate. */
  readonly of: string;
  /** ISO 8601. */
  readonly at: string;
  readonly error: string;
  /** Whether there was a certificate to renew. */
  readonly renewal: boolean;
}

/** Traefik looks at its start, and once a day, for what is to be renewed: what failed before is tried again. */
const PASS = "Testing certificate renew...";

const ORDER = /^Unable to obtain ACME certificate for domains?$/;
/** Go's form of a domain: `{app.example.com []}` or `{Main:app.example.com SANs:[]}`. */
const RENEWAL = /^Error renewing ACME certificate: \{(?:Main:)?([^\s}]+)/;
const LONGEST = 300;

/** The newest failure of each certificate, as far as it was not tried again. @param log of Traefik's, a JSON object a line */
export function acmeFailures(log: string): AcmeFailure[] {
  const found = new Map<string, AcmeFailure>();
  for (const line of lines(log)) {
    if (line.includes(PASS)) for (const [of, { renewal }] of found) if (renewal) found.delete(of);
    const entry = line.includes("ACME certificate") ? parseJson(line) : undefined;
    const message = text(field(entry, "message")) ?? "";
    const domains = field(entry, "domains");
    const of = ORDER.test(message) ? text(Array.isArray(domains) ? domains[0] : undefined) : RENEWAL.exec(message)?.[1];
    const error = (text(field(entry, "error")) ?? "no reason given").replace(/\s+/g, " ").slice(0, LONGEST);
    if (of !== undefined)
      found.set(of, { of, at: text(field(entry, "time")) ?? "", error, renewal: !ORDER.test(message) });
  }
  return [...found.values()].sort((a, b) => (a.of < b.of ? -1 : 1));
}

/** Failures after which no certificate came. */
export const openFailures = (
  failures: readonly AcmeFailure[],
  certificates: readonly CertificateFact[],
): readonly AcmeFailure[] =>
  failures.filter(({ of, renewal }) => renewal || !certificates.some((one) => one.of === of));
