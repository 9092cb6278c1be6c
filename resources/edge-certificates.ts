/** What Traefik is told of certificates: the CA, the secrets of a DNS provider, the account. */
import * as pulumi from "@pulumi/pulumi";
import { acmeOf, monitoringOf, ownCertificatesOf, type LoadedConfig } from "../config";
import { SECRETS_PATH } from "../hardening/container/workload";
import { defined } from "../hardening/defined";
import {
  certificatesDigest,
  renderGivenCertificates,
  renderTraefikStatic,
  resolverOf,
  TRAEFIK_CONFIG_DIRECTORY,
  type TraefikCertificates,
} from "../hardening/edge";
import { monitoringEndpoint } from "../hardening/monitoring/parts";
import type { FilesByName } from "./carrier";
import type { StackContext } from "./context";
import { networkSubnet } from "./on-engine";

const CA_FILE = "acme-ca.pem";
export const EDGE_STATIC_FILE = "traefik.yml";

/**
 * Where the certificates come from, as Traefik is told.
 * @param hmac The key of the external account, where there is one
 */
export function traefikCertificates(config: LoadedConfig, hmac = ""): TraefikCertificates {
  const acme = acmeOf(config.certificates);
  if (acme === undefined) return { kind: "self-signed" };
  const { issuer, directory, ca, challenge, dns, eab } = acme;
  const { acmeEmail: email } = config;
  return {
    kind: "acme",
    resolver: resolverOf(issuer, directory),
    directory,
    challenge,
    ...defined({
      dns: dns && { provider: dns.provider, resolvers: dns.resolvers, propagation: dns.propagation },
      caCertificateFile: ca && `${TRAEFIK_CONFIG_DIRECTORY}/${CA_FILE}`,
      email,
      eab: eab && { kid: eab.kid, hmac },
    }),
  };
}

/** The files that Traefik starts with; secret where they hold the key of an account at the CA. */
export function staticFiles(context: StackContext): {
  readonly secret: boolean;
  readonly files: FilesByName;
} {
  const { config, secrets } = context;
  const acme = acmeOf(config.certificates);
  const render = (hmac?: string): string =>
    renderTraefikStatic({
      http: config.edge.httpPort !== false,
      certificates: traefikCertificates(config, hmac),
      gatewaySubnet: networkSubnet(context, "gateway"),
      ...(monitoringOf(config) === undefined
        ? {}
        : { metrics: monitoringEndpoint(networkSubnet(context, "monitoring"), "edge") }),
    });
  const content = acme?.eab === undefined ? render() : secrets.resolve("EAB_HMAC", acme.eab.hmac).apply(render);
  return {
    secret: acme?.eab !== undefined,
    files: { [EDGE_STATIC_FILE]: { content }, ...(acme?.ca === undefined ? {} : { [CA_FILE]: { content: acme.ca } }) },
  };
}

/** What a DNS provider is told: its secrets are files, and its variables lead to them. */
export function dnsProvider({ config, secrets }: StackContext): {
  readonly environment: Readonly<Record<string, string>>;
  readonly files: FilesByName;
} {
  const dns = acmeOf(config.certificates)?.dns;
  if (dns === undefined) return { environment: {}, files: {} };
  const credentials = Object.entries(dns.credentials);
  const file = (variable: string): string => variable.toLowerCase();
  // A variable that is the path of a file already, such as GCE_SERVICE_ACCOUNT_FILE, is one as it is.
  const pathVariable = (variable: string): string => (variable.endsWith("_FILE") ? variable : `${variable}_FILE`);
  return {
    environment: {
      ...dns.settings,
      ...Object.fromEntries(credentials.map(([name]) => [pathVariable(name), `${SECRETS_PATH}/${file(name)}`])),
    },
    files: Object.fromEntries(
      credentials.map(([name, spec]) => [file(name), { content: secrets.resolve(name, spec) }]),
    ),
  };
}

/** The certificates that the edge is given: their file, and a digest of what is public of them. */
export interface EdgeCertificates {
  readonly content: pulumi.Output<string>;
  readonly secret: boolean;
  /** Undefined where none are given. */
  readonly digest: pulumi.Output<string | undefined>;
}

/**
 * Certificates of one's own, or the one that the stack's authority has signed for all hosts. Where there are none the
 * file is empty, so that those of an earlier configuration go.
 * @param signed The certificate of the stack's authority, where it signs the edge's
 */
export function givenCertificates({ config, secrets }: StackContext, signed?: CertificateOutputs): EdgeCertificates {
  const own = ownCertificatesOf(config.certificates);
  const named = own.map(({ certificate, key }) =>
    secrets.resolve("PRIVATE_KEY", key).apply((privateKey) => ({ certificate, privateKey })),
  );
  const others = pulumi.output(signed);
  return {
    content: pulumi
      .all([pulumi.all(named), others])
      .apply(([all, other]) => renderGivenCertificates({ named: all, ...defined({ others: other }) })),
    secret: own.length > 0 || signed !== undefined,
    digest:
      signed === undefined
        ? pulumi.output(own.length === 0 ? undefined : certificatesDigest(own.map(({ certificate }) => certificate)))
        : signed.certificate.apply((certificate) => certificatesDigest([certificate])),
  };
}

/** A certificate and its key, the latter a secret. */
export interface CertificateOutputs {
  readonly certificate: pulumi.Output<string>;
  readonly privateKey: pulumi.Output<string>;
}
