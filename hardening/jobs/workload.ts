/** The container that starts the scheduled jobs, as plain data. */
import { hardenedWorkload } from "../container/hardened-workload";
import type { AcceptedException, Workload } from "../container/workload";
import { listed } from "../defined";
import { monitoringAddress } from "../monitoring/parts";
import {
  JOB_SCHEDULER,
  SCHEDULER_DIRECTORY,
  SCHEDULER_FILES,
  SCHEDULER_HEALTH_PORT,
  SCHEDULER_SOCKET,
  SCHEDULER_STATE,
} from "./scheduler";

/** The official HAProxy image's own user. */
const HAPROXY_UID = 99;

/** The owner, in labels, of the volume of what it knows of runs; the dot keeps it apart from every name of a user's. */
export const SCHEDULER_WORK_OWNER = "jobs.work";

export interface SchedulerSettings {
  readonly image: string;
  /** The group of the engine's socket. @default root's, and the scheduler runs as root without a capability */
  readonly socketGroup?: number;
  /** The subnet of the network `monitoring` (CIDR). @default the stack is not monitored */
  readonly monitoringSubnet?: string;
  readonly logging: Workload["logging"];
}

export function schedulerWorkload({ image, socketGroup, monitoringSubnet, logging }: SchedulerSettings): Workload {
  return hardenedWorkload({
    name: JOB_SCHEDULER,
    component: "scheduler",
    image,
    command: ["haproxy", "-f", `${SCHEDULER_DIRECTORY}/${SCHEDULER_FILES.config}`],
    environment: {},
    user: socketGroup === undefined ? "0:0" : `${HAPROXY_UID}:${socketGroup}`,
    networks: listed(monitoringSubnet).map((subnet) => ({
      network: "monitoring",
      ipv4Address: monitoringAddress(subnet, JOB_SCHEDULER),
    })),
    mounts: [
      { kind: "volume", volume: "config", target: SCHEDULER_DIRECTORY, readOnly: true },
      { kind: "volume", volume: "state", target: SCHEDULER_STATE, readOnly: false },
      { kind: "host", source: SCHEDULER_SOCKET, target: SCHEDULER_SOCKET, readOnly: true },
    ],
    resources: { memoryMiB: 48, cpus: 0.2, pids: 16 },
    healthCheck: {
      test: ["CMD", "wget", "-q", "-O", "/dev/null", `http://127.0.0.1:${SCHEDULER_HEALTH_PORT}/ping`],
      intervalSeconds: 5,
      timeoutSeconds: 3,
      startPeriodSeconds: 20,
      retries: 3,
    },
    logging,
    accepted: schedulerExceptions(socketGroup),
  });
}

const schedulerExceptions = (socketGroup: number | undefined): AcceptedException[] => [
  {
    rule: "cis-5.32",
    reason:
      "jobs: it looks at, starts and stops the containers of this stack's jobs, each by its id, and nobody else's " +
      "request reaches the socket",
  },
  ...listed(
    socketGroup === undefined
      ? {
          rule: "cis-4.1",
          reason:
            "root without any capability: the group of the engine's socket is not known here; set " +
            "rampart:dockerSocketGroup to run it without root",
        }
      : undefined,
  ),
];
