/** Which CA the edge asks: what follows from `rampart:certificates`. */
import type { LoadedConfig } from "../config";
import { TRAEFIK_CONFIG_DIRECTORY, type TraefikCertificates } from "../hardening/edge";

/** The edge's file with the root of an ACME server of one's own. */
export const ACME_CA_FILE = "acme-ca.pem";

const DIRECTORIES = {
  letsencrypt: "https://acme-v02.api.letsencrypt.org/directory",
  "letsencrypt-staging": "https://acme-staging-v02.api.letsencrypt.org/directory",
} as const;

/** Where the certificates come from, as Traefik is told. */
export function traefikCertificates(config: LoadedConfig): TraefikCertificates {
  const { certificates } = config;
  const email = config.acmeEmail === undefined ? {} : { email: config.acmeEmail };
  if (certificates === "self-signed") return { kind: "self-signed" };
  if (typeof certificates === "string") {
    return {
      kind: "acme",
      resolver: certificates,
      directory: DIRECTORIES[certificates],
      challenge: "http-01",
      ...email,
    };
  }
  const ca = certificates.ca === undefined ? {} : { caCertificateFile: `${TRAEFIK_CONFIG_DIRECTORY}/${ACME_CA_FILE}` };
  return {
    kind: "acme",
    resolver: "custom",
    directory: certificates.directory,
    challenge: certificates.challenge,
    ...ca,
    ...email,
  };
}
