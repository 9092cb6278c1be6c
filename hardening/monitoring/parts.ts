/** Who is on the network `monitoring`, and where: what measures listens on its address there and nowhere else. */

/** Names of the containers, and of what is measured where it stands. */
export const MONITORING_PARTS = {
  prometheus: { host: 10, port: 9090 },
  alertmanager: { host: 11, port: 9093 },
  gateway: { host: 12, port: 9101 },
  edge: { host: 13, port: 9102 },
  "host-metrics": { host: 14, port: 9100 },
  "engine-metrics": { host: 15, port: 9103 },
  "postgres-metrics": { host: 16, port: 9187 },
  "redis-metrics": { host: 17, port: 9121 },
  "log-collector": { host: 18, port: 9104 },
  "job-scheduler": { host: 19, port: 9105 },
} as const;

export type MonitoringPart = keyof typeof MONITORING_PARTS;

/** What is measured where it stands, and is there for another purpose. */
const MEASURED: readonly string[] = ["gateway", "edge", "log-collector", "job-scheduler"];

/** The containers that monitoring adds, whose names no service may have. */
export const MONITORING_CONTAINERS: readonly string[] = Object.keys(MONITORING_PARTS).filter(
  (part) => !MEASURED.includes(part),
);

/**
 * The owner, in labels, of the volumes of metrics and silences, which are made again from nothing; the dot keeps it
 * apart from every name of a user's.
 */
export const MONITORING_WORK_OWNER = "monitoring.work";

/** The path of the gateway's own counters of answers by status, beside /metrics. */
export const ANSWERS_PATH = "/answers";

/** A part's address within the network. @param subnet `a.b.c.0/24` */
export const monitoringAddress = (subnet: string, part: MonitoringPart): string =>
  subnet.replace(/\.0\/24$/, `.${MONITORING_PARTS[part].host}`);

/** `address:port` of a part. */
export const monitoringEndpoint = (subnet: string, part: MonitoringPart): string =>
  `${monitoringAddress(subnet, part)}:${MONITORING_PARTS[part].port}`;
