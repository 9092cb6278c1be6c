/** The root certificate of an ACME server. */
import { X509Certificate } from "node:crypto";
import type { Check } from "./check";

export const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]{1,40})-----[^-]*-----END \1-----/g;

const ACME_ROOTS = "the roots of the ACME server's own certificate";

/**
 * Roots in PEM, and nothing that is secret.
 * @param now By which certificates are judged
 * @param what Whose roots they are
 */
export const caCheck =
  (now: () => Date = () => new Date(), what = ACME_ROOTS): Check<string> =>
  (text) => {
    const allowed = `certificates in PEM: ${what}`;
    const given = `a text of ${text.length} characters`;
    if (/PRIVATE KEY/.test(text))
      return {
        given: `${given} with a private key in it (hidden)`,
        allowed: `${allowed}; no key`,
        fix: "paste only the certificate, and make a new key: this one has been in a file that is shared",
      };
    const blocks = [...text.matchAll(PEM_BLOCK)];
    const fix = "paste the CA's root certificate, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----";
    if (
      blocks.length === 0 ||
      blocks.some(([, kind]) => kind !== "CERTIFICATE") ||
      text.replace(PEM_BLOCK, "").trim() !== ""
    )
      return { given, allowed, fix };
    for (const [pem] of blocks) {
      const certificate = parseCertificate(pem);
      if (certificate === undefined) return { given: `${given}, which is no certificate`, allowed, fix };
      if (!certificate.ca && certificate.subject !== certificate.issuer)
        return { given: "a certificate that may sign no other", allowed, fix };
      if (Date.parse(certificate.validTo) < now().getTime())
        return { given: `a certificate that ended on ${certificate.validTo}`, allowed, fix };
    }
    return undefined;
  };

export function parseCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

/** Who the certificates of a text in PEM belong to, and when each ends; none that is no certificate. */
export const caNames = (text: string): readonly string[] =>
  [...text.matchAll(PEM_BLOCK)].flatMap(([pem]) => {
    const certificate = parseCertificate(pem);
    if (certificate === undefined) return [];
    const { subject, validTo, fingerprint256 } = certificate;
    const end = new Date(validTo).toISOString().slice(0, 10);
    return [`${subject.split("\n").at(-1) ?? "a CA"} until ${end} (SHA-256 ${fingerprint256.slice(0, 11)}…)`];
  });
