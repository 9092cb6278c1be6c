import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { keyPrefixes, type JobConfig } from "../config";
import { JOB_CONTAINER_KEEPER } from "../engine/hooks";
import { hardenedWorkload } from "../hardening/container/hardened-workload";
import type { Workload } from "../hardening/container/workload";
import { defined } from "../hardening/defined";
import { createContainer } from "../resources/container";
import type { NetworkNames, SecretSource, StackContext } from "../resources/context";
import { programFiles, programWorkload, type ProgramFiles } from "../resources/program";
import { jobNetworks } from "../resources/service-networks";
import type { DataVolume } from "./data-volume";
import { MountedFiles } from "./mounted-files";

export interface JobArgs {
  readonly name: string;
  readonly config: JobConfig;
  readonly networks: NetworkNames;
  readonly secrets: SecretSource;
  /** DATABASE_URL and REDIS_URL, where the job has earned them. */
  readonly urls: Readonly<Record<string, pulumi.Output<string>>>;
  readonly sharedVolumes: Readonly<Record<string, DataVolume>>;
  /** What it uses, and the tables of the migration. */
  readonly dependsOn: pulumi.Input<pulumi.Resource>[];
}

/**
 * A program of the user's that ends. Its container is created and not started: one with a schedule is the scheduler's
 * to start; one with `once` is run by the creation of a receipt, as the migration is. A run that fails leaves no
 * receipt, so the next `up` runs it again.
 */
export class Job extends pulumi.ComponentResource {
  /** The engine's id of the container. */
  readonly containerId: pulumi.Output<string>;

  constructor(name: string, context: StackContext, args: JobArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rampart:job:Job", name, {}, opts);
    const files = programFiles(args, MountedFiles.ofSecrets(`${name}-secrets`, context, args, this));
    const { container } = createContainer(context, name, jobWorkload(context, args, files), {
      networks: args.networks,
      volumes: files.volumes,
      secretEnvironment: files.secretEnvironment,
      parent: this,
      lifecycle: "job",
      dependsOn: [...args.dependsOn, ...files.dependsOn],
    });
    this.containerId = container.id;
    const { once, deadlineSeconds } = args.config;
    if (once !== undefined)
      new random.RandomId(
        `${name}-receipt`,
        {
          byteLength: 4,
          keepers: { [JOB_CONTAINER_KEEPER]: container.id, ...defined({ once: once === true ? undefined : once }) },
        },
        {
          parent: this,
          hooks: context.hooks.jobReceipt({
            name: args.name,
            timeoutSeconds: deadlineSeconds,
            aftermath: "other parts of the update may be done",
          }),
        },
      );
    this.registerOutputs({ containerId: this.containerId });
  }
}

function jobWorkload(context: StackContext, { config, name }: JobArgs, files: ProgramFiles): Workload {
  const { cache, deadlineSeconds, environment } = config;
  return hardenedWorkload({
    ...programWorkload(config, files),
    name,
    component: "job",
    environment: {
      ...(cache === false ? {} : { REDIS_KEY_PREFIX: keyPrefixes(name, cache)[0] ?? "" }),
      ...environment,
      ...files.fileVariables,
    },
    networks: jobNetworks(config),
    restart: "no",
    startTimeoutSeconds: deadlineSeconds,
    logging: context.config.logging,
  });
}
