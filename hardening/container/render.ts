import type * as docker from "@pulumi/docker";
import type { Input } from "@pulumi/pulumi";
import { appArmorSecurityOpt } from "../confinement/apparmor";
import { seccompSecurityOpt } from "../confinement/seccomp";
import { labels, type LabelContext } from "./labels";
import type { HealthCheck, Mount, Tmpfs, Workload } from "./workload";
import { defined, listed } from "../defined";

/** What the renderer needs that is known only while the program runs. */
export interface ContainerBindings extends LabelContext {
  readonly imageId: Input<string>;
  /** Network names by their key. */
  readonly networks: Readonly<Record<string, Input<string>>>;
  /** Volume names by the key that a mount uses. */
  readonly volumes: Readonly<Record<string, Input<string>>>;
  /** A DNS name of this very version on its internal networks, beside the workload's own aliases. */
  readonly versionAlias?: Input<string>;
  /** Environment that is secret; only for a workload that says it cannot read files. */
  readonly secretEnvironment?: Readonly<Record<string, Input<string>>>;
}

/**
 * The most open file descriptors of a process (CIS 5.18): enough for any server here, and below what every engine may
 * give.
 */
const MAX_OPEN_FILES = 16_384;
/** CIS 5.15. */
const MAX_RESTARTS = 5;

/**
 * Renders a workload as the provider's container arguments. Every form used here is one that the engine reads back as
 * it was written, so that the next preview is empty: capabilities as CAP_X, cpus with a decimal, durations as Go prints
 * them.
 */
export function renderContainer(workload: Workload, bindings: ContainerBindings): docker.ContainerArgs {
  return {
    image: bindings.imageId,
    ...defined({
      entrypoints: workload.entrypoint && [...workload.entrypoint],
      command: workload.command && [...workload.command],
    }),
    envs: environment(workload, bindings),
    user: workload.user,
    readOnly: workload.readOnlyRoot,
    privileged: false,
    capabilities: {
      drops: ["ALL"],
      ...(workload.capabilities.length === 0 ? {} : { adds: [...workload.capabilities].sort() }),
    },
    securityOpts: securityOpts(workload),
    // On cgroups v1 an engine's own default is the host's.
    cgroupnsMode: "private",
    ipcMode: "private",
    memory: workload.resources.memoryMiB,
    memorySwap: workload.resources.memoryMiB,
    ...defined({ shmSize: workload.shmMiB }),
    cpus: renderCpus(workload.resources.cpus),
    ulimits: [
      { name: "core", soft: 0, hard: 0 },
      { name: "nofile", soft: MAX_OPEN_FILES, hard: MAX_OPEN_FILES },
    ],
    tmpfs: Object.fromEntries(workload.tmpfs.map((mount) => [mount.path, renderTmpfs(mount)])),
    volumes: workload.mounts.map((mount) => renderMount(mount, bindings)),
    // Without a network of its own a container has none at all, not the engine's default bridge (CIS 5.29 of older
    // editions).
    ...(workload.networks.length === 0 ? { networkMode: "none" } : { networkMode: "bridge" }),
    networksAdvanced: workload.networks.map((attachment) => ({
      name: lookUp(bindings.networks, attachment.network, "network"),
      ...defined({
        aliases: attachment.aliases && [...attachment.aliases, ...listed(bindings.versionAlias)],
        ipv4Address: attachment.ipv4Address,
      }),
    })),
    ...defined({ hosts: workload.hosts && [...workload.hosts] }),
    ports: [...workload.publishedPorts]
      .sort((a, b) => a.internal - b.internal)
      .map((port) => ({ ...port, protocol: "tcp" })),
    ...defined({ healthcheck: workload.healthCheck && renderHealthCheck(workload.healthCheck) }),
    ...(workload.restart === "no" ? { restart: "no" } : { restart: "on-failure", maxRetryCount: MAX_RESTARTS }),
    ...defined({ stopSignal: workload.stopSignal }),
    stopTimeout: workload.stopGraceSeconds,
    destroyGraceSeconds: workload.stopGraceSeconds,
    logDriver: "json-file",
    logOpts: { "max-file": String(workload.logging.maxFiles), "max-size": `${workload.logging.maxSizeMiB}m` },
    labels: labels(workload, bindings),
  };
}

function securityOpts(workload: Workload): string[] {
  return ["no-new-privileges:true", ...appArmorSecurityOpt(workload.appArmor), ...seccompSecurityOpt(workload.seccomp)];
}

function environment(workload: Workload, bindings: ContainerBindings): Input<string>[] {
  const plain = Object.entries(workload.environment).map(([key, value]) => ({
    key,
    entry: `${key}=${value}` as Input<string>,
  }));
  const secret = Object.entries(bindings.secretEnvironment ?? {}).map(([key, entry]) => ({ key, entry }));
  return [...plain, ...secret].sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ entry }) => entry);
}

/** The engine reports whole cores as "1.0": written any other way, every preview shows a change. */
export function renderCpus(cpus: number): string {
  return Number.isInteger(cpus) ? cpus.toFixed(1) : String(cpus);
}

/** Mount options of a tmpfs: sized, and nothing in it can be executed unless the workload says so. */
export function renderTmpfs(mount: Tmpfs): string {
  const owner = [
    ...(mount.uid === undefined ? [] : [`uid=${mount.uid}`]),
    ...(mount.gid === undefined ? [] : [`gid=${mount.gid}`]),
  ];
  return [
    "rw",
    mount.exec === true ? "exec" : "noexec",
    "nosuid",
    "nodev",
    `size=${mount.sizeMiB}m`,
    `mode=${mount.mode ?? "1777"}`,
    ...owner,
  ].join(",");
}

function renderMount(mount: Mount, bindings: ContainerBindings): docker.types.input.ContainerVolume {
  switch (mount.kind) {
    case "volume":
      return {
        volumeName: lookUp(bindings.volumes, mount.volume, "volume"),
        containerPath: mount.target,
        readOnly: mount.readOnly,
      };
    case "host":
      return { hostPath: mount.source, containerPath: mount.target, readOnly: mount.readOnly };
    default:
      return unreachable(mount);
  }
}

function renderHealthCheck(check: HealthCheck): docker.types.input.ContainerHealthcheck {
  return {
    tests: [...check.test],
    interval: goDuration(check.intervalSeconds),
    timeout: goDuration(check.timeoutSeconds),
    startPeriod: goDuration(check.startPeriodSeconds),
    retries: check.retries,
  };
}

/** Seconds as Go's time.Duration prints them: 90 is "1m30s", 3600 is "1h0m0s". */
export function goDuration(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = seconds % 60;
  if (hours > 0) return `${hours}h${minutes}m${rest}s`;
  return minutes > 0 ? `${minutes}m${rest}s` : `${rest}s`;
}

function lookUp(names: Readonly<Record<string, Input<string>>>, key: string, kind: string): Input<string> {
  const found = names[key];
  if (found === undefined)
    throw new Error(`no ${kind} "${key}"; there are ${Object.keys(names).sort().join(", ") || "none"}`);
  return found;
}

function unreachable(value: never): never {
  throw new Error(`not a mount: ${JSON.stringify(value)}`);
}
