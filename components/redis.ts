import { basename, dirname } from "node:path/posix";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { dataUsers, keyPrefixes, monitoringOf, type DataUser, type StackConfig } from "../config";
import { LABEL_CERTIFICATE_END, ownerLabels } from "../hardening/container/labels";
import { canaryName } from "../hardening/container/canary";
import { hardenedWorkload } from "../hardening/container/hardened-workload";
import type { Workload } from "../hardening/container/workload";
import { rotationKey } from "../hardening/postgres/roles/rotation";
import {
  REDIS_LIVE_FILES,
  REDIS_PATHS,
  redisHealthCheck,
  redisMaxMemoryMiB,
  redisPasswordHash,
  redisStartScript,
  redisUsersScript,
  renderRedisAcl,
  renderRedisConf,
} from "../hardening/redis";
import { REDIS_ALIAS } from "../hardening/redis/url";
import { createCarrier, type MountedFile } from "../resources/carrier";
import { createContainer } from "../resources/container";
import type { NetworkNames, SecretSource, StackContext } from "../resources/context";
import { DataVolume } from "./data-volume";
import { MountedFiles } from "./mounted-files";
import { defined } from "../hardening/defined";

/** The official Alpine image's own user and group. */
const REDIS_USER = "999:1000";

/** What the server proves itself with: PEM each. The certificate names `redis`, the alias that services connect to. */
export interface RedisTls {
  readonly certificate: pulumi.Input<string>;
  readonly key: pulumi.Input<string>;
  /** The certificates of the CA. */
  readonly ca: pulumi.Input<string>;
  /** When the certificate ends, in ISO 8601: a label of the container that carries it. @default no label */
  readonly end?: string;
}

export interface RedisArgs {
  readonly networks: NetworkNames;
  readonly secrets: SecretSource;
  /** Needed where the configuration says `redis.tls`. @default none: in clear on the internal network */
  readonly tls?: RedisTls;
}

/**
 * Redis on the internal network: no default user, and a user for each service that uses it. Users and the certificate
 * lie in a volume whose name stays the same, and change in the running server.
 */
export class Redis extends pulumi.ComponentResource {
  /** Exists once Redis runs and takes the passwords that this version of the stack hands out, beside those before. */
  readonly ready: pulumi.Resource;
  /** The services' passwords by their names. */
  readonly passwords: Readonly<Record<string, pulumi.Output<string>>>;
  /** The certificates by which clients verify the server. Undefined where it speaks in clear. */
  readonly ca: pulumi.Output<string> | undefined;
  /** The password of the user that measures. Undefined where the stack is not monitored. */
  readonly metricsPassword: pulumi.Output<string> | undefined;
  private readonly staged: random.RandomId;

  constructor(
    private readonly name: string,
    private readonly context: StackContext,
    args: RedisArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("rampart:redis:Redis", name, {}, opts);
    const { config } = context;
    const tls = config.redis.tls;
    if (tls && args.tls === undefined)
      throw new Error("redis.tls: true is given, but no certificate; give args.tls: { certificate, key, ca }");
    this.ca = tls && args.tls !== undefined ? pulumi.output(args.tls.ca) : undefined;
    const users = redisUsers(config);
    this.passwords = Object.fromEntries(
      users.map(([service]) => {
        const rotation = rotationKey({ everything: config.rotation.everything, one: config.rotation.redis[service] });
        return [service, args.secrets.password(`redis-${service}`, defined({ rotation }))];
      }),
    );
    this.metricsPassword = monitoringOf(config) === undefined ? undefined : args.secrets.password("redis-metrics-user");
    const data = new DataVolume(
      `${name}-data`,
      context,
      { owner: "redis", protect: config.redis.protect, shared: false },
      { parent: this },
    );
    // Not the resource's own name, by which the posture knows volumes of data.
    const live = new docker.Volume(
      `${name}-live-volume`,
      { name: `${name}-live`, labels: ownerLabels({ stack: config.stack }, "volume", "redis") },
      { parent: this },
    );
    const files = new MountedFiles(
      `${name}-config`,
      context,
      { owner: "redis", files: fixedFiles(context) },
      { parent: this },
    );
    const acl = pulumi
      .all([pulumi.all(this.passwords), this.metricsPassword])
      .apply(([passwords, metrics]) => aclFile(users, passwords, metrics));
    const carrier = createCarrier(
      `${name}-live`,
      context,
      {
        owner: "redis",
        secret: true,
        volumeName: live.name,
        files: liveFiles(acl, tls ? args.tls : undefined),
        ...(tls && args.tls?.end !== undefined
          ? { extraLabels: [{ label: LABEL_CERTIFICATE_END, value: args.tls.end }] }
          : {}),
      },
      { parent: this },
    );
    const { running } = createContainer(context, name, redisWorkload(context), {
      networks: args.networks,
      volumes: { data: data.volumeName, config: files.volumeName, live: live.name },
      parent: this,
      lifecycle: "exclusive",
      dependsOn: [files.carrier, carrier],
    });
    this.staged = new random.RandomId(
      `${name}-users-staged`,
      { byteLength: 4, keepers: { carrier: carrier.id } },
      { parent: this, dependsOn: [running], hooks: context.hooks.redis.usersStaged },
    );
    this.ready = this.staged;
    this.registerOutputs({});
  }

