/** Prometheus' configuration: what is scraped, how often, and what of it is kept. */
import { stringify } from "yaml";
import { fileText } from "../files";
import { monitoringEndpoint, ANSWERS_PATH, type MonitoringPart } from "./parts";

/** Where the container finds its configuration and the rules. */
export const PROMETHEUS_DIRECTORY = "/etc/prometheus";
export const PROMETHEUS_FILES = {
  config: "prometheus.yml",
  rules: "rules.yml",
  acme: "acme-rules.yml",
  jobs: "job-rules.yml",
} as const;

/** The rules about jobs, for a stack that has some with a schedule. */
export const jobRules = (): string => fileText(__dirname, PROMETHEUS_FILES.jobs);

/** The rules: the same for every stack. One about what a stack has not got never fires. */
export const prometheusRules = (): string => fileText(__dirname, PROMETHEUS_FILES.rules);

export interface PrometheusInput {
  /** The network's subnet (CIDR). */
  readonly subnet: string;
  /** The stack's name: a label of every alert. */
  readonly stack: string;
  readonly postgres: boolean;
  readonly redis: boolean;
  /** Whether logs are handed to a sink. */
  readonly logs: boolean;
  /** Whether there are jobs with a schedule. */
  readonly jobs: boolean;
  /** Whether there are rules about an ACME server. */
  readonly acme: boolean;
}

interface Scrape {
  readonly job: string;
  readonly part: MonitoringPart;
  readonly path?: string;
  /** The metrics that are kept, as a regular expression: what no rule and no person asks for costs memory. */
  readonly keep?: string;
}

const SCRAPES: readonly Scrape[] = [
  { job: "prometheus", part: "prometheus", keep: "prometheus_(build_info|notifications_.*|tsdb_head_series|rule_.*)" },
  { job: "alertmanager", part: "alertmanager", keep: "alertmanager_.*" },
  {
    job: "gateway",
    part: "gateway",
    keep:
      "haproxy_process_(current_connections|max_connections|start_time_seconds)|" +
      "haproxy_frontend_(current_sessions|http_requests_total|http_responses_total)|" +
      "haproxy_backend_(http_responses_total|response_time_average_seconds|current_sessions|active_servers)",
  },
  { job: "answers", part: "gateway", path: ANSWERS_PATH },
  { job: "edge", part: "edge", keep: "traefik_(tls_certs_not_after|config_reloads_total|open_connections)" },
  { job: "host", part: "host-metrics", keep: "node_.*" },
  { job: "engine", part: "engine-metrics" },
];

const POSTGRES: Scrape = {
  job: "postgres",
  part: "postgres-metrics",
  keep: "pg_(up|stat_activity_count|stat_database_.*|database_size_bytes|settings_max_connections|locks_count)",
};

const REDIS: Scrape = { job: "redis", part: "redis-metrics" };

const LOGS: Scrape = { job: "logs", part: "log-collector" };

const JOBS: Scrape = { job: "jobs", part: "job-scheduler" };

/** Targets are fixed addresses: there is nothing to discover. Sorted keys, so that the same input is the same bytes. */
export function renderPrometheusConfig(input: PrometheusInput): string {
  const { subnet, stack, postgres, redis, acme, logs, jobs } = input;
  const scrape = ({ job, part, path = "/metrics", keep }: Scrape): object => ({
    job_name: job,
    metrics_path: path,
    static_configs: [{ targets: [monitoringEndpoint(subnet, part)] }],
    ...(keep === undefined
      ? {}
      : { metric_relabel_configs: [{ action: "keep", regex: keep, source_labels: ["__name__"] }] }),
  });
  return stringify(
    {
      alerting: {
        alertmanagers: [{ static_configs: [{ targets: [monitoringEndpoint(subnet, "alertmanager")] }] }],
      },
      global: { evaluation_interval: "15s", external_labels: { stack }, scrape_interval: "15s", scrape_timeout: "10s" },
      rule_files: [
        PROMETHEUS_FILES.rules,
        ...(acme ? [PROMETHEUS_FILES.acme] : []),
        ...(jobs ? [PROMETHEUS_FILES.jobs] : []),
      ].map((file) => `${PROMETHEUS_DIRECTORY}/${file}`),
      scrape_configs: [
        ...SCRAPES,
        ...(postgres ? [POSTGRES] : []),
        ...(redis ? [REDIS] : []),
        ...(logs ? [LOGS] : []),
        ...(jobs ? [JOBS] : []),
      ].map(scrape),
    },
    { sortMapEntries: true, lineWidth: 0, aliasDuplicateObjects: false },
  );
}
