/** When the certificates of the edge end: only their public part is read. */
import { X509Certificate } from "node:crypto";
import { TRAEFIK_ACME_DIRECTORY } from "../../hardening/edge";

/** Run within the edge's container. The files hold private keys too, which do not leave it. */
export const ACME_SCRIPT = `grep -hE '^ *"(main|certificate)":' ${TRAEFIK_ACME_DIRECTORY}/*.json 2>/dev/null || true`;

export interface CertificateFact {
  /** A host, or whose certificate it is. */
  readonly of: string;
  /** ISO 8601; absent where it cannot be told. */
  readonly end?: string;
  readonly note?: string;
}

/** @param lines what the script wrote: a host's name, and its certificate chain in base64 of PEM */
export function edgeCertificates(lines: string): CertificateFact[] {
  const found = [...lines.matchAll(/"(main|certificate)": *"([^"]*)"/g)];
  const facts: CertificateFact[] = [];
  let host = "";
  for (const [, key, value = ""] of found) {
    if (key === "main") host = value;
    else facts.push({ of: host, ...endOf(value) });
  }
  return facts.sort((a, b) => (a.of < b.of ? -1 : 1));
}

function endOf(base64: string): Pick<CertificateFact, "end" | "note"> {
  try {
    // The first certificate of a chain is the host's.
    const { validTo } = new X509Certificate(Buffer.from(base64, "base64"));
    return { end: new Date(validTo).toISOString() };
  } catch {
    return { note: "not readable" };
  }
}
