/**
 * Traefik's dynamic configuration: which hosts it holds certificates for, and where it leads their connections.
 * Reloaded without a restart. What a request may be is the gateway's matter.
 */
import { createHash } from "node:crypto";
import { canonicalJson } from "../canonical-json";
import { TLS_OPTIONS, type TlsProfile } from "./tls";

export interface TraefikDynamicInput {
  /** Host names, lower case. */
  readonly hosts: readonly string[];
  /** The certificates resolver. @default Traefik's self-signed certificate */
  readonly certResolver?: string;
  readonly tls: TlsProfile;
  /** `host:port` of the gateway, where what was in TLS goes. */
  readonly gateway: string;
}

const PROBE_PREFIX = "/rampart/config/";
const PROBE_ROUTER = "rampart-config";

const HOST = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
const TARGET = /^[A-Za-z0-9][A-Za-z0-9._-]*:\d{1,5}$/;

/** Rules are text: whatever could end a quoted value there is refused here. */
function check({ hosts, gateway }: TraefikDynamicInput): void {
  const stray = hosts.find((host) => !HOST.test(host));
  if (stray !== undefined) throw new Error(`host: ${JSON.stringify(stray)} is not a lower-case host name`);
  if (!TARGET.test(gateway)) throw new Error(`gateway: ${JSON.stringify(gateway)} is not host:port`);
}

/** Connections between the edge and the gateway, which learns the client's address from the PROXY protocol. */
const SERVERS_TRANSPORTS = { gateway: { dialTimeout: "2s", proxyProtocol: { version: 2 } } };

/** Sorted keys: two renderings of the same hosts are the same bytes, and a diff shows what changed. */
function toJson(value: unknown): string {
  const text = canonicalJson(value, 2);
  // Traefik runs the file through Go's text/template first, with functions that read its environment.
  return `${text.replaceAll("{{", "\\u007b\\u007b")}\n`;
}

/**
 * Connections, not requests: Traefik ends TLS and leads what is inside to the gateway as it comes. With certificates of
 * a CA, each host has its own, and other names get no handshake. With the self-signed one the gateway answers for them.
 */
function tcp({ hosts, certResolver, gateway }: TraefikDynamicInput): object {
  const tls = { options: "default", ...(certResolver === undefined ? {} : { certResolver }) };
  const router = (host: string): object => ({
    entryPoints: ["websecure"],
    rule: `HostSNI(\`${host}\`)`,
    service: "gateway",
    tls,
  });
  const named = [...new Set(hosts)].sort();
  const routers: Record<string, object> = {
    ...Object.fromEntries(named.map((host) => [`https-${host.replaceAll(".", "_")}`, router(host)])),
    ...(certResolver === undefined ? { "https-others": { ...router("*"), priority: 1 } } : {}),
  };
  return {
    ...(Object.keys(routers).length === 0 ? {} : { routers }),
    serversTransports: SERVERS_TRANSPORTS,
    services: { gateway: { loadBalancer: { servers: [{ address: gateway }], serversTransport: "gateway" } } },
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
    sniStrict: input.certResolver !== undefined,
  };
  const configuration = (probe: Record<string, object>): object => ({
    ...(Object.keys(probe).length === 0 ? {} : { http: { routers: probe } }),
    tcp: tcp(input),
    tls: { options: { default: options } },
  });
  const hash = createHash("sha256")
    .update(toJson(configuration({})))
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