  /**
   * Makes the users exactly those of this version, once nothing needs the ones before. It follows each staging, also of
   * an update that was broken off: what is left over from there ends here.
   * @param dependsOn Every service, and the edge once it has left the old containers
   */
  settle(dependsOn: pulumi.Input<pulumi.Resource>[]): void {
    const { config, hooks } = this.context;
    const settings = {
      users: redisUsers(config).map(([service]) => service),
      containers: Object.fromEntries(
        Object.entries(config.services).flatMap(([service, { replicas, canary }]) => [
          [service, replicas],
          [canaryName(service), canary?.replicas ?? 0],
        ]),
      ),
    };
    new random.RandomId(
      `${this.name}-users-settled`,
      { byteLength: 4, keepers: { staged: this.staged.id } },
      { parent: this, dependsOn: [this.staged, ...dependsOn], hooks: hooks.redis.usersSettled(settings) },
    );
  }
}

function redisUsers(config: StackConfig): (readonly [string, DataUser])[] {
  return Object.entries(dataUsers(config)).filter(([, { cache }]) => cache !== false);
}

/** A change of these replaces the container. */
function fixedFiles(context: StackContext): Record<string, MountedFile> {
  const { resources, tls } = context.config.redis;
  return {
    [basename(REDIS_PATHS.config)]: {
      content: renderRedisConf({ maxMemoryMiB: redisMaxMemoryMiB(resources.memoryMiB), tls }),
    },
    [basename(REDIS_PATHS.start)]: { content: redisStartScript({ tls }) },
    [basename(REDIS_PATHS.users)]: { content: redisUsersScript({ tls }) },
  };
}

/** A change of these reaches the running server. */
function liveFiles(users: pulumi.Output<string>, tls: RedisTls | undefined): Record<string, MountedFile> {
  return {
    [REDIS_LIVE_FILES.users]: { content: users },
    ...(tls === undefined
      ? {}
      : {
          [REDIS_LIVE_FILES.certificate]: { content: tls.certificate },
          [REDIS_LIVE_FILES.key]: { content: tls.key },
          [REDIS_LIVE_FILES.ca]: { content: tls.ca },
        }),
  };
}

function aclFile(
  users: readonly (readonly [string, DataUser])[],
  passwords: Readonly<Record<string, string>>,
  metrics: string | undefined,
): string {
  return renderRedisAcl(
    users.map(([name, service]) => ({
      name,
      passwordSha256: redisPasswordHash(passwords[name] ?? ""),
      keyPrefixes: keyPrefixes(name, service.cache),
    })),
    metrics === undefined ? undefined : redisPasswordHash(metrics),
  );
}

function redisWorkload(context: StackContext): Workload {
  const { config, images } = context;
  return hardenedWorkload({
    name: "redis",
    component: "redis",
    image: images.reference("redis"),
    entrypoint: ["/bin/sh", REDIS_PATHS.start],
    user: REDIS_USER,
    networks: [{ network: "internal", aliases: [REDIS_ALIAS] }],
    mounts: [
      { kind: "volume", volume: "data", target: REDIS_PATHS.data, readOnly: false },
      { kind: "volume", volume: "config", target: dirname(REDIS_PATHS.config), readOnly: true },
      { kind: "volume", volume: "live", target: REDIS_PATHS.live, readOnly: true },
    ],
    tmpfs: [{ path: REDIS_PATHS.scratch, sizeMiB: 16 }],
    resources: config.redis.resources,
    healthCheck: {
      test: redisHealthCheck(config.redis.tls),
      intervalSeconds: 2,
      timeoutSeconds: 3,
      startPeriodSeconds: 30,
      retries: 5,
    },
    stopGraceSeconds: 30,
    startTimeoutSeconds: 120,
    logging: config.logging,
  });
}
