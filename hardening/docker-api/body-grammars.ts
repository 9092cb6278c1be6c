/**
 * The grammar of every kind of body that is judged, and the query parameters of the requests that are judged by them.
 */
import type { BodyKind, QueryKind } from "./endpoints";
import { containerCreate, containerUpdate, LABELS, NETWORK_CONNECT } from "./create-body";
import {
  arrayOf,
  BOOLEAN,
  EMPTY_OBJECT,
  EMPTY_STRING,
  FALSE,
  INTEGER,
  mapOf,
  NULL,
  oneOf,
  PLAIN,
  recordOf,
  STRING,
  toJavaScript,
  whole,
  WS,
} from "./json-grammar";
import type { NameLimits } from "./names";
import { imageValue, networkName, volumeName } from "./names";

/** Kinds whose body is read whole and matched; `none` and `tar` and `stream` are not. */
export const JUDGED_KINDS = [
  "empty",
  "flat",
  "container",
  "container-update",
  "exec",
  "network",
  "network-connect",
  "volume",
] as const satisfies readonly BodyKind[];
export type JudgedKind = (typeof JUDGED_KINDS)[number];

/**
 * A container's processes cannot reach the routes of the host, but a bridge's subnet becomes one: only private
 * ranges, and none wider than /16, so that no public address is ever drawn to a container.
 */
const SUBNET =
  `(?:null|""|"(?:10\\.[0-9]{1,3}|172\\.(?:1[6-9]|2[0-9]|3[01])|192\\.168)\\.[0-9]{1,3}\\.[0-9]{1,` +
  `3}/(?:1[6-9]|2[0-9]|3[0-2])"|"[Ff][Dd][0-9A-Fa-f:]*+/[0-9]{2,3}")`;

const FLAT_VALUE = `(?:${STRING}|${INTEGER}(?:\\.[0-9]{1,9})?|${BOOLEAN}|${arrayOf(INTEGER)})`;

function networkCreate(limits: NameLimits): string {
  return recordOf({
    Attachable: BOOLEAN,
    CheckDuplicate: BOOLEAN,
    ConfigFrom: recordOf({ Network: EMPTY_STRING }),
    ConfigOnly: FALSE,
    // macvlan and ipvlan put containers on the host's own network; host is the host's.
    Driver: oneOf("", "bridge"),
    EnableIPv4: BOOLEAN,
    EnableIPv6: BOOLEAN,
    IPAM: recordOf({
      Config: arrayOf(
        recordOf({
          AuxiliaryAddresses: mapOf(PLAIN, PLAIN),
          Gateway: `(?:null|${PLAIN})`,
          IPRange: SUBNET,
          Subnet: SUBNET,
        }),
      ),
      Driver: oneOf("", "default"),
      Options: EMPTY_OBJECT,
    }),
    Ingress: FALSE,
    Internal: limits.bridge === false ? "true" : BOOLEAN,
    Labels: LABELS,
    Name: `"${networkName(limits)}"`,
    // The bridge's own name would be another network's bridge.
    Options: mapOf(
      oneOf(
        "com.docker.network.bridge.enable_icc",
        "com.docker.network.bridge.enable_ip_masquerade",
        "com.docker.network.driver.mtu",
      ),
      PLAIN,
    ),
    Scope: oneOf("", "local"),
  });
}

/** The expression that the whole body of such a request must match. */
export function bodyGrammar(kind: JudgedKind, limits: NameLimits): string {
  switch (kind) {
    case "empty":
      return `^${WS}(?:${EMPTY_OBJECT}${WS})?$`;
    case "flat":
      return `^${WS}(?:${mapOf(STRING, FLAT_VALUE)}${WS})?$`;
    case "container":
      return whole(containerCreate(limits));
    case "container-update":
      return whole(containerUpdate(limits));
    case "exec":
      return whole(
        recordOf({
          AttachStderr: BOOLEAN,
          AttachStdin: BOOLEAN,
          AttachStdout: BOOLEAN,
          Cmd: `(?:${STRING}|${arrayOf(STRING)})`,
          ConsoleSize: arrayOf(INTEGER),
          Container: `(?:null|${STRING})`,
          Detach: BOOLEAN,
          DetachKeys: `(?:null|${STRING})`,
          Env: arrayOf(STRING),
          Privileged: FALSE,
          Tty: BOOLEAN,
          User: `(?:null|${STRING})`,
          WorkingDir: `(?:null|${STRING})`,
        }),
      );
    case "network":
      return whole(networkCreate(limits));
    case "network-connect":
      return whole(NETWORK_CONNECT);
    case "volume":
      return whole(
        recordOf({
          ClusterVolumeSpec: NULL,
          Driver: oneOf("", "local"),
          // type=none,o=bind,device=/ would be the host's root.
          DriverOpts: EMPTY_OBJECT,
          Labels: LABELS,
          Name: `(?:null|""|"${volumeName(limits)}")`,
        }),
      );
    default: {
      const unknown: never = kind;
      throw new Error(`no grammar for a body of kind ${String(unknown)}`);
    }
  }
}

/** The judge without HAProxy: whether the body, read as latin1, would be let through. */
export function judgeBody(kind: JudgedKind, body: string, limits: NameLimits = {}): boolean {
  return toJavaScript(bodyGrammar(kind, limits)).test(body);
}

const VALUE = "[^&;#]*+";

/** Parameters by name, spelt plainly: an engine decodes `%72emote` to `remote`, so an encoded name is unknown. */
const queryParameters = (limits: NameLimits): Readonly<Record<QueryKind, readonly string[]>> => ({
  // Not here: remote, extrahosts, cgroupparent, securityopt, outputs, session, version=2 (BuildKit).
  build: [
    ...[
      "buildargs",
      "buildid",
      "cachefrom",
      "cpuperiod",
      "cpuquota",
      "cpusetcpus",
      "cpusetmems",
      "cpushares",
      "dockerfile",
      "forcerm",
      "labels",
      "memory",
      "memswap",
      "nocache",
      "platform",
      "pull",
      "q",
      "rm",
      "shmsize",
      "squash",
      "t",
      "target",
      "ulimits",
    ].map((name) => `${name}=${VALUE}`),
    "networkmode=(?:default|bridge|none)?",
    "remote=",
    "version=1?",
  ],
  // Not here: fromSrc, which imports from any URL; repo and changes, which belong to it.
  "image-pull": [`fromImage=${imageValue(limits)}`, `platform=${VALUE}`, `tag=${VALUE}`, "fromSrc="],
});

/** The expression that the query must match. */
export function queryGrammar(kind: QueryKind, limits: NameLimits = {}): string {
  const parameter = `(?:${queryParameters(limits)[kind].join("|")})`;
  return `^(?:${parameter}(?:&${parameter})*+)?&?$`;
}
