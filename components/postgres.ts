import * as pulumi from "@pulumi/pulumi";
import { LABEL_CERTIFICATE_END } from "../hardening/container/labels";
import type { NetworkPlan } from "../hardening/container/networks";
import { hardenedWorkload } from "../hardening/container/hardened-workload";
import type { Workload } from "../hardening/container/workload";
import { certificateEnd } from "../hardening/pki/certificates";
import { POSTGRES_SUPERUSER } from "../hardening/postgres/roles/roles";
import { postgresSettings, renderPostgresqlConf, stackSizing } from "../hardening/postgres/server/postgres-config";
import { postgresReloadScript } from "../hardening/postgres/server/reload-script";
import {
  POSTGRES_INITDB_ARGS,
  POSTGRES_LIVE_FILES,
  POSTGRES_PATHS,
  postgresHealthCheck,
  postgresStartScript,
} from "../hardening/postgres/server/start-script";
import { POSTGRES_ALIAS } from "../hardening/postgres/server/url";
import { SERVER_UID, SERVER_USER } from "../hardening/postgres/server/user";
import { majorName } from "../hardening/postgres/upgrade/upgrade";
import type { MountedFile } from "../resources/carrier";
import { createContainer } from "../resources/container";
import type { NetworkNames, StackContext } from "../resources/context";
import { hbaFile } from "../resources/database";
import { configuredMajor, majorCheck } from "../resources/postgres-major";
import type { Authority } from "./authority";
import { DataVolume } from "./data-volume";
import { LiveFiles } from "./live-files";
import { MountedFiles } from "./mounted-files";

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
  /** Signs the server's certificate. */
  readonly authority: Authority;
}

/** PostgreSQL on the internal network: only the server and the Pulumi provider know its superuser's password. */
export class Postgres extends pulumi.ComponentResource {
  /** What depends on a server that answers. */
  readonly ready: pulumi.Input<pulumi.Resource>;
  /** What depends on a server that has the present password, rules and certificate. */
  readonly applied: pulumi.Resource;
  readonly data: DataVolume;

  constructor(name: string, context: StackContext, args: PostgresArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rampart:postgres:Postgres", name, {}, opts);
    const { config } = context;
    const check = majorCheck(name, context, `${name}-data`, this);
    // The volumes of older majors stay declared, so that they are neither deleted nor in the way of an update.
    const [data] = [configuredMajor(context), ...config.database.previousMajors].map(
      (major) =>
        new DataVolume(
          majorName(`${name}-data`, major),
          context,
          { owner: "postgres", protect: config.database.protect, shared: false },
          { parent: this, dependsOn: [check] },
        ),
    );
    if (data === undefined) throw new Error("there is no data volume");
    this.data = data;
    const configuration = new MountedFiles(
      `${name}-config`,
      context,
      { owner: "postgres", secret: false, files: configurationFiles(context, args.address) },
      { parent: this },
    );
    const server = args.authority.server("postgres", [POSTGRES_ALIAS, args.address, "127.0.0.1", "localhost"]);
    const live = new LiveFiles(
      `${name}-live`,
      context,
      {
        owner: "postgres",
        files: {
          [POSTGRES_LIVE_FILES.password]: { content: args.password },
          [POSTGRES_LIVE_FILES.hba]: { content: hbaFile(config, args) },
          [POSTGRES_LIVE_FILES.certificate]: { content: server.certificate },
          [POSTGRES_LIVE_FILES.key]: { content: server.privateKey },
          [POSTGRES_LIVE_FILES.ca]: { content: args.authority.certificate },
        },
        reloadScript: POSTGRES_PATHS.reload,
        extraLabels: [
          { label: LABEL_CERTIFICATE_END, value: server.certificate.apply((pem) => certificateEnd(pem).toISOString()) },
        ],
      },
      { parent: this },
    );
    this.applied = live.applied;
    this.ready = createContainer(context, name, postgresWorkload(context, args.address), {
      networks: args.networks,
      volumes: { data: this.data.volumeName, config: configuration.volumeName, live: live.volumeName },
      // A password that is changed in the running server first is one that its successor knows.
      parent: this,
      lifecycle: "exclusive",
      dependsOn: [check, configuration.carrier, live.carrier, live.applied],
    }).running;
    this.registerOutputs({});
  }
}

function sizing(context: StackContext) {
  const { resources, connectionLimits } = context.config.database;
  return stackSizing(resources.memoryMiB, connectionLimits);
}

function configurationFiles(context: StackContext, address: string): Record<string, MountedFile> {
  const tls = { certificateFile: POSTGRES_PATHS.certificate, keyFile: POSTGRES_PATHS.key };
  return {
    "postgresql.conf": {
      content: renderPostgresqlConf(
        postgresSettings({ sizing: sizing(context), tls, listenAddresses: ["127.0.0.1", address] }),
      ),
    },
    "start.sh": { content: postgresStartScript() },
    "reload.sh": { content: postgresReloadScript() },
  };
}

function postgresWorkload(context: StackContext, address: string): Workload {
  const { config, images } = context;
  return hardenedWorkload({
    name: "postgres",
    component: "postgres",
    image: images.reference("postgres"),
    entrypoint: ["/bin/sh", POSTGRES_PATHS.start],
    environment: {
      PGDATA: POSTGRES_PATHS.data,
      POSTGRES_DB: config.database.name,
      POSTGRES_INITDB_ARGS,
      POSTGRES_PASSWORD_FILE: `${POSTGRES_PATHS.live}/${POSTGRES_LIVE_FILES.password}`,
      POSTGRES_USER: POSTGRES_SUPERUSER,
    },
    user: SERVER_USER,
    networks: [{ network: "internal", aliases: [POSTGRES_ALIAS], ipv4Address: address }],
    mounts: [
      { kind: "volume", volume: "data", target: POSTGRES_PATHS.data, readOnly: false },
      { kind: "volume", volume: "config", target: "/etc/rampart", readOnly: true },
      { kind: "volume", volume: "live", target: POSTGRES_PATHS.live, readOnly: true },
    ],
    tmpfs: [
      { path: "/tmp", sizeMiB: 64 },
      { path: POSTGRES_PATHS.socket, sizeMiB: 1, mode: "0755", uid: SERVER_UID, gid: SERVER_UID },
    ],
    resources: config.database.resources,
    shmMiB: sizing(context).shmMiB,
    healthCheck: {
      test: postgresHealthCheck(POSTGRES_SUPERUSER),
      intervalSeconds: 2,
      timeoutSeconds: 3,
      startPeriodSeconds: 60,
      retries: 5,
    },
    // Fast shutdown: sessions are ended, the checkpoint is written. SIGTERM would wait for clients to go.
    stopSignal: "SIGINT",
    stopGraceSeconds: STOP_GRACE_SECONDS,
    startTimeoutSeconds: 180,
    logging: config.logging,
  });
}
