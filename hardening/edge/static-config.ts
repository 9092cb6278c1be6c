/**
 * Traefik's static configuration (`traefik.yml`): what the edge listens on, logs and trusts. Changing it restarts it.
 */
import { createHash } from "node:crypto";
import { stringify } from "yaml";
import { defined } from "../defined";

export interface TraefikVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** How often and where the record of a DNS challenge is looked for before the CA is told. */
export interface DnsPropagation {
  /** Seconds that are waited before the first question. */
  readonly delaySeconds: number;
  /** Who has to know the record: the zone's own servers too, the resolvers only, nobody. */
  readonly checks: "all" | "resolvers" | "none";
}

export interface TraefikDns {
  /** The provider's code in lego, such as `cloudflare`. */
  readonly provider: string;
  /** `host:port` of name servers. @default the system's */
  readonly resolvers?: readonly string[];
  readonly propagation: DnsPropagation;
}

export type TraefikCertificates =
  | { readonly kind: "self-signed" }
  | {
      readonly kind: "acme";
      /** One resolver and one storage file a CA: a staging certificate would otherwise stay after the switch. */
      readonly resolver: string;
      /** The CA's directory URL. */
      readonly directory: string;
      /** Where the CA sends expiry warnings. @default none */
      readonly email?: string;
      /** Path in the container of a PEM file with the root of the ACME server itself. @default the system's roots */
      readonly caCertificateFile?: string;
      readonly challenge: "http-01" | "tls-alpn-01" | "dns-01";
      /** The zone's provider, with the challenge dns-01. */
      readonly dns?: TraefikDns;
      /** The external account; the key is a secret, and the whole file then is. @default none */
      readonly eab?: { readonly kid: string; readonly hmac: string };
    };

export interface TraefikStaticSettings {
  /** Whether the gateway takes plain http, over which a CA can ask. @default true */
  readonly http?: boolean;
  /** Where the gateway connects from (CIDR): what it says of a client in the PROXY protocol is believed. */
  readonly gatewaySubnet: string;
  readonly certificates: TraefikCertificates;
  /** `address:port` on which metrics are handed out. @default nowhere */
  readonly metrics?: string;
}

/** Ports inside the container: above 1024, so that Traefik needs neither root nor NET_BIND_SERVICE. */
export const TRAEFIK_PORTS = { websecure: 8443, acme: 8081, ping: 8082 } as const;
/** Where the container finds `traefik.yml`. */
export const TRAEFIK_CONFIG_DIRECTORY = "/etc/rampart";
export const TRAEFIK_DYNAMIC_DIRECTORY = "/etc/traefik/dynamic";
export const TRAEFIK_ACME_DIRECTORY = "/acme";

/** The edge's name on the network `gateway`, by which the gateway leads an ACME server's question to it. */
export const EDGE_ALIAS = "edge";

/** The version in an image tag: `v3.7.13`, `3.7.13`, or a reference such as `traefik:v3.7.13@sha256:…`. */
export function parseTraefikVersion(tag: string): TraefikVersion {
  const match = /(?:^|:)v?(\d+)\.(\d+)\.(\d+)(?:[-@].*)?$/.exec(tag);
  if (match === null) {
    throw new Error(
      `traefik image: no version in ${JSON.stringify(tag)}; allowed: a tag with three numbers, such as v3.7.13 ` +
        `(what the edge may be told to enforce depends on it)`,
    );
  }
  return { major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3]) };
}

/**
 * The resolver's name, which is also that of its storage. Every CA has its own: Let's Encrypt by its name, others by
 * their directory.
 */
export const resolverOf = (issuer: "letsencrypt" | "letsencrypt-staging" | "custom", directory: string): string =>
  issuer === "custom" ? `custom-${createHash("sha256").update(directory).digest("hex").slice(0, 8)}` : issuer;

/** The name of the certificates resolver that routers refer to; undefined where no certificate is ordered. */
export function certResolverName(certificates: TraefikCertificates): string | undefined {
  return certificates.kind === "acme" ? certificates.resolver : undefined;
}

/** Whether the CA asks for a proof over plain http. */
export const asksOverHttp = ({ certificates }: Pick<TraefikStaticSettings, "certificates">): boolean =>
  certificates.kind === "acme" && certificates.challenge === "http-01";

type Acme = Extract<TraefikCertificates, { readonly kind: "acme" }>;

