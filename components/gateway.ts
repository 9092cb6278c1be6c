import * as pulumi from "@pulumi/pulumi";
import { corsOf, type RouteConfig } from "../config";
import { hardenedWorkload } from "../hardening/container/hardened-workload";
import type { Workload } from "../hardening/container/workload";
import { defined } from "../hardening/defined";
import { asksOverHttp, TRAEFIK_PORTS } from "../hardening/edge";
import {
  GATEWAY_ALIAS,
  GATEWAY_BASE_FILES,
  GATEWAY_PATHS,
  GATEWAY_PORTS,
  GATEWAY_ROUTE_FILES,
  gatewayApplyScript,
  renderGatewayBase,
  renderGatewayRoutes,
  type GatewayInput,
  type GatewayRoute,
} from "../hardening/gateway";
import { createCarrier } from "../resources/carrier";
import { createContainer } from "../resources/container";
import type { NetworkNames, StackContext } from "../resources/context";
import { networkPlan } from "../resources/on-engine";
import { DataVolume } from "./data-volume";
import { EDGE_ALIAS, traefikCertificates } from "./edge";
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
  readonly alias: pulumi.Output<string>;
  readonly ready: pulumi.Input<pulumi.Resource>;
}

/**
 * HAProxy: takes the connections that the edge has opened, and judges each request by the limits of its route. It is on
 * no network with a way out.
 */
export class Gateway extends pulumi.ComponentResource {
  /** Exists once the gateway serves this version of the routes. */
  readonly served: pulumi.Resource;

  constructor(name: string, context: StackContext, args: GatewayArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rampart:gateway:Gateway", name, {}, opts);
    const { config } = context;
    const { connections, gateway } = config.edge;
    const base = renderGatewayBase({ connections, memoryMiB: gateway.memoryMiB, threads: Math.ceil(gateway.cpus) });
    const configuration = new MountedFiles(
      `${name}-config`,
      context,
      {
        owner: GATEWAY_NAME,
        secret: false,
        files: {
          [GATEWAY_BASE_FILES.config]: { content: base },
          [GATEWAY_BASE_FILES.apply]: { content: gatewayApplyScript() },
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
    const { running } = createContainer(context, name, gatewayWorkload(context), {
      networks: args.networks,
      volumes: { config: configuration.volumeName, routes: routes.volumeName },
      parent: this,
      lifecycle: "replace",
      dependsOn: [configuration.carrier],
    });
    const rendered = pulumi
      .all(args.services.map(({ alias }) => alias))
      .apply((aliases) => renderGatewayRoutes(gatewayInput(context, args.services, aliases)));
    // Written once every service of this version is healthy; the old containers stop after the gateway has taken it.
    this.served = createCarrier(
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
        dependsOn: [running, ...args.services.map(({ ready }) => ready)],
      },
    );
    this.registerOutputs({});
  }
}

function gatewayInput(
  { config, engine }: StackContext,
  services: readonly RoutedService[],
  aliases: readonly string[],
): GatewayInput {
  const acme = asksOverHttp({ certificates: traefikCertificates(config) });
  const edgeSubnet = networkPlan(config, engine).find(({ name }) => name === "gateway")?.subnet;
  if (edgeSubnet === undefined) throw new Error("the stack has no network gateway");
  return {
    edgeSubnet,
    connections: config.edge.connections,
    externalHttpsPort: config.edge.httpsPort,
    trustedProxies: config.edge.trustedProxies,
    maintenance: config.edge.maintenance,
    routes: services.flatMap((service, index) =>
      service.routes.map((route, position) => ({
        ...gatewayRoute(service, route, position, aliases[index] ?? service.name),
        ...defined({ cors: corsOf(config, route) }),
      })),
    ),
    ...(acme ? { acmeTarget: `${EDGE_ALIAS}:${TRAEFIK_PORTS.acme}` } : {}),
  };
}

function gatewayRoute(service: RoutedService, route: RouteConfig, position: number, alias: string): GatewayRoute {
  const { contentSecurityPolicy, response, fromApplication } = route.headers;
  return {
    // A service's name starts with a letter, so this one cannot be a service's.
    name: position === 0 ? service.name : `${position + 1}-${service.name}`,
    host: route.host,
    pathPrefix: route.pathPrefix,
    target: { alias, port: service.port },
    rateLimit: route.rateLimit,
    inFlight: route.inFlight,
    timeouts: route.timeouts,
    methods: route.methods,
    maxBodyBytes: Math.ceil(route.maxBodyMiB * MIB),
    maxHeaderBytes: route.maxHeaderKiB * KIB,
    webSocket: route.webSocket || route.streaming,
    streaming: route.streaming,
    headers: {
      extra: response,
      fromApplication,
      ...defined({ contentSecurityPolicy }),
    },
    ...defined({ contentTypes: route.contentTypes }),
  };
}

function gatewayWorkload(context: StackContext): Workload {
  const { config, images } = context;
  const { base, routes } = GATEWAY_PATHS;
  return hardenedWorkload({
    name: GATEWAY_NAME,
    component: "gateway",
    image: images.reference("haproxy"),
    command: ["haproxy", "-f", `${base}/${GATEWAY_BASE_FILES.config}`, "-f", routes],
    user: GATEWAY_USER,
    networks: [{ network: "gateway", aliases: [GATEWAY_ALIAS] }, { network: "proxy" }],
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
  });
}
