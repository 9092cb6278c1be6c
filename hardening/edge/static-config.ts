/**
 * Traefik's static configuration (`traefik.yml`): what the edge listens on, logs and trusts. Changing it restarts it.
 */
import { stringify } from "yaml";
import { defined } from "../defined";

export interface TraefikVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

export type TraefikCertificates =
  | { readonly kind: "self-signed" }
  | {
      readonly kind: "acme";
      /** One resolver and one storage file a CA: a staging certificate would otherwise stay after the switch. */
      readonly resolver: "letsencrypt" | "letsencrypt-staging" | "custom";
      /** The CA's directory URL. */
      readonly directory: string;
      /** Where the CA sends expiry warnings. @default none */
      readonly email?: string;
      /** Path in the container of a PEM file with the root of the ACME server itself. @default the system's roots */
      readonly caCertificateFile?: string;
      readonly challenge: "http-01" | "tls-alpn-01";
    };

export interface TraefikStaticSettings {
  /**
   * Options that a version does not know keep Traefik from starting, so newer ones are written only where they exist.
   */
  readonly traefikVersion: TraefikVersion;
  /** The port that a browser sees, to which plain http is redirected. */
  readonly externalHttpsPort: number;
  /** Whether there is a plain-http entry point. @default true */
  readonly http?: boolean;
  readonly certificates: TraefikCertificates;
  /** Addresses of load balancers in front of the edge whose X-Forwarded-* headers are believed (CIDR). @default none */
  readonly trustedProxies?: readonly string[];
}

/** Ports inside the container: above 1024, so that Traefik needs neither root nor NET_BIND_SERVICE. */
export const TRAEFIK_PORTS = { web: 8080, websecure: 8443, ping: 8082 } as const;
export const TRAEFIK_DYNAMIC_DIRECTORY = "/etc/traefik/dynamic";
export const TRAEFIK_ACME_DIRECTORY = "/acme";

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

/** Features that came to the 3.6 and the 3.7 line in different patches (read from the tags of traefik/traefik). */
function supports(version: TraefikVersion, since: { readonly patch36: number; readonly patch37: number }): boolean {
  if (version.major !== 3) return version.major > 3;
  if (version.minor === 6) return version.patch >= since.patch36;
  if (version.minor === 7) return version.patch >= since.patch37;
  return version.minor > 7;
}

/** The name of the certificates resolver that routers refer to; undefined for the self-signed certificate. */
export function certResolverName(certificates: TraefikCertificates): string | undefined {
  return certificates.kind === "acme" ? certificates.resolver : undefined;
}

/** An encoded slash, percent … means one path to the rule and another to the application: refused with 400. */
const ENCODED_CHARACTERS = {
  allowEncodedBackSlash: false,
  allowEncodedHash: false,
  allowEncodedNullCharacter: false,
  allowEncodedPercent: false,
  allowEncodedQuestionMark: false,
  allowEncodedSemicolon: false,
  allowEncodedSlash: false,
};

function entryPoint(port: number, settings: TraefikStaticSettings, http: object = {}): object {
  return {
    address: `:${port}`,
    // Without trusted proxies, X-Forwarded-* from clients are discarded. The PROXY protocol stays off: no key.
    forwardedHeaders: { insecure: false, trustedIPs: [...(settings.trustedProxies ?? [])] },
    http: {
      encodedCharacters: ENCODED_CHARACTERS,
      maxHeaderBytes: 65_536,
      sanitizePath: true,
      // CGI, WSGI, PHP … read X_Auth_User as X-Auth-User, which no middleware guards.
      ...(supports(settings.traefikVersion, { patch36: 22, patch37: 6 })
        ? { underscoreHeadersStrategy: "reject" }
        : {}),
      ...http,
    },
    http2: { maxConcurrentStreams: 100 },
    transport: {
      // Nothing in front of the edge needs telling that it is going: stop accepting at once, finish what is running.
      lifeCycle: { graceTimeOut: "10s", requestAcceptGraceTimeout: "0s" },
      // The read timeout ends slow requests (slowloris); a running response or WebSocket is not cut by it (measured on
      // 3.6.7, HTTP/1.1 and HTTP/2). A write timeout counts from the request's headers to the end of the response and
      // would end every SSE stream and long download: none.
      respondingTimeouts: { idleTimeout: "180s", readTimeout: "60s", writeTimeout: "0s" },
    },
  };
}

function certificatesResolvers(settings: TraefikStaticSettings): object {
  const { certificates } = settings;
  if (certificates.kind === "self-signed") return {};
  if (certificates.challenge === "http-01" && settings.http === false) {
    throw new Error(
      `certificates.challenge: "http-01" needs the plain-http entry point; allowed without it: "tls-alpn-01"`,
    );
  }
  const challenge =
    certificates.challenge === "http-01" ? { httpChallenge: { entryPoint: "web" } } : { tlsChallenge: {} };
  return {
    certificatesResolvers: {
      [certificates.resolver]: {
        acme: {
          caServer: certificates.directory,
          keyType: "EC256",
          storage: `${TRAEFIK_ACME_DIRECTORY}/${certificates.resolver}.json`,
          ...defined({ email: certificates.email }),
          ...(certificates.caCertificateFile === undefined ? {} : { caCertificates: [certificates.caCertificateFile] }),
          ...challenge,
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
  // 443 disappears from the Location header, any other port is written into it (measured on 3.6.7).
  const redirections = { entryPoint: { permanent: true, scheme: "https", to: `:${settings.externalHttpsPort}` } };
  const configuration = {
    accessLog: {
      fields: {
        defaultMode: "keep",
        // Cookies, tokens and Authorization never reach the log. Query parameters neither, where Traefik can leave
        // them out; older versions write them into RequestPath.
        headers: { defaultMode: "drop" },
        names: { ClientUsername: "drop", StartLocal: "drop" },
        ...(supports(settings.traefikVersion, { patch36: 18, patch37: 2 })
          ? { queryParameters: { defaultMode: "drop" } }
          : {}),
      },
      format: "json",
    },
    ...certificatesResolvers(settings),
    entryPoints: {
      // Loopback inside the container: reachable by the health check and by `docker exec`, never published.
      ping: {
        address: `127.0.0.1:${TRAEFIK_PORTS.ping}`,
        http: { encodedCharacters: ENCODED_CHARACTERS },
        // The deployer polls it; nobody needs to read that.
        observability: { accessLogs: false },
      },
      ...(settings.http === false ? {} : { web: entryPoint(TRAEFIK_PORTS.web, settings, { redirections }) }),
      websecure: entryPoint(TRAEFIK_PORTS.websecure, settings),
    },
    global: { checkNewVersion: false, sendAnonymousUsage: false },
    log: { format: "json", level: "INFO" },
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
