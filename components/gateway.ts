import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import {
  accessUsers,
  asksBeforehand,
  corsOf,
  guardedHosts,
  monitoringOf,
  surfaceRoute,
  type LoadedConfig,
  type RouteConfig,
} from "../config";
import { hardenedWorkload } from "../hardening/container/hardened-workload";
import type { AcceptedException, NetworkAttachment, Workload } from "../hardening/container/workload";
import { publicIpv6 } from "../hardening/container/networks";
import { defined } from "../hardening/defined";
import { asksOverHttp, EDGE_ALIAS, TRAEFIK_PORTS } from "../hardening/edge";
import {
  authRequestScript,
  basicDigest,
  GATEWAY_ALIAS,
  GATEWAY_BASE_FILES,
  GATEWAY_PATHS,
  GATEWAY_PORTS,
  GATEWAY_ROUTE_FILES,
  gatewayApplyScript,
  renderGatewayBase,
  renderGatewayRoutes,
  type Access,
  type BasicLogin,
  type GatewayInput,
  type GatewayRoute,
  type Target,
} from "../hardening/gateway";
import { logsAddress } from "../hardening/logging/parts";
import { isPrivilegedPort } from "../hardening/rules";
import type { RoutedCanary } from "../resources/canary";
import { createCarrier } from "../resources/carrier";
import { createContainer } from "../resources/container";
import type { NetworkNames, StackContext } from "../resources/context";
import { traefikCertificates } from "../resources/edge-certificates";
import { measured } from "../resources/measured";
import { networkSubnet } from "../resources/on-engine";
import { DataVolume } from "./data-volume";
import { MountedFiles } from "./mounted-files";

const GATEWAY_NAME = "gateway";
/** The official HAProxy image's own user. */
const GATEWAY_USER = "99:99";
const MIB = 1024 * 1024;
const KIB = 1024;

export interface GatewayArgs {
  readonly networks: NetworkNames;
  readonly services: readonly RoutedService[];
}

/** A service that has routes, and where this version of it is found. */
export interface RoutedService {
  readonly name: string;
  readonly routes: readonly RouteConfig[];
  readonly port: number;
  readonly replicas: number;
  readonly alias: pulumi.Output<string>;
  /** @default none */
  readonly canary?: RoutedCanary;
  readonly ready: readonly pulumi.Input<pulumi.Resource>[];
}

/**
 * HAProxy: the only container that publishes ports. It leads TLS to the edge, takes back what was inside, and judges
 * each request by the limits of its route. No network that it is on has a way out.
 */
export class Gateway extends pulumi.ComponentResource {
  /** The passwords of management surfaces, by user. */
  readonly passwords: Readonly<Record<string, pulumi.Output<string>>>;

  constructor(name: string, context: StackContext, args: GatewayArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rampart:gateway:Gateway", name, {}, opts);
    const { config } = context;
    const { connections, gateway } = config.edge;
    const asks = asksBeforehand(config);
    const base = renderGatewayBase({
      connections,
      memoryMiB: gateway.memoryMiB,
      threads: Math.ceil(gateway.cpus),
      ...(asks ? { authScript: `${GATEWAY_PATHS.base}/${GATEWAY_BASE_FILES.auth}` } : {}),
    });
    const configuration = new MountedFiles(
      `${name}-config`,
      context,
      {
        owner: GATEWAY_NAME,
        secret: false,
        files: {
          [GATEWAY_BASE_FILES.config]: { content: base },
          [GATEWAY_BASE_FILES.apply]: { content: gatewayApplyScript() },
          ...(asks ? { [GATEWAY_BASE_FILES.auth]: { content: authRequestScript() } } : {}),
        },
      },
      { parent: this },
    );
    const routes = new DataVolume(
      `${name}-routes`,
      context,
      { owner: GATEWAY_NAME, protect: false, shared: false },
      { parent: this },
    );
    const { container, running } = createContainer(context, name, gatewayWorkload(context), {
      networks: args.networks,
      volumes: { config: configuration.volumeName, routes: routes.volumeName },
      parent: this,
      // Two cannot publish one port.
      lifecycle: "exclusive",
      dependsOn: [configuration.carrier],
    });
    this.passwords = Object.fromEntries(
      accessUsers(config).map((user) => [user, context.secrets.password(`access-${user}`)]),
    );
    const logins = pulumi
      .all(this.passwords)
      .apply((passwords) =>
        Object.entries(passwords).map(([user, password]) => ({ user, digest: basicDigest(user, password) })),
      );
    // A digest of so long a password tells nothing, and the routes stay legible in a preview.
    const rendered = pulumi
      .all([pulumi.all(args.services.map(targetOf)), pulumi.unsecret(logins)])
      .apply(([targets, digests]) => renderGatewayRoutes(gatewayInput(context, args.services, targets, digests)));
    // Written once every service of this version is healthy; the old containers stop after the gateway has taken it.
    const written = createCarrier(
      `${name}-routes`,
      context,
      {
        owner: GATEWAY_NAME,
        volumeName: routes.volumeName,
        files: {
          [GATEWAY_ROUTE_FILES.config]: { content: rendered.config },
          [GATEWAY_ROUTE_FILES.servers]: { content: rendered.servers },
          [GATEWAY_ROUTE_FILES.shape]: { content: rendered.shape },
        },
      },
      {
        parent: this,
        hooks: context.hooks.filesApplied({
          name: `${name}-routes`,
          owner: GATEWAY_NAME,
          script: `${GATEWAY_PATHS.base}/${GATEWAY_BASE_FILES.apply}`,
        }),
        dependsOn: [running, ...args.services.flatMap(({ ready }) => ready)],
      },
    );
    if (config.edge.ipv6) this.proveIpv6(name, context, container, written);
    this.registerOutputs({});
  }

