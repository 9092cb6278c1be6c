import * as pulumi from "@pulumi/pulumi";
import { SOCKET_PROXY_ALIAS, SOCKET_PROXY_PORT } from "../hardening/docker-api/address";
import { consumerScript } from "../hardening/docker-api/consumer-script";
import { renderHaproxyConfig, type ContainerLimits } from "../hardening/docker-api/haproxy-config";
import { consumerOwner, consumerPrefix } from "../hardening/docker-api/names";
import type { DockerApiPermission } from "../hardening/docker-api/permissions";
import { defined } from "../hardening/defined";
import { hardenedWorkload } from "../hardening/container/hardened-workload";
import { dockerApiNetwork } from "../hardening/container/networks";
import type { Workload } from "../hardening/container/workload";
import { createContainer } from "../resources/container";
import type { NetworkNames, StackContext } from "../resources/context";
import { MountedFiles } from "./mounted-files";

const CONFIG_DIRECTORY = "/usr/local/etc/haproxy";
const SCRIPT = "consumer.lua";
const SOCKET_PATH = "/var/run/docker.sock";
/** The official image's own user. */
const HAPROXY_UID = 99;

export interface SocketProxyArgs {
  /** The one service that speaks to it. */
  readonly consumer: string;
  readonly permissions: readonly DockerApiPermission[];
  readonly scope: "own" | "engine";
  /** Images that it may pull. */
  readonly images: readonly string[];
  /** The most that each container may have that it creates. */
  readonly containers: ContainerLimits;
  /** Whether its containers may have a way out, as it has itself. */
  readonly egress: boolean;
  readonly networks: NetworkNames;
  /** Whether what is allowed is logged as well, and not refusals only. @default true */
  readonly logAllowed?: boolean;
  /** The gid of the socket on the engine's host; without it the proxy runs as root without any capability. */
  readonly socketGroup?: number;
}

/** A filtered Docker API for one consumer, on a network of only those two. */
export class SocketProxy extends pulumi.ComponentResource {
  readonly ready: pulumi.Input<pulumi.Resource>;

  constructor(name: string, context: StackContext, args: SocketProxyArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rampart:docker:SocketProxy", name, {}, opts);
    const files = new MountedFiles(
      `${name}-config`,
      context,
      {
        owner: `docker-api-${args.consumer}`,
        secret: false,
        files: {
          "haproxy.cfg": { content: haproxyConfig(context.config.name, args) },
          [SCRIPT]: { content: consumerScript() },
        },
      },
      { parent: this },
    );
    this.ready = createContainer(context, name, socketProxyWorkload(context, args), {
      networks: args.networks,
      volumes: { config: files.volumeName },
      parent: this,
      lifecycle: "replace",
      dependsOn: [files.carrier],
    }).running;
    this.registerOutputs({});
  }
}

/**
 * Without the prefix, a container that the consumer creates could mount Postgres' volume or join the internal network.
 */
function haproxyConfig(stackName: string, args: SocketProxyArgs): string {
  const prefix = consumerPrefix(stackName, args.consumer);
  return renderHaproxyConfig({
    consumer: args.consumer,
    permissions: args.permissions,
    socketPath: SOCKET_PATH,
    port: SOCKET_PROXY_PORT,
    volumePrefix: prefix,
    networkPrefix: prefix,
    ...defined({ logAllowed: args.logAllowed }),
    images: args.images,
    bridge: args.egress,
    ownOnly: args.scope === "own",
    created: {
      ...args.containers,
      owner: consumerOwner(stackName, args.consumer),
      script: `${CONFIG_DIRECTORY}/${SCRIPT}`,
    },
  });
}

function socketProxyWorkload(context: StackContext, args: SocketProxyArgs): Workload {
  const { config, images } = context;
  return hardenedWorkload({
    name: `docker-api-${args.consumer}`,
    component: "socket-proxy",
    image: images.reference("haproxy"),
    command: ["haproxy", "-f", `${CONFIG_DIRECTORY}/haproxy.cfg`],
    user: args.socketGroup === undefined ? "0:0" : `${HAPROXY_UID}:${args.socketGroup}`,
    networks: [{ network: dockerApiNetwork(args.consumer), aliases: [SOCKET_PROXY_ALIAS] }],
    mounts: [
      { kind: "volume", volume: "config", target: CONFIG_DIRECTORY, readOnly: true },
      { kind: "host", source: SOCKET_PATH, target: SOCKET_PATH, readOnly: true },
    ],
    resources: { memoryMiB: 128, cpus: 0.5, pids: 32 },
    healthCheck: {
      test: ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/healthz"],
      intervalSeconds: 5,
      timeoutSeconds: 3,
      startPeriodSeconds: 10,
      retries: 3,
    },
    // HAProxy's soft stop: running requests end first.
    stopSignal: "SIGUSR1",
    logging: config.logging,
    accepted: [
      {
        rule: "cis-5.32",
        reason:
          `the filtered Docker API of ${args.consumer}: only the proxy sees the socket, and it forwards only ` +
          "what its configuration allows",
      },
      ...(args.socketGroup === undefined
        ? [
            {
              rule: "cis-4.1",
              reason:
                "root without any capability: the group of the engine's socket is not known here; set " +
                "rampart:dockerSocketGroup to run it without root",
            },
          ]
        : []),
    ],
  });
}
