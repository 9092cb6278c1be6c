/** The containers of a stack's logs, as plain data. */
import { hardenedWorkload } from "../container/hardened-workload";
import { dockerApiNetwork } from "../container/networks";
import { NOBODY, SECRETS_PATH, type HealthCheck, type NetworkAttachment, type Resources } from "../container/workload";
import type { Workload } from "../container/workload";
import { COLLECTOR_CONFIG, COLLECTOR_DIRECTORY, COLLECTOR_PORTS, POSITIONS_DIRECTORY } from "./collector";
import { LOG_COLLECTOR, LOG_STORE, LOG_STORE_PORT, logsAddress } from "./parts";

/** The official HAProxy image's own user. */
const HAPROXY_UID = 99;
/** Where VictoriaLogs keeps its data. */
const STORE_DIRECTORY = "/victoria-logs-data";
const MIB = 1024 * 1024;

/** The image's own wget, of its own port. */
const health = (url: string): HealthCheck => ({
  test: ["CMD", "wget", "-q", "-O", "/dev/null", url],
  intervalSeconds: 5,
  timeoutSeconds: 3,
  startPeriodSeconds: 20,
  retries: 3,
});

export interface CollectorSettings {
  readonly stack: string;
  readonly image: string;
  readonly logging: Workload["logging"];
  /** Where the sink takes lines by HTTP. @default it does not */
  readonly path?: string;
  /** Whether there are files for it under /run/secrets. */
  readonly secrets: boolean;
  /** The ways to the sink, and where it is measured. */
  readonly networks: readonly NetworkAttachment[];
}

export const collectorWorkload = (settings: CollectorSettings): Workload =>
  hardenedWorkload({
    name: LOG_COLLECTOR,
    component: "logging",
    image: settings.image,
    command: ["haproxy", "-f", `${COLLECTOR_DIRECTORY}/${COLLECTOR_CONFIG}`],
    environment: {
      RAMPART_STACK: settings.stack,
      ...(settings.path === undefined ? {} : { RAMPART_SINK_PATH: settings.path }),
    },
    user: `${HAPROXY_UID}:${HAPROXY_UID}`,
    networks: [{ network: dockerApiNetwork(LOG_COLLECTOR) }, ...settings.networks],
    mounts: [
      { kind: "volume", volume: "config", target: COLLECTOR_DIRECTORY, readOnly: true },
      { kind: "volume", volume: "positions", target: POSITIONS_DIRECTORY, readOnly: false },
      ...(settings.secrets
        ? [{ kind: "volume" as const, volume: "secrets", target: SECRETS_PATH, readOnly: true }]
        : []),
    ],
    resources: { memoryMiB: 96, cpus: 0.3, pids: 16 },
    // Whether the sink takes lines is no matter of the container's health: it waits as long as it takes.
    healthCheck: health(`http://127.0.0.1:${COLLECTOR_PORTS.health}/ping`),
    // At once: a soft stop would wait for streams that end with their containers.
    stopSignal: "SIGTERM",
    logging: settings.logging,
  });

export interface StoreSettings {
  /** The subnet of the network `logs` (CIDR). */
  readonly subnet: string;
  readonly image: string;
  readonly logging: Workload["logging"];
  readonly retentionDays: number;
  readonly maxDiskMiB: number;
  readonly resources: Resources;
}

export function storeWorkload({ subnet, retentionDays, maxDiskMiB, ...settings }: StoreSettings): Workload {
  const address = logsAddress(subnet, LOG_STORE);
  const endpoint = `${address}:${LOG_STORE_PORT}`;
  return hardenedWorkload({
    name: LOG_STORE,
    component: "logging",
    image: settings.image,
    command: [
      `-httpListenAddr=${endpoint}`,
      `-retention.maxDiskSpaceUsageBytes=${maxDiskMiB * MIB}`,
      `-retentionPeriod=${retentionDays}d`,
      `-storageDataPath=${STORE_DIRECTORY}`,
    ],
    user: NOBODY,
    networks: [{ network: "logs", aliases: [LOG_STORE], ipv4Address: address }],
    mounts: [{ kind: "volume", volume: "data", target: STORE_DIRECTORY, readOnly: false }],
    resources: settings.resources,
    healthCheck: health(`http://${endpoint}/health`),
    stopGraceSeconds: 30,
    startTimeoutSeconds: 120,
    logging: settings.logging,
  });
}
