/**
 * Traefik's dynamic configuration: which hosts it holds certificates for, and where it leads their connections.
 * Reloaded without a restart. What a request may be is the gateway's matter.
 */
import { createHash } from "node:crypto";
import { canonicalJson } from "../canonical-json";
import { covers } from "../pki/names";
import { LOWER_CASE_HOST } from "../values";
import { TLS_OPTIONS, type TlsProfile } from "./tls";

export interface TraefikDynamicInput {
  /** Host names, lower case. */
  readonly hosts: readonly string[];
  /** The certificates resolver. @default none: the certificates are there */
  readonly certResolver?: string;
  /**
   * A digest of the certificates that the edge is given beside this file: the probe tells of them, too.
   * @default none are given
   */
  readonly certificates?: string;
  /** Whether a name that no certificate covers gets no handshake. @default where there is a certificates resolver */
  readonly sniStrict?: boolean;
  /** Certificates of several names, of which a host that one covers gets no other. @default none */
  readonly domains?: readonly CertificateDomain[];
  /** Hosts that ask for a client's certificate, by name. @default none */
  readonly clientCertificates?: Readonly<Record<string, ClientCertificates>>;
  readonly tls: TlsProfile;
  /** `host:port` of the gateway, where what was in TLS goes. */
  readonly gateway: string;
}

/** The names of one certificate; `*.example.com` is good for all names one level below. */
export interface CertificateDomain {
  readonly main: string;
  readonly sans: readonly string[];
}

/** Whose certificates open a host, and where its connections go: to no port that another host's go to. */
export interface ClientCertificates {
  /** The CA's certificates in PEM. */
  readonly ca: string;
  /** `host:port` of the gateway. */
  readonly gateway: string;
}

const PROBE_PREFIX = "/rampart/config/";
const PROBE_ROUTER = "rampart-config";

const TARGET = /^[A-Za-z0-9][A-Za-z0-9._-]*:\d{1,5}$/;

/** Rules are text: whatever could end a quoted value there is refused here. */
function check({ hosts, gateway, clientCertificates = {} }: TraefikDynamicInput): void {
  const stray = hosts.find((host) => !LOWER_CASE_HOST.test(host));
  if (stray !== undefined) throw new Error(`host: ${JSON.stringify(stray)} is not a lower-case host name`);
  const targets = [gateway, ...Object.values(clientCertificates).map((one) => one.gateway)];
  for (const target of targets)
    if (!TARGET.test(target)) throw new Error(`gateway: ${JSON.stringify(target)} is not host:port`);
  const doubled = targets.find((target, index) => targets.indexOf(target) !== index);
  if (doubled !== undefined) throw new Error(`gateway: ${doubled} is the target of two kinds of hosts`);
  const unknown = Object.keys(clientCertificates).find((host) => !hosts.includes(host));
  if (unknown !== undefined) throw new Error(`clientCertificates: ${JSON.stringify(unknown)} is no host`);
}

/** Connections between the edge and the gateway, which learns the client's address from the PROXY protocol. */
const SERVERS_TRANSPORTS = { gateway: { dialTimeout: "2s", proxyProtocol: { version: 2 } } };

/** Sorted keys: two renderings of the same hosts are the same bytes, and a diff shows what changed. */
function toJson(value: unknown): string {
  const text = canonicalJson(value, 2);
  // Traefik runs the file through Go's text/template first, with functions that read its environment.
  return `${text.replaceAll("{{", "\\u007b\\u007b")}\n`;
}

const slug = (host: string): string => host.replaceAll(".", "_");
/** The TLS options of a host that asks for a certificate. */
const clientOptions = (host: string): string => `client-${slug(host)}`;

const isStrict = ({ sniStrict, certResolver }: TraefikDynamicInput): boolean => sniStrict ?? certResolver !== undefined;

const certificateDomain = ({ main, sans }: CertificateDomain): object => ({
  main,
  ...(sans.length === 0 ? {} : { sans: [...sans].sort() }),
});

/**
 * Connections, not requests: Traefik ends TLS and leads what is inside to the gateway as it comes. With certificates of
 * a CA, each host has its own, and other names get no handshake. With the self-signed one the gateway answers for them.
 */