function challengeOf({ challenge, dns }: Acme): object {
  switch (challenge) {
    case "http-01":
      return { httpChallenge: { entryPoint: "acme" } };
    case "tls-alpn-01":
      return { tlsChallenge: {} };
    case "dns-01":
      if (dns === undefined) throw new Error(`certificates.challenge: "dns-01" needs a DNS provider`);
      return { dnsChallenge: dnsChallenge(dns) };
    default: {
      const unknown: never = challenge;
      throw new Error(`not a challenge: ${JSON.stringify(unknown)}`);
    }
  }
}

function dnsChallenge({ provider, resolvers = [], propagation: { delaySeconds, checks } }: TraefikDns): object {
  const propagation = {
    ...(delaySeconds === 0 ? {} : { delayBeforeChecks: `${delaySeconds}s` }),
    ...(checks === "none" ? { disableChecks: true } : {}),
    ...(checks === "resolvers" ? { disableANSChecks: true } : {}),
  };
  return {
    provider,
    ...(resolvers.length === 0 ? {} : { resolvers }),
    ...(Object.keys(propagation).length === 0 ? {} : { propagation }),
  };
}

function certificatesResolvers(settings: TraefikStaticSettings): object {
  const { certificates } = settings;
  if (certificates.kind !== "acme") return {};
  if (asksOverHttp(settings) && settings.http === false) {
    throw new Error(
      `certificates.challenge: "http-01" needs the plain-http entry point; allowed without it: "tls-alpn-01", "dns-01"`,
    );
  }
  const { resolver, directory, email, caCertificateFile, eab } = certificates;
  return {
    certificatesResolvers: {
      [resolver]: {
        acme: {
          caServer: directory,
          keyType: "EC256",
          storage: `${TRAEFIK_ACME_DIRECTORY}/${resolver}.json`,
          ...defined({ email }),
          ...(caCertificateFile === undefined ? {} : { caCertificates: [caCertificateFile] }),
          ...(eab === undefined ? {} : { eab: { kid: eab.kid, hmacEncoded: eab.hmac } }),
          ...challengeOf(certificates),
        },
      },
    },
  };
}

/**
 * `traefik.yml`. There is no `api` key (its mere presence would create the API and the dashboard) and no provider but
 * files: the edge holds no credential and no socket.
 */
export function renderTraefikStatic(settings: TraefikStaticSettings): string {
  const configuration = {
    ...certificatesResolvers(settings),
    entryPoints: {
      // Loopback inside the container: reachable by the health check and by `docker exec`, never published.
      ping: {
        address: `127.0.0.1:${TRAEFIK_PORTS.ping}`,
      },
      ...(settings.metrics === undefined ? {} : { metrics: { address: settings.metrics } }),
      // The gateway leads an ACME server's question here; nothing else is served.
      ...(asksOverHttp(settings) ? { acme: { address: `:${TRAEFIK_PORTS.acme}` } } : {}),
      websecure: {
        address: `:${TRAEFIK_PORTS.websecure}`,
        proxyProtocol: { trustedIPs: [settings.gatewaySubnet] },
        transport: {
          // Nothing in front of the edge needs telling that it is going: stop accepting at once, finish what is
          // running.
          lifeCycle: { graceTimeOut: "10s", requestAcceptGraceTimeout: "0s" },
          // Until the client's hello; what follows is timed by the gateway, which closes a connection that says
          // nothing.
          respondingTimeouts: { readTimeout: "10s" },
        },
      },
    },
    global: { checkNewVersion: false, sendAnonymousUsage: false },
    log: { format: "json", level: "INFO" },
    ...(settings.metrics === undefined
      ? {}
      : { metrics: { prometheus: { addEntryPointsLabels: false, addServicesLabels: false, entryPoint: "metrics" } } }),
    // Healthy before there are routes: the edge starts beside the services, and its routes follow once they are
    // healthy.
    ping: { entryPoint: "ping" },
    providers: {
      // `directory`, not `filename`: see traefikDynamicFiles for how a change is seen whole or not at all.
      file: { directory: TRAEFIK_DYNAMIC_DIRECTORY, watch: true },
      // The first change is applied at once; the throttle only merges the burst of file events that one upload makes.
      // The default of 2 s would be waited for by each of two deployments in a row.
      providersThrottleDuration: "200ms",
    },
  };
  // No anchors: the same object in two places is written out twice, for people to read.
  return stringify(configuration, { sortMapEntries: true, lineWidth: 0, aliasDuplicateObjects: false });
}
