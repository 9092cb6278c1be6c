import * as pulumi from "@pulumi/pulumi";
import { monitoringOf, secretOf, sinkOf, surfaceRoute, type LogSink as Sink } from "../config";
import { addressOf } from "../config/values/sink";
import type { NetworkAttachment } from "../hardening/container/workload";
import { defined } from "../hardening/defined";
import {
  COLLECTOR_CONFIG,
  COLLECTOR_SECRETS,
  collectorScript,
  collectorScripts,
  LOG_PERMISSIONS,
  renderCollectorConfig,
  type SinkTarget,
} from "../hardening/logging/collector";
import { LOG_COLLECTOR, LOG_STORE, LOG_STORE_PORT, LOGGING_WORK_OWNER, logsAddress } from "../hardening/logging/parts";
import { collectorWorkload, storeWorkload } from "../hardening/logging/workloads";
import { monitoringEndpoint } from "../hardening/monitoring/parts";
import type { FilesByName } from "../resources/carrier";
import { createContainer } from "../resources/container";
import type { NetworkNames, StackContext } from "../resources/context";
import { measured } from "../resources/measured";
import { networkSubnet, socketGroup } from "../resources/on-engine";
import { DataVolume } from "./data-volume";
import type { RoutedService } from "./gateway";
import { MountedFiles } from "./mounted-files";
import { SocketProxy } from "./socket-proxy";

/** VictoriaLogs takes lines as JSON; each container's are a stream of their own. */
const STORE_PATH = "/insert/jsonline?_stream_fields=stack,container,stream";

export interface LogSinkArgs {
  readonly networks: NetworkNames;
}

/** What hands the logs of a stack to their sink, and the sink where the stack has its own: see docs/logging.md. */
export class LogSink extends pulumi.ComponentResource {
  /** The stack's own store, where somebody may look at it: the gateway leads there. */
  readonly surface: RoutedService | undefined;

  constructor(
    private readonly name: string,
    private readonly context: StackContext,
    private readonly args: LogSinkArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("rampart:logging:LogSink", name, {}, opts);
    const sink = sinkOf(context.config);
    if (sink === undefined) throw new Error("logging.sink is none: there is nothing to make");
    const store = sink.kind === "builtin" ? [this.createStore(sink)] : [];
    this.createCollector(sink, store);
    const route = surfaceRoute(context.config);
    this.surface = route && {
      name: LOG_STORE,
      routes: [route],
      port: LOG_STORE_PORT,
      replicas: 1,
      alias: pulumi.output(LOG_STORE),
      ready: store,
    };
    this.registerOutputs({});
  }

  private createStore({ maxDiskMiB, protect, resources, retentionDays }: Extract<Sink, { readonly kind: "builtin" }>) {
    const { args, context, name } = this;
    const volume = new DataVolume(
      `${name}-data`,
      context,
      { owner: LOG_STORE, protect, shared: true },
      { parent: this },
    );
    const workload = storeWorkload({
      subnet: networkSubnet(context, "logs"),
      image: context.images.reference("victoria-logs"),
      logging: context.config.logging,
      retentionDays,
      maxDiskMiB,
      resources,
    });
    return createContainer(context, `${name}-store`, workload, {
      networks: args.networks,
      volumes: { data: volume.volumeName },
      parent: this,
      // Two cannot hold one address, or one store.
      lifecycle: "exclusive",
      dependsOn: [volume.ready],
    }).running;
  }