  /** The receipt that clients of IPv6 keep their addresses; asked again of each new container. */
  private proveIpv6(name: string, context: StackContext, container: docker.Container, written: pulumi.Resource): void {
    const hooks = context.hooks.ipv6({
      name: `${name}-ipv6`,
      image: context.images.reference("haproxy"),
      port: context.config.edge.httpsPort,
    });
    const keepers = { container: container.id };
    new random.RandomId(`${name}-ipv6`, { byteLength: 4, keepers }, { parent: this, dependsOn: [written], hooks });
  }
}

function gatewayInput(
  context: StackContext,
  services: readonly RoutedService[],
  targets: readonly Target[],
  logins: readonly BasicLogin[],
): GatewayInput {
  const acme = asksOverHttp({ certificates: traefikCertificates(context.config) });
  const { config } = context;
  return {
    edgeSubnet: networkSubnet(context, "gateway"),
    ...(monitoringOf(config) === undefined ? {} : { metricsSubnet: networkSubnet(context, "monitoring") }),
    edge: { host: EDGE_ALIAS, tls: TRAEFIK_PORTS.websecure, ...(acme ? { acme: TRAEFIK_PORTS.acme } : {}) },
    http: config.edge.httpPort !== false,
    connections: config.edge.connections,
    externalHttpsPort: config.edge.httpsPort,
    guardedHosts: guardedHosts(config),
    ...(config.edge.ipv6 ? { ipv6Engine: publicIpv6(config.name).gateway } : {}),
    trustedProxies: config.edge.trustedProxies,
    maintenance: config.edge.maintenance,
    routes: services.flatMap((service, index) =>
      service.routes.map((route, position) => ({
        ...gatewayRoute(service, route, position, targets[index] ?? { alias: service.name, port: service.port }),
        ...defined({ cors: corsOf(config, route), access: gatewayAccess(config, route, logins) }),
      })),
    ),
  };
}

/** Where the gateway leads the requests of a service, once the names of its versions are known. */
const targetOf = ({ alias, port, replicas, canary }: RoutedService): pulumi.Output<Target> =>
  pulumi.all([alias, canary?.alias]).apply(([main, second]) => ({
    alias: main,
    port,
    replicas,
    ...(canary === undefined || second === undefined ? {} : { canary: { ...canary, alias: second } }),
  }));

function gatewayRoute(service: RoutedService, route: RouteConfig, position: number, target: Target): GatewayRoute {
  const { contentSecurityPolicy, response, fromApplication } = route.headers;
  return {
    // A service's name starts with a letter, so this one cannot be a service's.
    name: position === 0 ? service.name : `${position + 1}-${service.name}`,
    host: route.host,
    pathPrefix: route.pathPrefix,
    target,
    sticky: route.sticky,
    rateLimit: route.rateLimit,
    inFlight: route.inFlight,
    timeouts: route.timeouts,
    methods: route.methods,
    maxBodyBytes: Math.ceil(route.maxBodyMiB * MIB),
    maxHeaderBytes: route.maxHeaderKiB * KIB,
    webSocket: route.webSocket,
    streaming: route.streaming,
    headers: {
      extra: response,
      fromApplication,
      ...defined({ contentSecurityPolicy }),
    },
    ...defined({ contentTypes: route.contentTypes }),
  };
}

