import * as pulumi from "@pulumi/pulumi";
import { JOB_SCHEDULER } from "../hardening/jobs/scheduler";
import type { NetworkNames, StackContext } from "../resources/context";
import { dataUse, type Surroundings } from "../resources/data-use";
import type { DataVolume } from "./data-volume";
import { Job } from "./job";
import { JobScheduler } from "./job-scheduler";

export interface JobsArgs {
  readonly networks: NetworkNames;
  readonly surroundings: Surroundings;
  readonly sharedVolumes: Readonly<Record<string, DataVolume>>;
}

/** The jobs of a stack, and what starts those that have a schedule. */
export class Jobs extends pulumi.ComponentResource {
  /** Whoever starts the jobs starts those of this version. */
  readonly ready: readonly pulumi.Input<pulumi.Resource>[];

  constructor(name: string, context: StackContext, args: JobsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rampart:job:Jobs", name, {}, opts);
    const { config, secrets } = context;
    const { networks, surroundings, sharedVolumes } = args;
    const containerIds: Record<string, pulumi.Output<string>> = {};
    for (const [job, own] of Object.entries(config.jobs).sort(([a], [b]) => (a < b ? -1 : 1))) {
      const { urls, dependsOn } = dataUse(config, job, own, surroundings);
      const { containerId } = new Job(
        `${config.name}-${job}`,
        context,
        { name: job, config: own, networks, secrets, urls, sharedVolumes, dependsOn: [...dependsOn] },
        { parent: this },
      );
      if (own.schedule !== undefined) containerIds[job] = containerId;
    }
    this.ready =
      Object.keys(containerIds).length === 0
        ? []
        : [
            new JobScheduler(
              `${config.name}-${JOB_SCHEDULER}`,
              context,
              { networks, containerIds, dependsOn: surroundings.dataReady },
              { parent: this },
            ).ready,
          ];
    this.registerOutputs({});
  }
}
