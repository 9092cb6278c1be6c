import * as pulumi from "@pulumi/pulumi";
import type { LoadedConfig } from "../config";
import { postgresSettings, renderPostgresqlConf, stackSizing } from "../hardening/database/postgres-config";
import { renderPgHba } from "../hardening/database/pg-hba";
import { DATABASE_ROLES } from "../hardening/database/privileges";
import { POSTGRES_INITDB_ARGS, POSTGRES_PATHS, postgresHealthCheck, postgresStartScript } from "../hardening/database/start-script";
import type { NetworkPlan } from "../hardening/networks";
import type { Workload } from "../hardening/workload";
import { createContainer } from "./container";
import type { NetworkNames, StackContext } from "./context";
import { DataVolume } from "./data-volume";
import { MountedFiles } from "./mounted-files";

export const POSTGRES_SUPERUSER = "postgres";
export const POSTGRES_ALIAS = "postgres";
/** The official Alpine image's own user. */
const POSTGRES_UID = 70;
/** A checkpoint of a busy server takes this long; SIGKILL before it means crash recovery. */
const STOP_GRACE_SECONDS = 60;

export interface PostgresArgs {
  readonly networks: NetworkNames;
  readonly networkPlan: readonly NetworkPlan[];
  /** Postgres' fixed address on the internal network. */
  readonly address: string;
  /** The forwarder's address, where there is one. */
  readonly forwarderAddress?: string;
  readonly password: pulumi.Output<string>;
}

/** PostgreSQL on the internal network: its superuser's password is known to it and to the Pulumi provider alone. */
export class Postgres extends pulumi.ComponentResource {
  /** What depends on a server that answers. */
  readonly ready: pulumi.Resource;
  readonly data: DataVolume;

  constructor(name: string, context: StackContext, args: PostgresArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rampart:postgres:Postgres", name, {}, opts);
    const { config } = context;
    this.data = new DataVolume(`${name}-data`, context, { owner: "postgres", protect: config.database.protect, shared: false }, { parent: this });
    const configuration = new MountedFiles(
      `${name}-config`,
      context,
      { owner: "postgres", secret: false, files: postgresFiles(context, args) },
      { parent: this },
    );
    const secrets = new MountedFiles(`${name}-secrets`, context, { owner: "postgres", files: { postgres_password: { content: args.password } } }, { parent: this });
    this.ready = createContainer(
      context,
      name,
      postgresWorkload(context, args.address),
      { networks: args.networks, volumes: { data: this.data.volumeName, config: configuration.volumeName, secrets: secrets.volumeName } },
      { parent: this, lifecycle: "exclusive", dependsOn: [configuration.carrier, secrets.carrier] },
    );
    this.registerOutputs({});
  }
}

/** The stack's databases, the first one first. */
export function databaseNames({ database }: Pick<LoadedConfig, "database">): string[] {
  return [database.name, ...Object.keys(database.databases).sort()];
}

function sizing(context: StackContext) {
  const { resources, connectionLimits } = context.config.database;
  return stackSizing(resources.memoryMiB, connectionLimits);
}

function postgresFiles(context: StackContext, args: PostgresArgs): Record<string, { content: string }> {
  const internal = args.networkPlan.find((network) => network.name === "internal");
  if (internal === undefined) throw new Error("the plan of the networks has no internal network");
  return {
    "postgresql.conf": { content: renderPostgresqlConf(postgresSettings({ sizing: sizing(context) })) },
    "pg_hba.conf": {
      content: renderPgHba({
        superuser: POSTGRES_SUPERUSER,
        superuserSources: [internal.gateway, ...(args.forwarderAddress === undefined ? [] : [args.forwarderAddress])],
        roles: databaseNames(context.config).flatMap((database) => DATABASE_ROLES.map((name) => ({ name, database }))),
        subnets: [internal.subnet],
      }),
    },
    "start.sh": { content: postgresStartScript() },
  };
}

function postgresWorkload(context: StackContext, address: string): Workload {
  const { config, images } = context;
  return {
    name: "postgres",
    component: "postgres",
    image: images.reference("postgres"),
    entrypoint: ["/bin/sh", POSTGRES_PATHS.start],
    environment: {
      PGDATA: POSTGRES_PATHS.data,
      POSTGRES_DB: config.database.name,
      POSTGRES_INITDB_ARGS,
      POSTGRES_PASSWORD_FILE: "/run/secrets/postgres_password",
      POSTGRES_USER: POSTGRES_SUPERUSER,
    },
    user: `${POSTGRES_UID}:${POSTGRES_UID}`,
    networks: [{ network: "internal", aliases: [POSTGRES_ALIAS], ipv4Address: address }],
    publishedPorts: [],
    mounts: [
      { kind: "volume", volume: "data", target: POSTGRES_PATHS.data, readOnly: false },
      { kind: "volume", volume: "config", target: "/etc/rampart", readOnly: true },
      { kind: "volume", volume: "secrets", target: "/run/secrets", readOnly: true },
    ],
    tmpfs: [
      { path: "/tmp", sizeMiB: 64 },
      { path: POSTGRES_PATHS.socket, sizeMiB: 1, mode: "0755", uid: POSTGRES_UID, gid: POSTGRES_UID },
    ],
    resources: config.database.resources,
    shmMiB: sizing(context).shmMiB,
    capabilities: [],
    seccomp: { kind: "default" },
    appArmor: { kind: "default" },
    readOnlyRoot: true,
    healthCheck: { test: postgresHealthCheck(POSTGRES_SUPERUSER), intervalSeconds: 2, timeoutSeconds: 3, startPeriodSeconds: 60, retries: 5 },
    restart: "on-failure",
    // Fast shutdown: sessions are ended, the checkpoint is written. SIGTERM would wait for clients to go.
    stopSignal: "SIGINT",
    stopGraceSeconds: STOP_GRACE_SECONDS,
    startTimeoutSeconds: 180,
    logging: config.logging,
    accepted: [],
  };
}
