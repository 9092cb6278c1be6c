/** Where the certificates of the edge come from, whichever way the configuration says so. */
import { defined } from "../hardening/defined";
import { covers } from "../hardening/pki/names";
import type { CertificatesConfig } from "./schema";

export { caNames } from "./values/ca";
export { certificateNames, certificateSerial, chainEnd } from "./values/own-certificate";

type OwnCertificate = Extract<CertificatesConfig, { readonly own: unknown }>["own"][number];
type AcmeObject = Extract<CertificatesConfig, { readonly domains: unknown }>;

/** An ACME server, and how it is asked. */
export interface AcmeConfig {
  /** Let's Encrypt by its name; any other CA by its directory. */
  readonly issuer: "letsencrypt" | "letsencrypt-staging" | "custom";
  readonly directory: string;
  /** The roots of the ACME server itself in PEM. @default the system's */
  readonly ca?: string;
  readonly challenge: "http-01" | "tls-alpn-01" | "dns-01";
  readonly dns?: NonNullable<AcmeObject["dns"]>;
  readonly domains: AcmeObject["domains"];
  readonly eab?: NonNullable<AcmeObject["eab"]>;
}

const DIRECTORIES = {
  letsencrypt: "https://acme-v02.api.letsencrypt.org/directory",
  "letsencrypt-staging": "https://acme-staging-v02.api.letsencrypt.org/directory",
} as const;

/** The ACME server that the certificates come from; undefined where none does. */
export function acmeOf(certificates: CertificatesConfig): AcmeConfig | undefined {
  if (certificates === "self-signed" || (typeof certificates === "object" && "own" in certificates)) return undefined;
  const given: Partial<AcmeObject> = typeof certificates === "string" ? { acme: certificates } : certificates;
  const { acme, directory = "", ca, dns, domains = [], eab } = given;
  return {
    issuer: acme ?? "custom",
    directory: acme === undefined ? directory : DIRECTORIES[acme],
    challenge: given.challenge ?? (dns === undefined ? "http-01" : "dns-01"),
    domains,
    ...defined({ ca, dns, eab }),
  };
}

/** Whether certificates come from Let's Encrypt, by its name or its directory. */
export const isLetsEncrypt = ({ directory }: Pick<AcmeConfig, "directory">): boolean =>
  URL.canParse(directory) && /(?:^|\.)letsencrypt\.org$/.test(new URL(directory).hostname);

/** The certificates of one's own, where there are any. */
export const ownCertificatesOf = (certificates: CertificatesConfig): readonly OwnCertificate[] =>
  typeof certificates === "object" && "own" in certificates ? certificates.own : [];

/**
 * Where the certificates come from, in a word: `self-signed`, `own`, `letsencrypt`, `letsencrypt-staging`, or a
 * directory's URL.
 */
export function issuerOf(certificates: CertificatesConfig): string {
  const acme = acmeOf(certificates);
  if (acme === undefined) return certificates === "self-signed" ? certificates : "own";
  return acme.issuer === "custom" ? acme.directory : acme.issuer;
}

/** The names of a certificate that has several. */
export const domainNames = ({ main, sans }: AcmeConfig["domains"][number]): readonly string[] => [main, ...sans];

/** The certificate of several names that a host is served with; undefined where the host has one of its own. */
export const domainOf = (domains: AcmeConfig["domains"], host: string): AcmeConfig["domains"][number] | undefined =>
  domains.find((domain) => domainNames(domain).some((name) => covers(name, host)));