  private createCollector(sink: Sink, dependsOn: readonly pulumi.Input<pulumi.Resource>[]): void {
    const { args, context, name } = this;
    const { config, engine, images } = context;
    const group = defined({ socketGroup: socketGroup(config, engine) });
    const proxy = new SocketProxy(
      `${config.name}-docker-api-${LOG_COLLECTOR}`,
      context,
      {
        consumer: LOG_COLLECTOR,
        permissions: LOG_PERMISSIONS,
        // It reads what it did not create, and creates nothing.
        scope: "engine",
        images: [],
        containers: { memoryMiB: 16, cpus: 0.05, pids: 4 },
        egress: false,
        networks: args.networks,
        // It asks every two seconds, and its answer would be one more line to collect.
        logAllowed: false,
        ...group,
      },
      { parent: this },
    );
    const owner = LOG_COLLECTOR;
    const files = new MountedFiles(
      `${name}-config`,
      context,
      { owner, files: configFiles(context, sink), secret: false },
      { parent: this },
    );
    const secret = secretFiles(sink);
    const secrets =
      Object.keys(secret).length === 0
        ? undefined
        : new MountedFiles(`${name}-secrets`, context, { owner, files: secret }, { parent: this });
    const positions = new DataVolume(
      `${name}-positions`,
      context,
      { owner: LOGGING_WORK_OWNER, protect: false, shared: true },
      { parent: this },
    );
    const workload = collectorWorkload({
      stack: config.stack,
      image: images.reference("haproxy"),
      logging: config.logging,
      secrets: secrets !== undefined,
      networks: [wayToSink(context, sink), ...measured(context, LOG_COLLECTOR)],
      ...defined({ path: pathOf(sink) }),
    });
    createContainer(context, `${name}-collector`, workload, {
      networks: args.networks,
      volumes: {
        config: files.volumeName,
        positions: positions.volumeName,
        ...defined({ secrets: secrets?.volumeName }),
      },
      parent: this,
      // Two would send every line twice.
      lifecycle: "exclusive",
      dependsOn: [
        files.carrier,
        positions.ready,
        proxy.ready,
        ...dependsOn,
        ...(secrets === undefined ? [] : [secrets.carrier]),
      ],
    });
  }
}

const wayToSink = (context: StackContext, { kind }: Sink): NetworkAttachment =>
  kind === "builtin"
    ? { network: "logs", ipv4Address: logsAddress(networkSubnet(context, "logs"), LOG_COLLECTOR) }
    : { network: "egress" };

function targetOf(context: StackContext, sink: Sink): SinkTarget {
  switch (sink.kind) {
    case "builtin": {
      const host = logsAddress(networkSubnet(context, "logs"), LOG_STORE);
      return { protocol: "builtin", host, port: LOG_STORE_PORT, tls: "off" };
    }
    case "fluentd":
    case "syslog": {
      const [host = "", port = ""] = sink.server.split(":");
      return { protocol: sink.kind, host, port: Number(port), tls: trust(sink.tls, sink.ca) };
    }
    case "loki":
    case "otlp": {
      const address = addressOf(sink.url);
      if (address === undefined) throw new Error("logging.sink: the URL was judged, and is none");
      return { protocol: sink.kind, host: address.host, port: address.port, tls: trust(address.tls, sink.ca) };
    }
    default: {
      const unknown: never = sink;
      throw new Error(`not a sink: ${JSON.stringify(unknown)}`);
    }
  }
}

const trust = (tls: boolean, ca: string | undefined): SinkTarget["tls"] =>
  tls ? (ca === undefined ? "public" : "own") : "off";

const pathOf = (sink: Sink): string | undefined =>
  sink.kind === "builtin" ? STORE_PATH : "url" in sink ? addressOf(sink.url)?.path : undefined;

function configFiles(context: StackContext, sink: Sink): FilesByName {
  const target = targetOf(context, sink);
  const metrics = monitoringOf(context.config) === undefined ? undefined : networkSubnet(context, "monitoring");
  const config = renderCollectorConfig({
    sink: target,
    ...(metrics === undefined
      ? {}
      : { metrics: { listen: monitoringEndpoint(metrics, LOG_COLLECTOR), subnet: metrics } }),
  });
  return {
    [COLLECTOR_CONFIG]: { content: config },
    ...Object.fromEntries(
      collectorScripts(target.protocol).map((script) => [script, { content: collectorScript(script) }]),
    ),
  };
}

/** The receiver's roots, and the headers whose values are secret. */
function secretFiles(sink: Sink): FilesByName {
  if (sink.kind === "builtin") return {};
  const headers = "headers" in sink ? Object.entries(sink.headers).sort(([a], [b]) => (a < b ? -1 : 1)) : [];
  const content = pulumi
    .all(headers.map(([header, secret]) => secretOf(secret).apply((value) => `${header}: ${value}\n`)))
    .apply((lines) => lines.join(""));
  return {
    ...(sink.ca === undefined ? {} : { [COLLECTOR_SECRETS.ca]: { content: sink.ca } }),
    ...(headers.length === 0 ? {} : { [COLLECTOR_SECRETS.headers]: { content } }),
  };
}
