import * as pulumi from "@pulumi/pulumi";
import { acmeOf, monitoringOf, routeHosts, scheduledJobs, secretOf, sendsAlerts, sinkOf } from "../config";
import type { Workload } from "../hardening/container/workload";
import { defined } from "../hardening/defined";
import { acmeRules } from "../hardening/monitoring/acme-rules";
import {
  ALERTMANAGER_FILE,
  renderAlertmanagerConfig,
  type AlertReceivers,
} from "../hardening/monitoring/alertmanager-config";
import {
  ENGINE_METRICS_FILES,
  engineMetricsScript,
  renderEngineMetricsConfig,
} from "../hardening/monitoring/engine-metrics";
import { MONITORING_WORK_OWNER, monitoringEndpoint } from "../hardening/monitoring/parts";
import {
  jobRules,
  PROMETHEUS_FILES,
  prometheusRules,
  renderPrometheusConfig,
} from "../hardening/monitoring/prometheus-config";
import {
  REDIS_METRICS_FILES,
  REDIS_METRICS_SECRETS,
  redisMetricsScript,
  renderRedisMetricsConfig,
} from "../hardening/monitoring/redis-metrics";
import {
  alertmanagerWorkload,
  engineMetricsWorkload,
  hostMetricsWorkload,
  postgresMetricsWorkload,
  prometheusWorkload,
  redisMetricsWorkload,
  type MonitoringSettings,
} from "../hardening/monitoring/workloads";
import type { FilesByName } from "../resources/carrier";
import { createContainer } from "../resources/container";
import type { NetworkNames, StackContext } from "../resources/context";
import { networkSubnet, socketGroup } from "../resources/on-engine";
import { DataVolume } from "./data-volume";
import { MountedFiles } from "./mounted-files";

export interface MonitoringArgs {
  readonly networks: NetworkNames;
  /** What is measured of the stack's database. @default it has none */
  readonly postgres?: MeasuredPostgres;
  /** What is measured of the stack's cache. @default it has none */
  readonly redis?: MeasuredRedis;
}

/** How the user that measures Redis logs in. */
export interface MeasuredRedis {
  readonly password: pulumi.Output<string>;
  /** The authority's certificate, where Redis takes TLS only. @default it speaks in clear */
  readonly ca?: pulumi.Output<string>;
  /** The server, with its users. */
  readonly dependsOn: pulumi.Resource[];
}

/** How the role `monitor` logs in. */
export interface MeasuredPostgres {
  /** `host:port/database?parameters`, with TLS verified by /run/secrets/database_ca. */
  readonly server: string;
  readonly user: string;
  readonly password: pulumi.Output<string>;
  /** The authority's certificate. */
  readonly ca: pulumi.Output<string>;
  /** When the authority ends, in ISO 8601. */
  readonly authorityEnd: string;
  /** The server and the role. */
  readonly dependsOn: pulumi.Resource[];
}

type MonitoringConfig = NonNullable<ReturnType<typeof monitoringOf>>;

/** Files in a volume of their own, by the key of its mount. */
interface PartFiles {
  readonly key: string;
  readonly files: FilesByName;
  readonly secret: boolean;
}

/** A container of monitoring: its volumes by the keys of its mounts, and what it waits for. */
interface Part {
  readonly workload: Workload;
  readonly files?: readonly PartFiles[];
  readonly data?: string;
  readonly dependsOn?: pulumi.Resource[];
}

/** Prometheus, Alertmanager and what measures for them, on a network of their own: see docs/monitoring.md. */
export class Monitoring extends pulumi.ComponentResource {
  constructor(
    private readonly name: string,
    private readonly context: StackContext,
    private readonly args: MonitoringArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("rampart:monitoring:Monitoring", name, {}, opts);
    const monitoring = monitoringOf(context.config);
    if (monitoring === undefined) throw new Error("monitoring is false: there is nothing to make");
    const settings = monitoringSettings(context, monitoring, args.postgres);
    const { subnet } = settings;
    this.create({ workload: hostMetricsWorkload(settings) });
    this.create({ workload: engineMetricsWorkload(settings), files: [engineFiles(subnet)] });
    this.createPostgres(settings);
    this.createRedis(settings);
    this.create({
      workload: alertmanagerWorkload(settings),
      files: [alertmanagerFiles(monitoring)],
      data: "alertmanager-data",
    });
    this.create({
      workload: prometheusWorkload(settings),
      files: [prometheusFiles(settings, args, measuredOf(context.config))],
      data: "prometheus-data",
    });
    this.registerOutputs({});
  }

  private createPostgres(settings: MonitoringSettings): void {
    const { postgres } = this.args;
    if (postgres === undefined) return;
    const { password, ca, dependsOn, server, user } = postgres;
    this.create({
      workload: postgresMetricsWorkload(settings, { server, user }),
      files: [
        {
          key: "postgres-secrets",
          files: { database_ca: { content: ca }, postgres_password: { content: password } },
          secret: true,
        },
      ],
      dependsOn,
    });
  }

  private createRedis(settings: MonitoringSettings): void {
    const { redis } = this.args;
    if (redis === undefined) return;
    const { password, ca, dependsOn } = redis;
    this.create({
      workload: redisMetricsWorkload(settings),
      files: [redisFiles(settings.subnet, ca !== undefined), redisSecrets(password, ca)],
      dependsOn,
    });
  }

