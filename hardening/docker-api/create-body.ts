/**
 * What the body of POST /containers/create may say. Decided by key: a key that is not here is refused, and a value
 * that is here is harmless whatever the other keys say (docs/decisions/0003-docker-api-body.md).
 */
import {
  arrayOf,
  BOOLEAN,
  EMPTY_ARRAY,
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
} from "./json-grammar";
import type { NameLimits } from "./names";
import { networkName, volumeName } from "./names";

/**
 * Docker's default capabilities: naming one after dropping ALL gives nothing that silence would not. Source: moby,
 * oci/caps.
 */
const DEFAULT_CAPABILITIES = [
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "MKNOD",
  "NET_BIND_SERVICE",
  "NET_RAW",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
] as const;

const NULLABLE_STRING = `(?:null|${STRING})`;
const NULLABLE_INTEGER = `(?:null|${INTEGER})`;
const STRINGS = arrayOf(STRING);
const COMMAND = `(?:${STRING}|${STRINGS})`;
/** Rampart's verify and its clean-up find containers by its labels: nobody else may wear them. */
export const LABELS = mapOf(`"(?!io\\.rampart[."])[^"\\\\\\x00-\\x1f]*+"`, STRING);

/** Limits: numbers only; whatever names a device is empty. */
const RESOURCES: Readonly<Record<string, string>> = {
  BlkioDeviceReadBps: EMPTY_ARRAY,
  BlkioDeviceReadIOps: EMPTY_ARRAY,
  BlkioDeviceWriteBps: EMPTY_ARRAY,
  BlkioDeviceWriteIOps: EMPTY_ARRAY,
  BlkioWeight: NULLABLE_INTEGER,
  BlkioWeightDevice: EMPTY_ARRAY,
  CgroupParent: EMPTY_STRING,
  CpuCount: NULLABLE_INTEGER,
  CpuPercent: NULLABLE_INTEGER,
  CpuPeriod: NULLABLE_INTEGER,
  CpuQuota: NULLABLE_INTEGER,
  // Real-time scheduling can starve the host.
  CpuRealtimePeriod: "(?:null|0)",
  CpuRealtimeRuntime: "(?:null|0)",
  CpuShares: NULLABLE_INTEGER,
  CpusetCpus: NULLABLE_STRING,
  CpusetMems: NULLABLE_STRING,
  DeviceCgroupRules: EMPTY_ARRAY,
  DeviceRequests: EMPTY_ARRAY,
  Devices: EMPTY_ARRAY,
  IOMaximumBandwidth: NULLABLE_INTEGER,
  IOMaximumIOps: NULLABLE_INTEGER,
  KernelMemory: NULLABLE_INTEGER,
  KernelMemoryTCP: NULLABLE_INTEGER,
  Memory: NULLABLE_INTEGER,
  MemoryReservation: NULLABLE_INTEGER,
  MemorySwap: NULLABLE_INTEGER,
  MemorySwappiness: NULLABLE_INTEGER,
  NanoCpus: NULLABLE_INTEGER,
  OomKillDisable: FALSE,
  PidsLimit: NULLABLE_INTEGER,
  Ulimits: arrayOf(recordOf({ Hard: INTEGER, Name: PLAIN, Soft: INTEGER })),
};

const SEGMENT = '(?!\\.{1,2}[/":])[^"\\\\/:\\x00-\\x1f][^"\\\\/:\\x00-\\x1f]*+';
/**
 * A path in a container that is none of the kernel's: what is mounted there would take the engine's masks away. Written
 * plainly, as the engine resolves `..` and double slashes.
 */
const INNER = `/(?!(?:dev|proc|sys)[/":])${SEGMENT}(?:/${SEGMENT})*+/?+`;
const NULLABLE_INNER = `(?:null|""|"/"|"${INNER}")`;

