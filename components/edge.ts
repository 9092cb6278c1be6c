import * as pulumi from "@pulumi/pulumi";
import { acmeOf, guardedHosts, issuerOf, routeHosts, signsEdge, type LoadedConfig } from "../config";
import { LABEL_ROUTES_PROBE } from "../engine/hooks";
import { hardenedWorkload } from "../hardening/container/hardened-workload";
import { SECRETS_PATH, type Workload } from "../hardening/container/workload";
import {
  certResolverName,
  dynamicConfigProbePath,
  EDGE_ALIAS,
  renderTraefikDynamic,
  TRAEFIK_ACME_DIRECTORY,
  TRAEFIK_CERTIFICATES_FILE,
  TRAEFIK_CONFIG_DIRECTORY,
  TRAEFIK_DYNAMIC_DIRECTORY,
  TRAEFIK_PORTS,
  TRAEFIK_ROUTES_FILE,
  type ClientCertificates,
  type TraefikCertificates,
  type TraefikDynamicInput,
} from "../hardening/edge";
import { GATEWAY_ALIAS, GATEWAY_PORTS, guardedPorts } from "../hardening/gateway";
import { createCarrier } from "../resources/carrier";
import { createContainer } from "../resources/container";
import type { NetworkNames, StackContext } from "../resources/context";
import {
  dnsProvider,
  EDGE_STATIC_FILE,
  givenCertificates,
  staticFiles,
  traefikCertificates,
} from "../resources/edge-certificates";
import { measured } from "../resources/measured";
import type { Authority } from "./authority";
import { DataVolume } from "./data-volume";
import { MountedFiles } from "./mounted-files";
import { defined, listed } from "../hardening/defined";

/** Any uid but root's: the image needs none of its own. */
const EDGE_USER = "65532:65532";
const EDGE_NAME = "edge";
/** MiB of /tmp, which Traefik does not need for connections. */
const SCRATCH_MIB = 4;

export interface EdgeArgs {
  readonly networks: NetworkNames;
  /** Signs the certificate for all hosts of a self-signed stack. @default Traefik signs one by itself */
  readonly authority?: Authority;
}

interface RoutesArgs {
  /** The edge's resource name. */
  readonly name: string;
  readonly certificates: TraefikCertificates;
  readonly authority: Authority | undefined;
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
      { owner: EDGE_NAME, ...staticFiles(context) },
      { parent: this },
    );
    const provider = dnsProvider(context);
    const credentials =
      Object.keys(provider.files).length === 0
        ? undefined
        : new MountedFiles(`${name}-dns`, context, { owner: EDGE_NAME, files: provider.files }, { parent: this });
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
    const volumes = {
      config: configuration.volumeName,
      routes: routes.volumeName,
      ...defined({ acme: acme?.volumeName, secrets: credentials?.volumeName }),
    };
    const workload = edgeWorkload(context, { volumes: Object.keys(volumes), environment: provider.environment });
    const { running } = createContainer(context, name, workload, {
      networks: args.networks,
      volumes,
      parent: this,
      lifecycle: "exclusive",
      dependsOn: [configuration.carrier, ...listed(acme?.ready), ...listed(credentials?.carrier)],
    });
    this.writeRoutes(context, { name, certificates, authority: args.authority, volume: routes, running });
    this.registerOutputs({});
  }

  /** Hosts and certificates lie in a volume of their own, so that a new one does not restart the edge. */
  private writeRoutes(context: StackContext, { name, certificates, authority, volume, running }: RoutesArgs): void {
    const signed = signsEdge(context.config) ? authority?.server(EDGE_NAME, routeHosts(context.config)) : undefined;
    const given = givenCertificates(context, signed);
    const rendered = given.digest.apply((digest) =>
      renderTraefikDynamic(dynamicInput(context.config, certificates, digest)),
    );
    createCarrier(
      `${name}-routes`,
      context,
      {
        owner: EDGE_NAME,
        volumeName: volume.volumeName,
        files: {
          [TRAEFIK_ROUTES_FILE]: { content: rendered },
          [TRAEFIK_CERTIFICATES_FILE]: { content: given.content, secret: given.secret },
        },
        extraLabels: [{ label: LABEL_ROUTES_PROBE, value: rendered.apply(dynamicConfigProbePath) }],
      },
      {
        parent: this,
        hooks: context.hooks.routesApplied({ edgeName: EDGE_NAME, probePort: TRAEFIK_PORTS.ping }),
        dependsOn: [running],
      },
    );
  }
}

