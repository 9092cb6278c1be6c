import * as pulumi from "@pulumi/pulumi";
import { monitoringOf, scheduledJobs } from "../config";
import { CronFault, parseCron, type Schedule } from "../hardening/jobs/cron";
import {
  JOB_SCHEDULER,
  renderJobs,
  renderSchedulerConfig,
  SCHEDULER_FILES,
  schedulerScript,
  schedulerTextScript,
  type ScheduledJob,
} from "../hardening/jobs/scheduler";
import { SCHEDULER_WORK_OWNER, schedulerWorkload } from "../hardening/jobs/workload";
import { monitoringEndpoint } from "../hardening/monitoring/parts";
import { defined } from "../hardening/defined";
import type { FilesByName } from "../resources/carrier";
import { createContainer } from "../resources/container";
import type { NetworkNames, StackContext } from "../resources/context";
import { networkSubnet, socketGroup } from "../resources/on-engine";
import { DataVolume } from "./data-volume";
import { MountedFiles } from "./mounted-files";

export interface JobSchedulerArgs {
  readonly networks: NetworkNames;
  /** The engine's ids of the containers of the scheduled jobs, by name. */
  readonly containerIds: Readonly<Record<string, pulumi.Output<string>>>;
  /** What has to be there before a job can run. */
  readonly dependsOn: readonly pulumi.Resource[];
}

/** Starts the stack's scheduled jobs; see docs/decisions/0033-jobs.md. */
export class JobScheduler extends pulumi.ComponentResource {
  /** It runs, and starts the containers of this version. */
  readonly ready: pulumi.Input<pulumi.Resource>;

  constructor(name: string, context: StackContext, args: JobSchedulerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rampart:job:JobScheduler", name, {}, opts);
    const { config, engine, images } = context;
    const monitoringSubnet = monitoringOf(config) === undefined ? undefined : networkSubnet(context, "monitoring");
    const state = new DataVolume(
      `${name}-state`,
      context,
      { owner: SCHEDULER_WORK_OWNER, protect: false, shared: true },
      { parent: this },
    );
    const files = new MountedFiles(
      `${name}-config`,
      context,
      { owner: JOB_SCHEDULER, secret: false, files: schedulerFiles(context, args, monitoringSubnet) },
      { parent: this },
    );
    const settings = {
      image: images.reference("haproxy"),
      logging: config.logging,
      ...defined({ socketGroup: socketGroup(config, engine), monitoringSubnet }),
    };
    this.ready = createContainer(context, name, schedulerWorkload(settings), {
      networks: args.networks,
      volumes: { config: files.volumeName, state: state.volumeName },
      parent: this,
      // Two would start a job twice.
      lifecycle: "exclusive",
      dependsOn: [state.ready, files.carrier, ...args.dependsOn],
    }).running;
    this.registerOutputs({});
  }
}

function schedulerFiles(
  { config }: StackContext,
  { containerIds }: JobSchedulerArgs,
  subnet: string | undefined,
): FilesByName {
  const metrics = subnet === undefined ? undefined : { listen: monitoringEndpoint(subnet, JOB_SCHEDULER), subnet };
  const jobs = pulumi.all(containerIds).apply((ids) =>
    scheduledJobs(config).map(({ name, schedule, overlap, deadlineSeconds, stopGraceSeconds }): ScheduledJob => ({
      name,
      containerId: ids[name] ?? "",
      schedule: scheduleOf(schedule),
      overlap,
      deadlineSeconds,
      stopGraceSeconds,
    })),
  );
  return {
    [SCHEDULER_FILES.config]: {
      content: jobs.apply((known) => renderSchedulerConfig({ jobs: known, ...defined({ metrics }) })),
    },
    [SCHEDULER_FILES.jobs]: { content: jobs.apply(renderJobs) },
    [SCHEDULER_FILES.script]: { content: schedulerScript() },
    [SCHEDULER_FILES.text]: { content: schedulerTextScript() },
  };
}

/** The configuration has been judged before. @throws Error where it was not */
function scheduleOf(expression: string): Schedule {
  const schedule = parseCron(expression);
  if (schedule instanceof CronFault) throw new Error(`not a schedule: ${expression}: ${schedule.message}`);
  return schedule;
}