/** Files of a size that a disk bears, and no buffer in the engine's own memory. */
const LOG_OPTIONS = recordOf({
  compress: '"(?:true|false)"',
  env: STRING,
  labels: STRING,
  "max-file": '"[0-9]{1,2}"',
  "max-size": '"[0-9]{1,3}[kKmM]"',
  tag: STRING,
});

const RESTART_POLICY = recordOf({ MaximumRetryCount: NULLABLE_INTEGER, Name: PLAIN });

/** The body of POST /containers/{id}/update. */
export const containerUpdate = ({ bounded = false }: NameLimits): string =>
  recordOf({ ...(bounded ? {} : RESOURCES), RestartPolicy: RESTART_POLICY });

/** Without a way out the bridge is closed; whoever names no network gets none (consumer.lua). */
const builtInNetworks = ({ bridge = true }: NameLimits): string => (bridge ? "default|bridge|none" : "none");

function mounts(limits: NameLimits): string {
  return arrayOf(
    recordOf({
      BindOptions: NULL,
      ClusterOptions: NULL,
      Consistency: oneOf("", "default", "consistent", "cached", "delegated"),
      ImageOptions: NULL,
      ReadOnly: BOOLEAN,
      Source: `(?:null|""|"${volumeName(limits)}")`,
      Target: NULLABLE_INNER,
      TmpfsOptions: recordOf({ Mode: NULLABLE_INTEGER, Options: EMPTY_ARRAY, SizeBytes: NULLABLE_INTEGER }),
      Type: oneOf("volume", "tmpfs"),
      VolumeOptions: recordOf({
        // The local driver's options can bind any directory of the host.
        DriverConfig: recordOf({ Name: oneOf("", "local"), Options: EMPTY_OBJECT }),
        Labels: LABELS,
        NoCopy: BOOLEAN,
        Subpath: PLAIN,
      }),
    }),
  );
}

function hostConfig(limits: NameLimits): string {
  return recordOf({
    ...RESOURCES,
    Annotations: EMPTY_OBJECT,
    AutoRemove: BOOLEAN,
    Binds: arrayOf(`"${volumeName(limits)}:${INNER}(?::(?:rw|ro|nocopy)(?:,(?:rw|ro|nocopy))*+)?+"`),
    CapAdd: arrayOf(oneOf(...DEFAULT_CAPABILITIES, ...DEFAULT_CAPABILITIES.map((name) => `CAP_${name}`))),
    CapDrop: STRINGS,
    Cgroup: EMPTY_STRING,
    CgroupnsMode: oneOf("", "private"),
    ConsoleSize: arrayOf(INTEGER),
    // The client's own note; the engine ignores it.
    ContainerIDFile: NULLABLE_STRING,
    Dns: STRINGS,
    DnsOptions: STRINGS,
    DnsSearch: STRINGS,
    ExtraHosts: STRINGS,
    // Without mounts of the host, a further group gives nothing that `User` would not.
    GroupAdd: STRINGS,
    Init: BOOLEAN,
    IpcMode: oneOf("", "none", "private", "shareable"),
    Isolation: oneOf("", "default"),
    // A link copies the other container's environment into this one.
    Links: EMPTY_ARRAY,
    // Other drivers make the engine connect to an address of the caller's choice.
    LogConfig: recordOf({ Config: LOG_OPTIONS, Type: oneOf("", "json-file", "local", "none") }),
    // Null keeps the engine's masks; an empty list would take them all away.
    MaskedPaths: NULL,
    Mounts: mounts(limits),
    NetworkMode: `(?:null|""|"(?:default|${builtInNetworks(limits)})"|"${networkName(limits)}")`,
    // Below zero the container would outlive the rest of the host when memory runs out.
    OomScoreAdj: "(?:null|[0-9]{1,4})",
    PidMode: EMPTY_STRING,
    // A route of the edge publishes a service; a port of the host would pass it by.
    PortBindings: mapOf(PLAIN, EMPTY_ARRAY),
    Privileged: FALSE,
    PublishAllPorts: FALSE,
    ReadonlyPaths: NULL,
    ReadonlyRootfs: BOOLEAN,
    RestartPolicy: RESTART_POLICY,
    Runtime: EMPTY_STRING,
    SecurityOpt: arrayOf(oneOf("no-new-privileges", "no-new-privileges:true", "no-new-privileges=true")),
    ShmSize: NULLABLE_INTEGER,
    StorageOpt: EMPTY_OBJECT,
    Sysctls: EMPTY_OBJECT,
    Tmpfs: mapOf(`"${INNER}"`, `"[A-Za-z0-9=,]*+"`),
    UTSMode: EMPTY_STRING,
    UsernsMode: EMPTY_STRING,
    VolumeDriver: oneOf("", "local"),
    VolumesFrom: EMPTY_ARRAY,
  });
}

