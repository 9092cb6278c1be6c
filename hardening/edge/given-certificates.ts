/** Certificates that the edge is given, and does not order: of the stack's own authority, or of the stack's owner. */
import { createHash } from "node:crypto";
import { canonicalJson } from "../canonical-json";

/** A certificate with its chain, the leaf first, and its private key, all in PEM. */
export interface GivenCertificate {
  readonly certificate: string;
  readonly privateKey: string;
}

export interface GivenCertificates {
  /** Chosen by the name that a client asks for. @default none */
  readonly named?: readonly GivenCertificate[];
  /** For every other name. @default Traefik's own */
  readonly others?: GivenCertificate;
}

/** Beside the routes: Traefik loads it with them, and a switch to another kind of certificates writes it over. */
export const TRAEFIK_CERTIFICATES_FILE = "routes/certificates.yml";

const entry = ({ certificate, privateKey }: GivenCertificate): object => ({
  certFile: certificate,
  keyFile: privateKey,
});

/**
 * Traefik's configuration of these certificates, as JSON; it is a secret. The certificates stand in it and not beside
 * it, so that no key of an earlier one stays behind in the volume.
 */
export function renderGivenCertificates({ named = [], others }: GivenCertificates): string {
  const tls = {
    ...(named.length === 0 ? {} : { certificates: named.map(entry) }),
    ...(others === undefined ? {} : { stores: { default: { defaultCertificate: entry(others) } } }),
  };
  const text = canonicalJson(Object.keys(tls).length === 0 ? {} : { tls }, 2);
  // Traefik runs the file through Go's text/template first.
  if (text.includes("{{")) throw new Error("certificates: a text with {{ in it is no PEM");
  return `${text}\n`;
}

/** Twelve hex digits of public certificates: another certificate is another version of the edge's configuration. */
export const certificatesDigest = (certificates: readonly string[]): string =>
  createHash("sha256").update(JSON.stringify(certificates)).digest("hex").slice(0, 12);