function tcp(input: TraefikDynamicInput): object {
  const { hosts, certResolver, domains = [], gateway, clientCertificates = {} } = input;
  const tls = (host: string): object => {
    const domain = domains.find(({ main, sans }) => [main, ...sans].some((name) => covers(name, host)));
    return {
      options: Object.hasOwn(clientCertificates, host) ? clientOptions(host) : "default",
      ...(certResolver === undefined ? {} : { certResolver }),
      ...(certResolver === undefined || domain === undefined ? {} : { domains: [certificateDomain(domain)] }),
    };
  };
  const router = (host: string): object => ({
    entryPoints: ["websecure"],
    rule: `HostSNI(\`${host}\`)`,
    service: Object.hasOwn(clientCertificates, host) ? `gateway-${slug(host)}` : "gateway",
    tls: tls(host),
  });
  const service = (address: string): object => ({
    loadBalancer: { servers: [{ address }], serversTransport: "gateway" },
  });
  const named = [...new Set(hosts)].sort();
  const routers: Record<string, object> = {
    ...Object.fromEntries(named.map((host) => [`https-${slug(host)}`, router(host)])),
    ...(isStrict(input) ? {} : { "https-others": { ...router("*"), priority: 1 } }),
  };
  return {
    ...(Object.keys(routers).length === 0 ? {} : { routers }),
    serversTransports: SERVERS_TRANSPORTS,
    services: {
      gateway: service(gateway),
      ...Object.fromEntries(
        Object.entries(clientCertificates).map(([host, one]) => [`gateway-${slug(host)}`, service(one.gateway)]),
      ),
    },
  };
}

/**
 * The dynamic configuration as JSON, which is YAML. A half-written JSON file is invalid, and Traefik then keeps the
 * configuration it has; a half-written YAML file can be a valid, shorter one. (An empty file is valid in both, and
 * means "no routes": traefikDynamicFiles keeps Traefik from ever reading one.)
 */
export function renderTraefikDynamic(input: TraefikDynamicInput): string {
  check(input);
  const options = {
    ...TLS_OPTIONS[input.tls],
    // The last one is asked for by an ACME server that proves a host by tls-alpn-01.
    alpnProtocols: ["h2", "http/1.1", "acme-tls/1"],
    // Strict SNI where every host has a certificate: a scanner of addresses learns no name and gets no handshake.
    sniStrict: isStrict(input),
  };
  const guardedOptions = Object.fromEntries(
    Object.entries(input.clientCertificates ?? {}).map(([host, { ca }]) => [
      clientOptions(host),
      { ...options, clientAuth: { caFiles: [ca], clientAuthType: "RequireAndVerifyClientCert" } },
    ]),
  );
  const configuration = (probe: Record<string, object>): object => ({
    ...(Object.keys(probe).length === 0 ? {} : { http: { routers: probe } }),
    tcp: tcp(input),
    tls: { options: { default: options, ...guardedOptions } },
  });
  const hash = createHash("sha256")
    .update(toJson(configuration({})))
    .update(input.certificates ?? "")
    .digest("hex")
    .slice(0, 12);
  return toJson(
    configuration({
      [PROBE_ROUTER]: { entryPoints: ["ping"], rule: `Path(\`${PROBE_PREFIX}${hash}\`)`, service: "ping@internal" },
    }),
  );
}

/**
 * The path that answers 200 on the ping entry point from the moment on that Traefik serves this configuration, and 404
 * before and after.
 */
export function dynamicConfigProbePath(rendered: string): string {
  const hash = new RegExp(`"${PROBE_ROUTER}": \\{[^}]*Path\\(\`${PROBE_PREFIX}([0-9a-f]{12})\``).exec(rendered)?.[1];
  if (hash === undefined) throw new Error("not a dynamic configuration rendered by Rampart: it has no probe router");
  return `${PROBE_PREFIX}${hash}`;
}

export interface DynamicFile {
  /** Relative to the watched directory. */
  readonly path: string;
  readonly content: string;
}

/** Where the routes are: in a directory that Traefik loads but does not watch. */
export const TRAEFIK_ROUTES_FILE = "routes/rampart.yml";
/** What Traefik watches: any write to it makes Traefik load the directory again. Not YAML, so never loaded itself. */
export const TRAEFIK_RELOAD_FILE = "reload";

/**
 * The files of the watched directory, in the order in which they must be written, each after the one before is
 * complete.
 *
 * An upload into a volume removes the old file, creates an empty one and fills it. Traefik reads at the first event;
 * "no file" and "empty file" are valid configurations without any route. Measured on 3.6.7 with `docker cp` onto the
 * watched file: 42 changes under load answered 11,961 of 129,935 requests with 404. Traefik loads sub-directories but
 * watches only the top one, so the routes are written where it does not look, and then it is told to look: 42 changes,
 * 0 of 79,937 requests lost. (SIGHUP to Traefik instead of the second file does the same.)
 */
export function traefikDynamicFiles(rendered: string): readonly [routes: DynamicFile, reload: DynamicFile] {
  return [
    { path: TRAEFIK_ROUTES_FILE, content: rendered },
    { path: TRAEFIK_RELOAD_FILE, content: `${dynamicConfigProbePath(rendered)}\n` },
  ];
}