  private create({ workload, files = [], data, dependsOn = [] }: Part): void {
    const { context, name } = this;
    const owner = workload.name;
    const volumes: Record<string, pulumi.Output<string>> = {};
    const waits: pulumi.Resource[] = [...dependsOn];
    for (const { key, ...contents } of files) {
      const mounted = new MountedFiles(`${name}-${key}`, context, { owner, ...contents }, { parent: this });
      volumes[key] = mounted.volumeName;
      waits.push(mounted.carrier);
    }
    if (data !== undefined) {
      const args = { owner: MONITORING_WORK_OWNER, protect: false, shared: true };
      const volume = new DataVolume(`${name}-${data}`, context, args, { parent: this });
      volumes[data] = volume.volumeName;
      waits.push(volume.ready);
    }
    createContainer(context, `${name}-${owner}`, workload, {
      networks: this.args.networks,
      volumes,
      parent: this,
      // Two cannot hold one address.
      lifecycle: "exclusive",
      dependsOn: waits,
    });
  }
}

function monitoringSettings(
  context: StackContext,
  { retentionDays, resources }: MonitoringConfig,
  postgres: MeasuredPostgres | undefined,
): MonitoringSettings {
  const { config, engine, images } = context;
  return {
    stack: config.stack,
    subnet: networkSubnet(context, "monitoring"),
    retentionDays,
    resources,
    sends: sendsAlerts(config),
    logging: config.logging,
    images: {
      prometheus: images.reference("prometheus"),
      alertmanager: images.reference("alertmanager"),
      "node-exporter": images.reference("node-exporter"),
      "postgres-exporter": images.reference("postgres-exporter"),
      haproxy: images.reference("haproxy"),
    },
    ...defined({ socketGroup: socketGroup(config, engine), authorityEnd: postgres?.authorityEnd }),
  };
}

const engineFiles = (subnet: string): PartFiles => ({
  key: "engine-config",
  files: {
    [ENGINE_METRICS_FILES.config]: {
      content: renderEngineMetricsConfig({ listen: monitoringEndpoint(subnet, "engine-metrics"), subnet }),
    },
    [ENGINE_METRICS_FILES.script]: { content: engineMetricsScript() },
  },
  secret: false,
});

const redisFiles = (subnet: string, tls: boolean): PartFiles => ({
  key: "redis-config",
  files: {
    [REDIS_METRICS_FILES.config]: {
      content: renderRedisMetricsConfig({ listen: monitoringEndpoint(subnet, "redis-metrics"), subnet, tls }),
    },
    [REDIS_METRICS_FILES.script]: { content: redisMetricsScript() },
  },
  secret: false,
});

const redisSecrets = (password: pulumi.Output<string>, ca: pulumi.Output<string> | undefined): PartFiles => ({
  key: "redis-secrets",
  files: {
    [REDIS_METRICS_SECRETS.password]: { content: password },
    ...(ca === undefined ? {} : { [REDIS_METRICS_SECRETS.ca]: { content: ca } }),
  },
  secret: true,
});

/** What the stack has besides that is measured. */
interface Measured {
  /** The hosts whose certificates an ACME server issues. */
  readonly hosts: readonly string[];
  /** Whether logs are handed to a sink. */
  readonly logs: boolean;
  /** Whether there are jobs with a schedule. */
  readonly jobs: boolean;
}

const measuredOf = (config: StackContext["config"]): Measured => ({
  hosts: acmeOf(config.certificates) === undefined ? [] : routeHosts(config),
  logs: sinkOf(config) !== undefined,
  jobs: scheduledJobs(config).length > 0,
});

const prometheusFiles = (
  { subnet, stack }: MonitoringSettings,
  { postgres, redis }: MonitoringArgs,
  { hosts, logs, jobs }: Measured,
): PartFiles => ({
  key: "prometheus-config",
  files: {
    [PROMETHEUS_FILES.config]: {
      content: renderPrometheusConfig({
        subnet,
        stack,
        postgres: postgres !== undefined,
        redis: redis !== undefined,
        acme: hosts.length > 0,
        logs,
        jobs,
      }),
    },
    [PROMETHEUS_FILES.rules]: { content: prometheusRules() },
    ...(hosts.length === 0 ? {} : { [PROMETHEUS_FILES.acme]: { content: acmeRules(hosts) } }),
    ...(jobs ? { [PROMETHEUS_FILES.jobs]: { content: jobRules() } } : {}),
  },
  secret: false,
});

/** The receivers' secrets stand in the one file that Alertmanager reads, so the whole file is one. */
function alertmanagerFiles({ webhook, ntfy, email }: MonitoringConfig): PartFiles {
  const secret = (one: MonitoringConfig["webhook"]): pulumi.Input<string | undefined> =>
    one === undefined ? undefined : secretOf(one);
  const content = pulumi
    .all({
      webhook: secret(webhook),
      ntfyUrl: secret(ntfy?.url),
      ntfyToken: secret(ntfy?.token),
      password: secret(email?.password),
    })
    .apply(({ webhook: hook, ntfyUrl, ntfyToken, password }) => {
      const receivers: AlertReceivers = defined({
        webhook: hook,
        ntfy: ntfyUrl === undefined ? undefined : { url: ntfyUrl, ...defined({ token: ntfyToken }) },
        email: email && {
          to: email.to,
          from: email.from,
          server: email.server,
          ...defined({ username: email.username, password }),
        },
      });
      return renderAlertmanagerConfig(receivers);
    });
  return { key: "alertmanager-secrets", files: { [ALERTMANAGER_FILE]: { content } }, secret: true };
}
