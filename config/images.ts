/** The images that Rampart itself brings, pinned by digest. A stack overrides one with `rampart:images`. */
export const IMAGE_PINS = {
  traefik: "traefik:v3.7.13@sha256:24841fe2de7304c149343d877d2923b4c8800a38ba015dea9174c23b20e344a0",
  postgres: "postgres:16.15-alpine@sha256:cf78e76683b9ca8c5733cbbdce6c9262b45b6767934dd0a95e671f9a0fc20685",
  redis: "redis:7.4.11-alpine@sha256:858f009f9709ce576febc734aa78b8f6d624b82571f9ddb6bda4377c833b3499",
  haproxy: "haproxy:3.2-alpine@sha256:79799e8b2977e60802774fa53d29e6b54e045402cdd8a8b9fe43923e7095a047",
  restic: "restic/restic:0.18.1@sha256:39d9072fb5651c80d75c7a811612eb60b4c06b32ffe87c2e9f3c7222e1797e76",
  prometheus: "prom/prometheus:v3.5.0@sha256:63805ebb8d2b3920190daf1cb14a60871b16fd38bed42b857a3182bc621f4996",
  alertmanager: "prom/alertmanager:v0.28.1@sha256:27c475db5fb156cab31d5c18a4251ac7ed567746a2483ff264516437a39b15ba",
  "node-exporter": "prom/node-exporter:v1.9.1@sha256:d00a542e409ee618a4edc67da14dd48c5da66726bbd5537ab2af9c1dfc442c8a",
  "postgres-exporter":
    "quay.io/prometheuscommunity/postgres-exporter" +
    ":v0.17.1@sha256:38606faa38c54787525fb0ff2fd6b41b4cfb75d455c1df294927c5f611699b17",
  "victoria-logs":
    "victoriametrics/victoria-logs" +
    ":v1.52.0@sha256:47b820890d64c4575a2a0a46415dcd8a4fd59a0f1fcd6a377693d7aea639442e",
  socat: "alpine/socat:1.8.1.3@sha256:82ad20f6f6e29b91ff33b6662d24063522b1378f08fd8569cd3ab412cac13f50",
} as const;

/** What only a stack with `rampart:monitoring` pulls. */
const MONITORING_ROLES: readonly string[] = ["prometheus", "alertmanager", "node-exporter", "postgres-exporter"];

/** What only a stack whose logs stay on its host pulls. */
const LOGGING_ROLES: readonly string[] = ["victoria-logs"];

export type ImageRole = keyof typeof IMAGE_PINS;

export const IMAGE_ROLES = Object.keys(IMAGE_PINS) as ImageRole[];

/** Whether a stack pulls the image only where it is monitored. */
export const isMonitoringRole = (role: ImageRole): boolean => MONITORING_ROLES.includes(role);

/** Whether a stack pulls the image only where it keeps its logs itself. */
export const isLoggingRole = (role: ImageRole): boolean => LOGGING_ROLES.includes(role);
