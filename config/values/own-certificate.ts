/** Certificates of one's own: what can be told of them before anything is deployed. */
import { createPrivateKey, type KeyObject, type X509Certificate } from "node:crypto";
import type { FaultParams } from "../faults";
import { parseCertificate, PEM_BLOCK } from "./ca";
import type { Check } from "./check";

const ALLOWED = "a certificate and its chain in PEM, the leaf first; no key";
const PASTE = "paste the chain as your CA gave it (fullchain.pem), and the key with `pulumi config set --secret`";

/** The certificates of a text in PEM, the leaf first; undefined where it holds anything else. */
function chainOf(text: string): readonly X509Certificate[] | undefined {
  const blocks = [...text.matchAll(PEM_BLOCK)];
  if (blocks.some(([, kind]) => kind !== "CERTIFICATE") || text.replace(PEM_BLOCK, "").trim() !== "") return undefined;
  const certificates = blocks.flatMap(([pem]) => parseCertificate(pem) ?? []);
  return certificates.length === 0 || certificates.length < blocks.length ? undefined : certificates;
}

const named = ({ subject, subjectAltName }: X509Certificate): string =>
  subject?.split("\n").at(-1) ?? subjectAltName ?? "a certificate without a name";

/** The first reason why a chain is none that browsers take. */
function chainFault(chain: readonly X509Certificate[], now: Date): FaultParams | undefined {
  const [leaf, ...others] = chain;
  if (leaf === undefined) return { allowed: ALLOWED, fix: PASTE };
  if (leaf.ca)
    return { given: `first the certificate of a CA (${named(leaf)})`, allowed: ALLOWED, fix: "put the host's first" };
  for (const [index, certificate] of chain.entries()) {
    const issuer = chain[index + 1];
    if (issuer !== undefined && !(certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)))
      return {
        given: `${named(certificate)}, followed by ${named(issuer)}, which has not signed it`,
        allowed: "each certificate followed by the one that signed it",
        fix: "put them in order, and leave out what does not belong to the chain",
      };
    if (Date.parse(certificate.validTo) < now.getTime())
      return {
        given: `${named(certificate)}, which ended on ${certificate.validTo}`,
        allowed: "certificates that have not ended",
        fix: "renew it",
      };
    if (Date.parse(certificate.validFrom) > now.getTime())
      return {
        given: `${named(certificate)}, which begins on ${certificate.validFrom}`,
        allowed: "certificates that have begun",
        fix: "wait, or set the clock right",
      };
  }
  return leafFault(leaf, others.length);
}

function leafFault(leaf: X509Certificate, others: number): FaultParams | undefined {
  if (namesOf(leaf).length === 0)
    return {
      given: `${named(leaf)}, without a DNS name among its subject alternative names`,
      allowed: "a certificate with the hosts as subject alternative names: browsers read no other",
      fix: "have it issued again, with the hosts",
    };
  if (!isStrong(leaf.publicKey))
    return {
      given:
        `${named(leaf)}, with a key of type ${leaf.publicKey.asymmetricKeyType ?? "unknown"} that is weak, ` +
        `or that browsers do not take`,
      allowed: "an ECDSA key (P-256, P-384), or an RSA key of 2048 bits or more",
      fix: "make a new key, and have the certificate issued again",
    };
  if (others === 0 && leaf.checkIssued(leaf))
    return {
      given: `${named(leaf)}, which signed itself`,
      allowed: "a certificate of a CA; for tests, certificates: self-signed",
      fix: PASTE,
    };
  return undefined;
}

function isStrong({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  if (asymmetricKeyType === "rsa") return (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048;
  return asymmetricKeyType === "ec" && ["prime256v1", "secp384r1"].includes(asymmetricKeyDetails?.namedCurve ?? "");
}

/** @param now By which certificates are judged */
export const ownCertificateCheck =
  (now: () => Date = () => new Date()): Check<string> =>
  (text) => {
    const given = `a text of ${text.length} characters`;
    if (/PRIVATE KEY/.test(text))
      return {
        given: `${given} with a private key in it (hidden)`,
        allowed: ALLOWED,
        fix: "paste only the certificates, and make a new key: this one has been in a file that is shared",
      };
    const chain = chainOf(text);
    return chain === undefined ? { given, allowed: ALLOWED, fix: PASTE } : chainFault(chain, now());
  };

const namesOf = ({ subjectAltName = "" }: X509Certificate): string[] =>
  subjectAltName.split(", ").flatMap((entry) => (entry.startsWith("DNS:") ? [entry.slice(4).toLowerCase()] : []));

/** The DNS names of a chain's leaf; none where it is no chain. */
export const certificateNames = (text: string): readonly string[] => (chainOf(text) ?? []).slice(0, 1).flatMap(namesOf);

/** When the first of a chain's certificates ends, in ISO 8601; undefined where it is no chain. */
export function chainEnd(text: string): string | undefined {
  const ends = (chainOf(text) ?? []).map(({ validTo }) => Date.parse(validTo));
  return ends.length === 0 ? undefined : new Date(Math.min(...ends)).toISOString();
}

/** The serial number's last eight digits tell one certificate from the one that it renews. */
export const certificateSerial = (text: string): string =>
  (chainOf(text)?.[0]?.serialNumber ?? "").slice(-8).toLowerCase();

/** Why a text is not the private key of a certificate; the text is never shown. */
export function privateKeyFault(certificate: string, key: string): Required<FaultParams> | undefined {
  const given = `a text of ${key.length} characters (hidden)`;
  const fix =
    "`pulumi config set --secret rampart:<key> < key.pem`, with the key that the certificate was asked for with";
  if (/ENCRYPTED/.test(key))
    return {
      given: `${given}, which is encrypted`,
      allowed: "a private key in PEM without a passphrase; the stack's own encryption keeps it",
      fix: "take the passphrase off with `openssl pkey -in key.pem`",
    };
  const parsed = parseKey(key);
  if (parsed === undefined) return { given: `${given}, which is no private key`, allowed: "a private key in PEM", fix };
  const [leaf] = chainOf(certificate) ?? [];
  if (leaf === undefined || leaf.checkPrivateKey(parsed)) return undefined;
  return { given: `${given}, which is another certificate's key`, allowed: `the private key of ${named(leaf)}`, fix };
}

function parseKey(key: string): KeyObject | undefined {
  try {
    return createPrivateKey(key);
  } catch {
    return undefined;
  }
}