function clientCertificates(config: LoadedConfig): Readonly<Record<string, ClientCertificates>> {
  const ports = guardedPorts(guardedHosts(config));
  return Object.fromEntries(
    Object.entries(config.edge.clientCertificates).map(([host, { ca }]) => [
      host,
      { ca, gateway: `${GATEWAY_ALIAS}:${ports[host] ?? 0}` },
    ]),
  );
}

function dynamicInput(config: LoadedConfig, certificates: TraefikCertificates, digest?: string): TraefikDynamicInput {
  return {
    hosts: routeHosts(config),
    tls: config.edge.tls,
    gateway: `${GATEWAY_ALIAS}:${GATEWAY_PORTS.https}`,
    clientCertificates: clientCertificates(config),
    sniStrict: issuerOf(config.certificates) !== "self-signed",
    ...defined({
      certificates: digest,
      certResolver: certResolverName(certificates),
      domains: acmeOf(config.certificates)?.domains,
    }),
  };
}

interface EdgeParts {
  /** The volumes that it has, by their keys. */
  readonly volumes: readonly string[];
  /** Variables of a DNS provider. */
  readonly environment: Readonly<Record<string, string>>;
}

function edgeWorkload(context: StackContext, { volumes, environment }: EdgeParts): Workload {
  const { config, images } = context;
  const acme = volumes.includes("acme");
  return hardenedWorkload({
    name: EDGE_NAME,
    component: "edge",
    image: images.reference("traefik"),
    command: ["traefik", `--configFile=${TRAEFIK_CONFIG_DIRECTORY}/${EDGE_STATIC_FILE}`],
    // Go collects its garbage before the container's limit is reached, not after.
    environment: { ...environment, GOMEMLIMIT: `${Math.floor(config.edge.resources.memoryMiB * 0.9)}MiB` },
    user: EDGE_USER,
    networks: [
      ...(acme ? [{ network: "acme" as const }] : []),
      { network: "gateway", aliases: [EDGE_ALIAS] },
      ...measured(context, "edge"),
    ],
    mounts: [
      { kind: "volume", volume: "config", target: TRAEFIK_CONFIG_DIRECTORY, readOnly: true },
      { kind: "volume", volume: "routes", target: TRAEFIK_DYNAMIC_DIRECTORY, readOnly: true },
      ...(volumes.includes("secrets")
        ? [{ kind: "volume", volume: "secrets", target: SECRETS_PATH, readOnly: true } as const]
        : []),
      ...(acme ? [{ kind: "volume", volume: "acme", target: TRAEFIK_ACME_DIRECTORY, readOnly: false } as const] : []),
    ],
    tmpfs: [{ path: "/tmp", sizeMiB: SCRATCH_MIB }],
    resources: config.edge.resources,
    healthCheck: {
      test: ["CMD", "traefik", "healthcheck", `--configFile=${TRAEFIK_CONFIG_DIRECTORY}/${EDGE_STATIC_FILE}`],
      intervalSeconds: 2,
      timeoutSeconds: 3,
      startPeriodSeconds: 20,
      retries: 5,
    },
    // Said, although it is the default: `docker kill --signal HUP` of a container without a stop signal of its own
    // counts as a stop, and its restart policy is off from then on (seen on 20.10; the image says none).
    stopSignal: "SIGTERM",
    stopGraceSeconds: 15,
    startTimeoutSeconds: 60,
    logging: config.logging,
  });
}
