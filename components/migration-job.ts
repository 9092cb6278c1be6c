import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { MigrationConfig } from "../config";
import { JOB_CONTAINER_KEEPER } from "../engine/hooks";
import { hardenedWorkload } from "../hardening/container/hardened-workload";
import type { Workload } from "../hardening/container/workload";
import { createContainer } from "../resources/container";
import type { NetworkNames, SecretSource, StackContext } from "../resources/context";
import { programFiles, programWorkload, type ProgramFiles } from "../resources/program";
import type { DataVolume } from "./data-volume";
import { MountedFiles } from "./mounted-files";

export interface MigrationJobArgs {
  readonly config: MigrationConfig;
  readonly networks: NetworkNames;
  readonly secrets: SecretSource;
  /** DATABASE_URL, DATABASE_URL_<NAME> for each further database, and the CA to verify them by. */
  readonly urls: Readonly<Record<string, pulumi.Output<string>>>;
  readonly sharedVolumes: Readonly<Record<string, DataVolume>>;
  /** The roles and their privileges. */
  readonly dependsOn: pulumi.Resource[];
}

/**
 * The migration: a container that is created but not started, and a receipt whose creation runs it. A run that fails
 * leaves no receipt, so the next `up` runs the container again; a change of image or command makes a new container, and
 * with it a new receipt.
 */
export class MigrationJob extends pulumi.ComponentResource {
  /** Exists once the migration has ended with exit code 0. */
  readonly done: random.RandomId;

  constructor(name: string, context: StackContext, args: MigrationJobArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rampart:job:MigrationJob", name, {}, opts);
    const program = { ...args, name: "migration" };
    const files = programFiles(program, MountedFiles.ofSecrets(`${name}-secrets`, context, program, this));
    const { container } = createContainer(context, name, migrationWorkload(context, args.config, files), {
      networks: args.networks,
      volumes: files.volumes,
      secretEnvironment: files.secretEnvironment,
      parent: this,
      lifecycle: "job",
      dependsOn: files.dependsOn,
    });
    this.done = new random.RandomId(
      `${name}-receipt`,
      { byteLength: 4, keepers: { [JOB_CONTAINER_KEEPER]: container.id } },
      {
        parent: this,
        // Not the container, which is only started by then.
        dependsOn: args.dependsOn,
        hooks: context.hooks.jobReceipt({ name: "migration", timeoutSeconds: args.config.timeoutSeconds }),
      },
    );
    this.registerOutputs({});
  }
}

function migrationWorkload(context: StackContext, config: MigrationConfig, files: ProgramFiles): Workload {
  return hardenedWorkload({
    ...programWorkload(config, files),
    name: "migration",
    component: "job",
    environment: { DB_SCHEMA: context.config.database.schema, ...config.environment, ...files.fileVariables },
    networks: [{ network: "internal" }],
    restart: "no",
    startTimeoutSeconds: config.timeoutSeconds,
    logging: context.config.logging,
  });
}
