/** The root certificate of an ACME server. */
import { X509Certificate } from "node:crypto";
import type { Check } from "./check";

const BLOCK = /-----BEGIN ([A-Z0-9 ]{1,40})-----[^-]*-----END \1-----/g;

const ALLOWED = "certificates in PEM: the roots of the ACME server's own certificate";

/** Roots in PEM, and nothing that is secret. @param now By which certificates are judged */
export const caCheck =
  (now: () => Date = () => new Date()): Check<string> =>
  (text) => {
    const given = `a text of ${text.length} characters`;
    if (/PRIVATE KEY/.test(text))
      return {
        given: `${given} with a private key in it (hidden)`,
        allowed: `${ALLOWED}; no key`,
        fix: "paste only the certificate, and make a new key: this one has been in a file that is shared",
      };
    const blocks = [...text.matchAll(BLOCK)];
    const fix = "paste the CA's root certificate, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----";
    if (
      blocks.length === 0 ||
      blocks.some(([, kind]) => kind !== "CERTIFICATE") ||
      text.replace(BLOCK, "").trim() !== ""
    )
      return { given, allowed: ALLOWED, fix };
    for (const [pem] of blocks) {
      const certificate = parse(pem);
      if (certificate === undefined) return { given: `${given}, which is no certificate`, allowed: ALLOWED, fix };
      if (!certificate.ca && certificate.subject !== certificate.issuer)
        return { given: "a certificate that may sign no other", allowed: ALLOWED, fix };
      if (Date.parse(certificate.validTo) < now().getTime())
        return { given: `a certificate that ended on ${certificate.validTo}`, allowed: ALLOWED, fix };
    }
    return undefined;
  };

function parse(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