const ENDPOINT = recordOf({
  Aliases: STRINGS,
  DNSNames: STRINGS,
  DriverOpts: EMPTY_OBJECT,
  EndpointID: EMPTY_STRING,
  Gateway: NULLABLE_STRING,
  GlobalIPv6Address: NULLABLE_STRING,
  GlobalIPv6PrefixLen: NULLABLE_INTEGER,
  GwPriority: NULLABLE_INTEGER,
  IPAMConfig: recordOf({ IPv4Address: NULLABLE_STRING, IPv6Address: NULLABLE_STRING, LinkLocalIPs: STRINGS }),
  IPAddress: NULLABLE_STRING,
  IPPrefixLen: NULLABLE_INTEGER,
  IPv6Gateway: NULLABLE_STRING,
  Links: EMPTY_ARRAY,
  MacAddress: NULLABLE_STRING,
  NetworkID: EMPTY_STRING,
});

/**
 * The body of POST /networks/{id}/connect. The engine itself refuses the network `host` here, also by its id (seen).
 */
export const NETWORK_CONNECT = recordOf({ Container: PLAIN, EndpointConfig: ENDPOINT });

/** The body of POST /containers/create. */
export function containerCreate(limits: NameLimits): string {
  return recordOf({
    ArgsEscaped: BOOLEAN,
    AttachStderr: BOOLEAN,
    AttachStdin: BOOLEAN,
    AttachStdout: BOOLEAN,
    Cmd: COMMAND,
    Domainname: NULLABLE_STRING,
    Entrypoint: COMMAND,
    Env: STRINGS,
    ExposedPorts: mapOf(PLAIN, EMPTY_OBJECT),
    Healthcheck: recordOf({
      Interval: NULLABLE_INTEGER,
      Retries: NULLABLE_INTEGER,
      StartInterval: NULLABLE_INTEGER,
      StartPeriod: NULLABLE_INTEGER,
      Test: STRINGS,
      Timeout: NULLABLE_INTEGER,
    }),
    HostConfig: hostConfig(limits),
    Hostname: NULLABLE_STRING,
    Image: NULLABLE_STRING,
    Labels: LABELS,
    MacAddress: NULLABLE_STRING,
    NetworkDisabled: BOOLEAN,
    NetworkingConfig: recordOf({
      EndpointsConfig: mapOf(`"(?:${builtInNetworks(limits)}|${networkName(limits)})"`, ENDPOINT),
    }),
    OnBuild: EMPTY_ARRAY,
    OpenStdin: BOOLEAN,
    Shell: STRINGS,
    StdinOnce: BOOLEAN,
    StopSignal: NULLABLE_STRING,
    StopTimeout: NULLABLE_INTEGER,
    Tty: BOOLEAN,
    User: NULLABLE_STRING,
    Volumes: mapOf(`"${INNER}"`, EMPTY_OBJECT),
    // Of HostConfig, but dockerode's run() writes it here, empty; the engine would read it here, too.
    VolumesFrom: EMPTY_ARRAY,
    WorkingDir: NULLABLE_INNER,
    // dockerode repeats its query here; the engine has no such field.
    name: NULLABLE_STRING,
    platform: NULLABLE_STRING,
  });
}
