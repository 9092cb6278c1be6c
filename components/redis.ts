import * as pulumi from "@pulumi/pulumi";
import type { ServiceConfig } from "../config";
import { REDIS_HEALTH_CHECK, REDIS_PATHS, redisMaxMemoryMiB, redisPasswordHash, renderRedisAcl, renderRedisConf } from "../hardening/redis";
import type { Workload } from "../hardening/workload";
import { createContainer } from "./container";
import type { NetworkNames, StackContext } from "./context";
import { DataVolume } from "./data-volume";
import { MountedFiles } from "./mounted-files";
import type { Secrets } from "./secrets";

export const REDIS_ALIAS = "redis";
/** The official Alpine image's own user and group. */
const REDIS_USER = "999:1000";

export interface RedisArgs {
  readonly networks: NetworkNames;
  readonly secrets: Secrets;
}

/** Redis on the internal network: no default user, and a user for each service that uses it. */
export class Redis extends pulumi.ComponentResource {
  readonly ready: pulumi.Resource;
  /** The services' passwords by their names. */
  readonly passwords: Readonly<Record<string, pulumi.Output<string>>>;

  constructor(name: string, context: StackContext, args: RedisArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rampart:redis:Redis", name, {}, opts);
    const { config } = context;
    const users = Object.entries(config.services).filter(([, service]) => service.cache !== false);
    this.passwords = Object.fromEntries(users.map(([service]) => [service, args.secrets.password(`redis-${service}`)]));
    const data = new DataVolume(`${name}-data`, context, { owner: "redis", protect: config.redis.protect, shared: false }, { parent: this });
    const files = new MountedFiles(
      `${name}-config`,
      context,
      {
        owner: "redis",
        files: {
          "redis.conf": { content: renderRedisConf({ maxMemoryMiB: redisMaxMemoryMiB(config.redis.resources.memoryMiB) }) },
          "users.acl": { content: pulumi.all(this.passwords).apply((passwords) => aclFile(users, passwords)) },
        },
      },
      { parent: this },
    );
    this.ready = createContainer(
      context,
      name,
      redisWorkload(context),
      { networks: args.networks, volumes: { data: data.volumeName, config: files.volumeName } },
      { parent: this, lifecycle: "exclusive", dependsOn: [files.carrier] },
    );
    this.registerOutputs({});
  }
}

/** The key prefixes of a service that uses Redis. */
export function keyPrefixes(name: string, cache: ServiceConfig["cache"]): readonly string[] {
  return typeof cache === "object" ? cache.keyPrefixes : [`${name}:`];
}

function aclFile(users: readonly (readonly [string, ServiceConfig])[], passwords: Readonly<Record<string, string>>): string {
  return renderRedisAcl(
    users.map(([name, service]) => ({ name, passwordSha256: redisPasswordHash(passwords[name] ?? ""), keyPrefixes: keyPrefixes(name, service.cache) })),
  );
}

function redisWorkload(context: StackContext): Workload {
  const { config, images } = context;
  return {
    name: "redis",
    component: "redis",
    image: images.reference("redis"),
    command: ["redis-server", REDIS_PATHS.config],
    environment: {},
    user: REDIS_USER,
    networks: [{ network: "internal", aliases: [REDIS_ALIAS] }],
    publishedPorts: [],
    mounts: [
      { kind: "volume", volume: "data", target: REDIS_PATHS.data, readOnly: false },
      { kind: "volume", volume: "config", target: "/etc/rampart", readOnly: true },
    ],
    tmpfs: [{ path: "/tmp", sizeMiB: 16 }],
    resources: config.redis.resources,
    capabilities: [],
    seccomp: { kind: "default" },
    appArmor: { kind: "default" },
    readOnlyRoot: true,
    healthCheck: { test: REDIS_HEALTH_CHECK, intervalSeconds: 2, timeoutSeconds: 3, startPeriodSeconds: 30, retries: 5 },
    restart: "on-failure",
    stopGraceSeconds: 30,
    startTimeoutSeconds: 120,
    logging: config.logging,
    accepted: [],
  };
}
