/** The containers that measure a stack, as plain data. None of them is on a network with a service's port on it. */
import { hardenedWorkload } from "../container/hardened-workload";
import {
  NOBODY,
  SECRETS_PATH,
  type AcceptedException,
  type HealthCheck,
  type Resources,
  type Workload,
} from "../container/workload";
import { ALERTMANAGER_FILE } from "./alertmanager-config";
import {
  ENGINE_METRICS_DIRECTORY,
  ENGINE_METRICS_FILES,
  ENGINE_METRICS_HEALTH_PORT,
  ENGINE_SOCKET,
} from "./engine-metrics";
import {
  REDIS_METRICS_DIRECTORY,
  REDIS_METRICS_FILES,
  REDIS_METRICS_HEALTH_PORT,
  REDIS_METRICS_SECRETS,
} from "./redis-metrics";
import { REDIS_METRICS_USER } from "../redis/acl";
import { monitoringAddress, monitoringEndpoint, type MonitoringPart } from "./parts";
import { PROMETHEUS_DIRECTORY, PROMETHEUS_FILES } from "./prometheus-config";

/** Of the memory limit, what Go's garbage collector aims at. */
const GO_MEMORY_SHARE = 0.8;
/** MiB that metrics may take on the disk, whatever their age. */
const LARGEST_HISTORY_MIB = 1024;
/** The official HAProxy image's own user. */
const HAPROXY_UID = 99;

export interface MonitoringSettings {
  readonly stack: string;
  /** The network's subnet (CIDR). */
  readonly subnet: string;
  readonly retentionDays: number;
  /** Prometheus' limits. */
  readonly resources: Resources;
  /** Whether somebody is told of alerts: Alertmanager then has a way out. */
  readonly sends: boolean;
  /** The group of the engine's socket. @default root's, and the reader runs as root without a capability */
  readonly socketGroup?: number;
  /** When the stack's authority ends, in ISO 8601. @default it has none */
  readonly authorityEnd?: string;
  readonly logging: Workload["logging"];
  readonly images: Readonly<
    Record<"prometheus" | "alertmanager" | "node-exporter" | "postgres-exporter" | "haproxy", string>
  >;
}

/** The image's own wget, of its own port. */
const health = (url: string): HealthCheck => ({
  test: ["CMD", "wget", "-q", "-O", "/dev/null", url],
  intervalSeconds: 5,
  timeoutSeconds: 3,
  startPeriodSeconds: 20,
  retries: 3,
});

const goMemory = ({ memoryMiB }: Resources): Readonly<Record<string, string>> => ({
  GOMEMLIMIT: `${Math.floor(memoryMiB * GO_MEMORY_SHARE)}MiB`,
});

const attached = ({ subnet }: MonitoringSettings, part: MonitoringPart) =>
  ({ network: "monitoring", ipv4Address: monitoringAddress(subnet, part) }) as const;

export function prometheusWorkload(settings: MonitoringSettings): Workload {
  const { resources, subnet, retentionDays } = settings;
  const endpoint = monitoringEndpoint(subnet, "prometheus");
  return hardenedWorkload({
    name: "prometheus",
    component: "monitoring",
    image: settings.images.prometheus,
    command: [
      `--config.file=${PROMETHEUS_DIRECTORY}/${PROMETHEUS_FILES.config}`,
      "--storage.tsdb.path=/prometheus",
      `--storage.tsdb.retention.time=${retentionDays}d`,
      `--storage.tsdb.retention.size=${LARGEST_HISTORY_MIB}MB`,
      `--web.listen-address=${endpoint}`,
    ],
    environment: goMemory(resources),
    user: NOBODY,
    networks: [attached(settings, "prometheus")],
    mounts: [
      { kind: "volume", volume: "prometheus-config", target: PROMETHEUS_DIRECTORY, readOnly: true },
      { kind: "volume", volume: "prometheus-data", target: "/prometheus", readOnly: false },
    ],
    resources,
    healthCheck: health(`http://${endpoint}/-/ready`),
    stopGraceSeconds: 30,
    startTimeoutSeconds: 120,
    logging: settings.logging,
  });
}

export function alertmanagerWorkload(settings: MonitoringSettings): Workload {
  const resources = { memoryMiB: 64, cpus: 0.2, pids: 48 };
  const endpoint = monitoringEndpoint(settings.subnet, "alertmanager");
  return hardenedWorkload({
    name: "alertmanager",
    component: "monitoring",
    image: settings.images.alertmanager,
    command: [
      // One only: there is no cluster to listen for.
      "--cluster.listen-address=",
      `--config.file=${SECRETS_PATH}/${ALERTMANAGER_FILE}`,
      "--storage.path=/alertmanager",
      `--web.listen-address=${endpoint}`,
    ],
    environment: goMemory(resources),
    user: NOBODY,
    networks: [attached(settings, "alertmanager"), ...(settings.sends ? [{ network: "egress" as const }] : [])],
    mounts: [
      { kind: "volume", volume: "alertmanager-secrets", target: SECRETS_PATH, readOnly: true },
      { kind: "volume", volume: "alertmanager-data", target: "/alertmanager", readOnly: false },
    ],
    resources,
    healthCheck: health(`http://${endpoint}/-/ready`),
    logging: settings.logging,
  });
}

/**
 * The host, as every container sees it: memory, processors and the kernel's kills in /proc, and the disk that holds the
 * engine's data, from which the engine mounts /etc/hosts. Nothing of the host has to be mounted for it.
 */
