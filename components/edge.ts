import * as pulumi from "@pulumi/pulumi";
import { monitoringOf, routeHosts, type LoadedConfig } from "../config";
import { LABEL_ROUTES_PROBE } from "../engine/hooks";
import { hardenedWorkload } from "../hardening/container/hardened-workload";
import type { Workload } from "../hardening/container/workload";
import {
  certResolverName,
  dynamicConfigProbePath,
  EDGE_ALIAS,
  renderTraefikDynamic,
  renderTraefikStatic,
  TRAEFIK_ACME_DIRECTORY,
  TRAEFIK_CONFIG_DIRECTORY,
  TRAEFIK_DYNAMIC_DIRECTORY,
  TRAEFIK_PORTS,
  TRAEFIK_ROUTES_FILE,
  type TraefikCertificates,
  type TraefikDynamicInput,
} from "../hardening/edge";
import { GATEWAY_ALIAS, GATEWAY_PORTS } from "../hardening/gateway";
import { monitoringEndpoint } from "../hardening/monitoring/parts";
import { createCarrier } from "../resources/carrier";
import { createContainer } from "../resources/container";
import type { NetworkNames, StackContext } from "../resources/context";
import { ACME_CA_FILE, traefikCertificates } from "../resources/edge-certificates";
import { measured } from "../resources/measured";
import { networkSubnet } from "../resources/on-engine";
import { DataVolume } from "./data-volume";
import { MountedFiles } from "./mounted-files";
import { defined } from "../hardening/defined";

/** Any uid but root's: the image needs none of its own. */
const EDGE_USER = "65532:65532";
const EDGE_NAME = "edge";
/** MiB of /tmp, which Traefik does not need for connections. */
const SCRATCH_MIB = 4;
const STATIC_FILE = "traefik.yml";

export interface EdgeArgs {
  readonly networks: NetworkNames;
}

interface RoutesArgs {
  /** The edge's resource name. */
  readonly name: string;
  readonly certificates: TraefikCertificates;
  readonly volume: DataVolume;
  readonly running: pulumi.Input<pulumi.Resource>;
}

/**
 * Traefik: gets the certificates, ends TLS and leads what is inside back to the gateway. It publishes no port,
 * reaches no service, and has no access to the Docker API.
 */
export class Edge extends pulumi.ComponentResource {
  constructor(name: string, context: StackContext, args: EdgeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rampart:edge:Edge", name, {}, opts);
    const { config } = context;
    const certificates = traefikCertificates(config);
    const configuration = new MountedFiles(
      `${name}-config`,
      context,
      { owner: EDGE_NAME, secret: false, files: staticFiles(context, certificates) },
      { parent: this },
    );
    const acme =
      certificates.kind === "acme"
        ? new DataVolume(
            `${name}-acme-${certificates.resolver}`,
            context,
            { owner: EDGE_NAME, protect: false, shared: true },
            { parent: this },
          )
        : undefined;
    const routes = new DataVolume(
      `${name}-routes`,
      context,
      { owner: EDGE_NAME, protect: false, shared: false },
      { parent: this },
    );
    const { running } = createContainer(context, name, edgeWorkload(context, acme !== undefined), {
      networks: args.networks,
      volumes: {
        config: configuration.volumeName,
        routes: routes.volumeName,
        ...(acme === undefined ? {} : { acme: acme.volumeName }),
      },
      parent: this,
      lifecycle: "exclusive",
      dependsOn: [configuration.carrier, ...(acme === undefined ? [] : [acme.ready])],
    });
    this.writeRoutes(context, { name, certificates, volume: routes, running });
    this.registerOutputs({});
  }

  /** The hosts lie in a volume of their own, so that a new one does not restart the edge. */
  private writeRoutes(context: StackContext, { name, certificates, volume, running }: RoutesArgs): void {
    const rendered = renderTraefikDynamic(dynamicInput(context.config, certificates));
    createCarrier(
      `${name}-routes`,
      context,
      {
        owner: EDGE_NAME,
        volumeName: volume.volumeName,
        files: { [TRAEFIK_ROUTES_FILE]: { content: rendered } },
        extraLabels: [{ label: LABEL_ROUTES_PROBE, value: dynamicConfigProbePath(rendered) }],
      },
      {
        parent: this,
        hooks: context.hooks.routesApplied({ edgeName: EDGE_NAME, probePort: TRAEFIK_PORTS.ping }),
        dependsOn: [running],
      },
    );
  }
}

function staticFiles(context: StackContext, certificates: TraefikCertificates): Record<string, { content: string }> {
  const { config } = context;
  const ca = typeof config.certificates === "object" ? config.certificates.ca : undefined;
  const content = renderTraefikStatic({
    http: config.edge.httpPort !== false,
    certificates,
    gatewaySubnet: networkSubnet(context, "gateway"),
    ...(monitoringOf(config) === undefined
      ? {}
      : { metrics: monitoringEndpoint(networkSubnet(context, "monitoring"), "edge") }),
  });
  return { [STATIC_FILE]: { content }, ...(ca === undefined ? {} : { [ACME_CA_FILE]: { content: ca } }) };
}

function dynamicInput(config: LoadedConfig, certificates: TraefikCertificates): TraefikDynamicInput {
  return {
    hosts: routeHosts(config),
    tls: config.edge.tls,
    gateway: `${GATEWAY_ALIAS}:${GATEWAY_PORTS.https}`,
    ...defined({ certResolver: certResolverName(certificates) }),
  };
}

function edgeWorkload(context: StackContext, acme: boolean): Workload {
  const { config, images } = context;
  return hardenedWorkload({
    name: EDGE_NAME,
    component: "edge",
    image: images.reference("traefik"),
    command: ["traefik", `--configFile=${TRAEFIK_CONFIG_DIRECTORY}/${STATIC_FILE}`],
    // Go collects its garbage before the container's limit is reached, not after.
    environment: { GOMEMLIMIT: `${Math.floor(config.edge.resources.memoryMiB * 0.9)}MiB` },
    user: EDGE_USER,
    networks: [
      ...(acme ? [{ network: "acme" as const }] : []),
      { network: "gateway", aliases: [EDGE_ALIAS] },
      ...measured(context, "edge"),
    ],
    mounts: [
      { kind: "volume", volume: "config", target: TRAEFIK_CONFIG_DIRECTORY, readOnly: true },
      { kind: "volume", volume: "routes", target: TRAEFIK_DYNAMIC_DIRECTORY, readOnly: true },
      ...(acme ? [{ kind: "volume", volume: "acme", target: TRAEFIK_ACME_DIRECTORY, readOnly: false } as const] : []),
    ],
    tmpfs: [{ path: "/tmp", sizeMiB: SCRATCH_MIB }],
    resources: config.edge.resources,
    healthCheck: {
      test: ["CMD", "traefik", "healthcheck", `--configFile=${TRAEFIK_CONFIG_DIRECTORY}/${STATIC_FILE}`],
      intervalSeconds: 2,
      timeoutSeconds: 3,
      startPeriodSeconds: 20,
      retries: 5,
    },
    // Said, although it is the default: `docker kill --signal HUP` of a container without a stop signal of its own
    // counts
    // as a stop, and its restart policy is off from then on (seen on 20.10; the image says none).
    stopSignal: "SIGTERM",
    stopGraceSeconds: 15,
    startTimeoutSeconds: 60,
    logging: config.logging,
  });
}
