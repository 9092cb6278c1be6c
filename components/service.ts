import * as pulumi from "@pulumi/pulumi";
import { canaryOf, keyPrefixes, type HealthCheckConfig, type ServiceConfig } from "../config";
import { listed } from "../hardening/defined";
import { canaryName } from "../hardening/container/canary";
import { versionAlias } from "../hardening/container/version-alias";
import { hardenedWorkload } from "../hardening/container/hardened-workload";
import type { Workload } from "../hardening/container/workload";
import { SOCKET_PROXY_ALIAS, SOCKET_PROXY_PORT } from "../hardening/docker-api/address";
import { consumerPrefix } from "../hardening/docker-api/names";
import { canaryAlias } from "../hardening/gateway";
import { createContainer, type ContainerOptions } from "../resources/container";
import type { NetworkNames, SecretSource, StackContext } from "../resources/context";
import { programFiles, programWorkload, type ProgramFiles } from "../resources/program";
import { egressHosts } from "../resources/egress";
import { serviceNetworks } from "../resources/service-networks";
import type { DataVolume } from "./data-volume";
import { EgressProxy } from "./egress-proxy";
import { MountedFiles } from "./mounted-files";

export interface ServiceArgs {
  readonly name: string;
  readonly config: ServiceConfig;
  readonly networks: NetworkNames;
  readonly secrets: SecretSource;
  /** DATABASE_URL and REDIS_URL, where the service has earned them. */
  readonly urls: Readonly<Record<string, pulumi.Output<string>>>;
  readonly sharedVolumes: Readonly<Record<string, DataVolume>>;
  readonly dependsOn: pulumi.Input<pulumi.Resource>[];
}

/** A program of the user's application: one container, or as many as it has replicas, and those of its canary. */
export class Service extends pulumi.ComponentResource {
  /**
   * The DNS name of this very version. Routes lead to it rather than to the service's name, which the old and the new
   * container share while one replaces the other: so requests reach a new version only once it is healthy.
   */
  readonly alias: pulumi.Output<string>;
  /** The same of its canary; undefined where there is none. */
  readonly canaryAlias: pulumi.Output<string> | undefined;
  /** All of its containers run and are healthy. */
  readonly ready: readonly pulumi.Input<pulumi.Resource>[];

  constructor(name: string, context: StackContext, args: ServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rampart:service:Service", name, {}, opts);
    const egress = EgressProxy.of(context, { ...args, service: args.name }, this);
    const files = programFiles(args, MountedFiles.ofSecrets(`${name}-secrets`, context, args, this));
    const create = (workload: Workload, resource: string, { replicas }: ServiceConfig): Version => {
      const alias = aliasOf(workload, files, context.salt);
      const options: Omit<ContainerOptions, "versionAlias"> = {
        networks: args.networks,
        volumes: files.volumes,
        secretEnvironment: files.secretEnvironment,
        parent: this,
        lifecycle: "replace",
        dependsOn: [...args.dependsOn, ...files.dependsOn, ...listed(egress?.ready)],
      };
      const names = Array.from({ length: replicas }, (_, index) => replicaName(resource, index));
      const ready = names.map((each, index) => {
        const versionAlias = workload.name === args.name ? alias : alias.apply((first) => canaryAlias(first, index));
        return createContainer(context, each, workload, { ...options, versionAlias }).running;
      });
      return { alias, ready };
    };
    const main = create(serviceWorkload(context, args, files), name, args.config);
    const config = canaryOf(args.config);
    const canary = config && create(canaryWorkload(context, { ...args, config }, files), canaryName(name), config);
    this.alias = main.alias;
    this.canaryAlias = canary?.alias;
    this.ready = [...main.ready, ...(canary?.ready ?? [])];
    this.registerOutputs({ alias: this.alias });
  }
}

interface Version {
  readonly alias: pulumi.Output<string>;
  readonly ready: readonly pulumi.Input<pulumi.Resource>[];
}

/** `rampart-prod-api`, `rampart-prod-api.2` …: no service's name has a dot. */
const replicaName = (name: string, index: number): string => (index === 0 ? name : `${name}.${index + 1}`);

/** The alias of this version, once the names of its volumes are known. */
function aliasOf(workload: Workload, files: ProgramFiles, salt: pulumi.Output<string>): pulumi.Output<string> {
  const { name } = workload;
  const volumes = pulumi.all(files.volumes);
  if (Object.keys(files.secretEnvironment).length === 0)
    return volumes.apply((names) => versionAlias(name, [workload, names]));
  const all = pulumi.all([volumes, pulumi.all(files.secretEnvironment), salt]);
  return pulumi.unsecret(all.apply(([names, secrets, key]) => versionAlias(name, [workload, names, secrets], key)));
}

function serviceWorkload(context: StackContext, args: ServiceArgs, files: ProgramFiles): Workload {
  const { config, name } = args;
  return hardenedWorkload({
    ...programWorkload(config, files),
    name,
    component: "service",
    environment: {
      ...(config.port === undefined ? {} : { PORT: String(config.port) }),
      ...(config.cache === false ? {} : { REDIS_KEY_PREFIX: keyPrefixes(name, config.cache)[0] ?? "" }),
      ...(config.dockerApi === undefined
        ? {}
        : {
            DOCKER_HOST: `tcp://${SOCKET_PROXY_ALIAS}:${SOCKET_PROXY_PORT}`,
            DOCKER_NAME_PREFIX: consumerPrefix(context.config.name, name),
          }),
      ...config.environment,
      ...files.fileVariables,
    },
    networks: serviceNetworks(name, config),
    ...egressHosts(context, name, config),
    healthCheck: { ...timings(config.healthCheck), test: healthTest(config) },
    startTimeoutSeconds: config.startTimeoutSeconds,
    logging: context.config.logging,
  });
}

/**
 * The canary is the service once more, under a name of its own. It does not answer to the service's name, by which
 * other services call it: who gets requests is the gateway's to say.
 */
function canaryWorkload(context: StackContext, args: ServiceArgs, files: ProgramFiles): Workload {
  const workload = serviceWorkload(context, args, files);
  const networks = workload.networks.map((one) => (one.aliases === undefined ? one : { ...one, aliases: [] }));
  return { ...workload, name: canaryName(args.name), networks };
}

/** The image's own wget asks over HTTP, unless the service names a command. */
function healthTest({ healthCheck, port }: ServiceConfig): string[] {
  if (healthCheck.command !== undefined) return ["CMD", ...healthCheck.command];
  return ["CMD", "wget", "-q", "-O", "/dev/null", `http://127.0.0.1:${port ?? 0}${healthCheck.http ?? "/"}`];
}

function timings(check: HealthCheckConfig): Omit<NonNullable<Workload["healthCheck"]>, "test"> {
  const { intervalSeconds, timeoutSeconds, startPeriodSeconds, retries } = check;
  return { intervalSeconds, timeoutSeconds, startPeriodSeconds, retries };
}