export function hostMetricsWorkload(settings: MonitoringSettings): Workload {
  const resources = { memoryMiB: 32, cpus: 0.1, pids: 32 };
  const endpoint = monitoringEndpoint(settings.subnet, "host-metrics");
  return hardenedWorkload({
    name: "host-metrics",
    component: "monitoring",
    image: settings.images["node-exporter"],
    command: [
      "--collector.disable-defaults",
      "--collector.cpu",
      "--collector.filesystem",
      // /etc/hosts only: the other mounts are memory, or the same disk once more.
      "--collector.filesystem.mount-points-exclude=^/($|dev|proc|run|sys|tmp|etc/(hostname|resolv\\.conf))",
      "--collector.loadavg",
      "--collector.meminfo",
      "--collector.vmstat",
      "--collector.vmstat.fields=^oom_kill$",
      `--web.listen-address=${endpoint}`,
    ],
    environment: goMemory(resources),
    user: NOBODY,
    networks: [attached(settings, "host-metrics")],
    resources,
    healthCheck: health(`http://${endpoint}/`),
    logging: settings.logging,
  });
}

export function engineMetricsWorkload(settings: MonitoringSettings): Workload {
  const { socketGroup, authorityEnd } = settings;
  return hardenedWorkload({
    name: "engine-metrics",
    component: "monitoring",
    image: settings.images.haproxy,
    command: ["haproxy", "-f", `${ENGINE_METRICS_DIRECTORY}/${ENGINE_METRICS_FILES.config}`],
    environment: {
      RAMPART_STACK: settings.stack,
      ...(authorityEnd === undefined ? {} : { RAMPART_AUTHORITY_END: authorityEnd }),
    },
    user: socketGroup === undefined ? "0:0" : `${HAPROXY_UID}:${socketGroup}`,
    networks: [attached(settings, "engine-metrics")],
    mounts: [
      { kind: "volume", volume: "engine-config", target: ENGINE_METRICS_DIRECTORY, readOnly: true },
      { kind: "host", source: ENGINE_SOCKET, target: ENGINE_SOCKET, readOnly: true },
    ],
    resources: { memoryMiB: 48, cpus: 0.2, pids: 16 },
    healthCheck: health(`http://127.0.0.1:${ENGINE_METRICS_HEALTH_PORT}/ping`),
    stopSignal: "SIGUSR1",
    logging: settings.logging,
    accepted: engineExceptions(socketGroup),
  });
}

const engineExceptions = (socketGroup: number | undefined): AcceptedException[] => [
  {
    rule: "cis-5.32",
    reason:
      "monitoring: it asks the engine for the state of the stack's containers by three reading requests, and " +
      "hands out numbers; nobody else's request reaches the socket",
  },
  ...(socketGroup === undefined
    ? [
        {
          rule: "cis-4.1",
          reason:
            "root without any capability: the group of the engine's socket is not known here; set " +
            "rampart:dockerSocketGroup to run it without root",
        },
      ]
    : []),
];

/** @param login Where the role `monitor` logs in; its password lies in a file */
export function postgresMetricsWorkload(
  settings: MonitoringSettings,
  login: { readonly server: string; readonly user: string },
): Workload {
  const resources = { memoryMiB: 48, cpus: 0.1, pids: 32 };
  const endpoint = monitoringEndpoint(settings.subnet, "postgres-metrics");
  return hardenedWorkload({
    name: "postgres-metrics",
    component: "monitoring",
    image: settings.images["postgres-exporter"],
    command: [`--web.listen-address=${endpoint}`],
    environment: {
      ...goMemory(resources),
      DATA_SOURCE_URI: login.server,
      DATA_SOURCE_USER: login.user,
      DATA_SOURCE_PASS_FILE: `${SECRETS_PATH}/postgres_password`,
    },
    user: NOBODY,
    networks: [{ network: "internal" }, attached(settings, "postgres-metrics")],
    mounts: [{ kind: "volume", volume: "postgres-secrets", target: SECRETS_PATH, readOnly: true }],
    resources,
    healthCheck: health(`http://${endpoint}/`),
    logging: settings.logging,
  });
}

export const redisMetricsWorkload = (settings: MonitoringSettings): Workload =>
  hardenedWorkload({
    name: "redis-metrics",
    component: "monitoring",
    image: settings.images.haproxy,
    command: ["haproxy", "-f", `${REDIS_METRICS_DIRECTORY}/${REDIS_METRICS_FILES.config}`],
    environment: {
      RAMPART_REDIS_PASSWORD_FILE: `${SECRETS_PATH}/${REDIS_METRICS_SECRETS.password}`,
      RAMPART_REDIS_USER: REDIS_METRICS_USER,
    },
    user: `${HAPROXY_UID}:${HAPROXY_UID}`,
    networks: [{ network: "internal" }, attached(settings, "redis-metrics")],
    mounts: [
      { kind: "volume", volume: "redis-config", target: REDIS_METRICS_DIRECTORY, readOnly: true },
      { kind: "volume", volume: "redis-secrets", target: SECRETS_PATH, readOnly: true },
    ],
    resources: { memoryMiB: 32, cpus: 0.1, pids: 16 },
    healthCheck: health(`http://127.0.0.1:${REDIS_METRICS_HEALTH_PORT}/ping`),
    stopSignal: "SIGUSR1",
    logging: settings.logging,
  });