function gatewayAccess(
  config: LoadedConfig,
  { access }: RouteConfig,
  logins: readonly BasicLogin[],
): Access | undefined {
  if (access === undefined) return undefined;
  const { sources, basicAuth, forwardAuth } = access;
  const forward = forwardAuth && {
    target: `${forwardAuth.service}:${config.services[forwardAuth.service]?.port ?? 0}`,
    path: forwardAuth.path,
    headers: forwardAuth.headers,
    ...defined({ signIn: forwardAuth.signIn }),
  };
  const basic = basicAuth && logins.filter(({ user }) => basicAuth.users.includes(user));
  return { sources, ...defined({ basic, forward }) };
}

/** The gateway is with the logs only where somebody may look at them. */
const wayToLogs = (context: StackContext): NetworkAttachment[] =>
  surfaceRoute(context.config) === undefined
    ? []
    : [{ network: "logs", ipv4Address: logsAddress(networkSubnet(context, "logs"), "gateway") }];

function gatewayWorkload(context: StackContext): Workload {
  const { config, images } = context;
  const { base, routes } = GATEWAY_PATHS;
  const { listenAddress, httpPort, httpsPort, ipv6 } = config.edge;
  return hardenedWorkload({
    name: GATEWAY_NAME,
    component: "gateway",
    image: images.reference("haproxy"),
    command: ["haproxy", "-f", `${base}/${GATEWAY_BASE_FILES.config}`, "-f", routes],
    user: GATEWAY_USER,
    networks: [
      { network: "public" },
      { network: "gateway", aliases: [GATEWAY_ALIAS] },
      { network: "proxy" },
      ...measured(context, "gateway"),
      ...wayToLogs(context),
    ],
    publishedPorts: [
      ...(httpPort === false ? [] : [{ ip: listenAddress, external: httpPort, internal: GATEWAY_PORTS.http }]),
      { ip: listenAddress, external: httpsPort, internal: GATEWAY_PORTS.tls },
      ...(ipv6 && httpPort !== false ? [{ ip: "::", external: httpPort, internal: GATEWAY_PORTS.http6 }] : []),
      ...(ipv6 ? [{ ip: "::", external: httpsPort, internal: GATEWAY_PORTS.tls6 }] : []),
    ],
    mounts: [
      { kind: "volume", volume: "config", target: base, readOnly: true },
      { kind: "volume", volume: "routes", target: routes, readOnly: true },
    ],
    tmpfs: [{ path: "/tmp", sizeMiB: 4 }],
    resources: config.edge.gateway,
    healthCheck: {
      test: ["CMD", "wget", "-q", "-O", "/dev/null", `http://127.0.0.1:${GATEWAY_PORTS.health}/ping`],
      intervalSeconds: 2,
      timeoutSeconds: 3,
      startPeriodSeconds: 10,
      retries: 5,
    },
    // HAProxy's soft stop: running requests end first.
    stopSignal: "SIGUSR1",
    stopGraceSeconds: 15,
    logging: config.logging,
    accepted: gatewayExceptions(config),
  });
}

/** What a way in from outside cannot hold, as the posture says it. */
function gatewayExceptions(config: LoadedConfig): AcceptedException[] {
  const { listenAddress, httpPort, httpsPort } = config.edge;
  const privileged = [httpPort, httpsPort].some((port) => port !== false && isPrivilegedPort(port));
  return [
    ...(privileged
      ? [
          {
            rule: "cis-5.8",
            reason: "the edge serves the standard web ports; inside the container HAProxy listens on unprivileged ones",
          },
        ]
      : []),
    { rule: "cis-5.9", reason: "the gateway is the stack's one way in" },
    ...(listenAddress === "0.0.0.0"
      ? [
          {
            rule: "cis-5.14",
            reason: "the edge is reached on all of the host's addresses; set rampart:edge.listenAddress to narrow it",
          },
        ]
      : []),
  ];
}
