/**
 * Why a body was refused, only for the log line and the caller's message: these expressions decide nothing. They
 * look, whatever the letter case, for what people try; a refused body in which none is found is called `body`.
 */

export interface RefusalReason {
  /** The value of `rule=` in the log. */
  readonly rule: string;
  /** Matched without regard to letter case. */
  readonly pattern: string;
  /**
   * What the caller may do instead: part of the answer. No comma, quote or parenthesis, which HAProxy's arguments end
   * at.
   */
  readonly fix: string;
}

const key = (names: string): string => `"(?:${names})"\\s*:\\s*`;
const FILLED_ARRAY = "\\[\\s*[^\\]\\s]";
const FILLED_STRING = '"[^"]';

/** In the order in which they are tried: the first match names the refusal. */
export const REFUSAL_REASONS: readonly RefusalReason[] = [
  {
    rule: "privileged",
    pattern: `${key("Privileged")}(?:true|[^fn\\s])`,
    fix: "containers and commands run without Privileged",
  },
  { rule: "host-bind", pattern: `${key("Binds")}\\[[^\\]]*"\\s*[./~]`, fix: "mount a named volume" },
  { rule: "mount-type", pattern: `${key("Type")}"(?:bind|npipe|image|cluster)"`, fix: "mount a volume or a tmpfs" },
  {
    rule: "driver-options",
    pattern: `${key("DriverConfig|DriverOpts")}\\{\\s*[^}\\s]`,
    fix: "use the local driver without options",
  },
  {
    rule: "device",
    pattern: `${key("Devices|DeviceRequests|DeviceCgroupRules|BlkioWeightDevice|BlkioDevice[A-Za-z]*")}${FILLED_ARRAY}`,
    fix: "containers get no devices",
  },
  {
    rule: "capability",
    pattern: `${key("CapAdd")}${FILLED_ARRAY}`,
    fix: "add none beyond the default capabilities of Docker",
  },
  { rule: "security-opt", pattern: `${key("SecurityOpt")}${FILLED_ARRAY}`, fix: "only no-new-privileges may be given" },
  {
    rule: "host-namespace",
    pattern: `${key("PidMode|IpcMode|NetworkMode|UTSMode|UsernsMode|CgroupnsMode|Cgroup")}"(?:host|container:)`,
    fix: "use the namespaces of the container itself",
  },
  {
    rule: "namespace",
    pattern: `${key("PidMode|IpcMode|UTSMode|UsernsMode|CgroupnsMode")}${FILLED_STRING}`,
    fix: "use the namespaces of the container itself",
  },
  { rule: "volumes-from", pattern: `${key("VolumesFrom")}${FILLED_ARRAY}`, fix: "mount the volumes by name" },
  { rule: "link", pattern: `${key("Links")}${FILLED_ARRAY}`, fix: "use a network with aliases" },
  { rule: "runtime", pattern: `${key("Runtime")}${FILLED_STRING}`, fix: "use the default runtime of the engine" },
  { rule: "cgroup-parent", pattern: `${key("CgroupParent")}${FILLED_STRING}`, fix: "leave CgroupParent empty" },
  { rule: "sysctl", pattern: `${key("Sysctls")}\\{\\s*[^}\\s]`, fix: "containers get no sysctls" },
  {
    rule: "masked-paths",
    pattern: `${key("MaskedPaths|ReadonlyPaths")}[^n\\s]`,
    fix: "leave the masked and read-only paths of the engine",
  },
  {
    rule: "published-port",
    pattern: `${key("PublishAllPorts")}true|${key("HostIp|HostPort")}"`,
    fix: "give the service a route instead of a port of the host",
  },
  { rule: "reserved-label", pattern: '"io\\.rampart', fix: "labels under io.rampart belong to Rampart" },
  {
    rule: "network-driver",
    pattern: `${key("Driver")}"(?:host|macvlan|ipvlan|overlay)`,
    fix: "create a bridge network",
  },
  {
    rule: "log-driver",
    pattern: `${key("LogConfig")}\\{[^}]*${key("Type")}"(?!json-file|local|none|")`,
    fix: "use json-file or local or none",
  },
  {
    rule: "network-name",
    pattern: `${key("NetworkMode")}"[0-9a-f]+"`,
    fix: "give the name of the network and not its id",
  },
];
