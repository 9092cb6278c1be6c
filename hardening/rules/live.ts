/** The view of a stack from what the engine reports: the same that a plan makes of resource inputs. */
import { LABEL_COMPONENT, LABEL_NAME } from "../container/labels";
import { isTree, leaf, tree } from "../tree";
import type { ContainerView, NetworkView } from "./view";

const MIB = 1_048_576;
/** Seconds that an engine waits for a container that says nothing of it. */
const ENGINE_STOP_SECONDS = 10;

/** What only the stack's state knows of a container. */
export interface KnownContainer {
  /** How the posture names it. */
  readonly resource: string;
  /** Reasons by rule; never from the engine's labels, which whoever may create containers can write. */
  readonly accepted: ContainerView["accepted"];
}

/**
 * @param inspected one element of `docker inspect`
 * @param known undefined for a container that the state does not know
 * @param isSecret whether the value of a variable is, or holds, a secret of the stack
 */
export function liveContainer(
  inspected: unknown,
  known: KnownContainer | undefined,
  isSecret: (value: string) => boolean = () => false,
): ContainerView {
  const config = tree(tree(inspected)["Config"]);
  const host = tree(tree(inspected)["HostConfig"]);
  const labels = tree(config["Labels"]);
  const component = leaf(labels[LABEL_COMPONENT]);
  const restart = tree(host["RestartPolicy"]);
  return {
    resource: known?.resource ?? nameOf(inspected),
    component,
    name: leaf(labels[LABEL_NAME]),
    runs: component !== "carrier" || tree(tree(inspected)["State"])["Running"] === true,
    image: leaf(tree(inspected)["Image"]),
    user: leaf(config["User"]),
    privileged: host["Privileged"] === true,
    readOnlyRoot: host["ReadonlyRootfs"] === true,
    capabilitiesAdded: capabilities(host["CapAdd"]),
    capabilitiesDropped: capabilities(host["CapDrop"]),
    securityOpts: texts(host["SecurityOpt"]),
    memoryMiB: number(host["Memory"]) / MIB,
    memorySwapMiB: number(host["MemorySwap"]) / MIB,
    cpus: cpusOf(host),
    pids: Math.max(0, number(host["PidsLimit"])),
    restart: { policy: leaf(restart["Name"]) || "no", maxRetries: number(restart["MaximumRetryCount"]) },
    healthCheck: texts(tree(config["Healthcheck"])["Test"]),
    namespaces: {
      ipc: leaf(host["IpcMode"]),
      pid: leaf(host["PidMode"]),
      network: leaf(host["NetworkMode"]),
      userns: leaf(host["UsernsMode"]),
      uts: leaf(host["UTSMode"]),
      cgroupParent: leaf(host["CgroupParent"]),
    },
    devices: list(host["Devices"]).length + list(host["DeviceRequests"]).length,
    ports: Object.values(tree(host["PortBindings"]))
      .flatMap(list)
      .map(tree)
      .map((port) => ({ ip: leaf(port["HostIp"]), external: Number(leaf(port["HostPort"])) })),
    mounts: list(tree(inspected)["Mounts"])
      .map(tree)
      .map((mount) => {
        const volume = mount["Type"] === "volume";
        return {
          source: leaf(volume ? mount["Name"] : mount["Source"]),
          target: leaf(mount["Destination"]),
          readOnly: mount["RW"] !== true,
          host: mount["Type"] === "bind",
        };
      }),
    tmpfs: Object.fromEntries(Object.entries(tree(host["Tmpfs"])).map(([path, options]) => [path, leaf(options)])),
    ulimits: list(host["Ulimits"]).map((ulimit) => leaf(tree(ulimit)["Name"])),
    logOptions: Object.fromEntries(
      Object.entries(tree(tree(host["LogConfig"])["Config"])).map(([key, value]) => [key, leaf(value)]),
    ),
    networks: Object.keys(tree(tree(tree(inspected)["NetworkSettings"])["Networks"])).filter((name) => name !== "none"),
    environment: texts(config["Env"]).map((entry) => {
      const at = entry.indexOf("=");
      return at < 0
        ? { name: entry, secret: false }
        : { name: entry.slice(0, at), secret: isSecret(entry.slice(at + 1)) };
    }),
    stopGraceSeconds: typeof config["StopTimeout"] === "number" ? config["StopTimeout"] : ENGINE_STOP_SECONDS,
    accepted: known?.accepted ?? {},
  };
}

/** @param inspected one element of `docker network inspect` */
export function liveNetwork(inspected: unknown): NetworkView {
  const network = tree(inspected);
  const engineName = leaf(network["Name"]);
  return {
    resource: engineName,
    name: leaf(tree(network["Labels"])[LABEL_NAME]) || engineName,
    engineName,
    internal: network["Internal"] === true,
    subnet: leaf(tree(list(tree(network["IPAM"])["Config"])[0])["Subnet"]),
  };
}

/** A container's name on the engine, of one element of `docker inspect`. */
export const nameOf = (inspected: unknown): string => leaf(tree(inspected)["Name"]).replace(/^\//, "");

/** Engines take capabilities with and without their prefix, and give them back as they came. */
const capabilities = (value: unknown): string[] => texts(value).map((name) => name.replace(/^CAP_/, ""));

/** In whole and part CPUs, whichever of the engine's two ways limits them. */
function cpusOf(host: Readonly<Record<string, unknown>>): number {
  const nano = number(host["NanoCpus"]);
  if (nano > 0) return nano / 1e9;
  const [quota, period] = [number(host["CpuQuota"]), number(host["CpuPeriod"])];
  return quota > 0 ? quota / (period > 0 ? period : 100_000) : 0;
}

const number = (value: unknown): number => (typeof value === "number" ? value : 0);
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : isTree(value) ? [value] : []);
const texts = (value: unknown): string[] => list(value).map(leaf);
