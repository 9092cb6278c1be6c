import * as pulumi from "@pulumi/pulumi";
import { secretOf } from "../config";
import {
  BACKUP_WORK_OWNER,
  backupScripts,
  credentialFile,
  drillWorkload,
  dumpWorkload,
  isRemote,
  storeWorkload,
  type BackupSettings,
  type BackupVolume,
} from "../hardening/backup/workloads";
import type { Workload } from "../hardening/container/workload";
import type { MountedFile } from "../resources/carrier";
import { createContainer } from "../resources/container";
import type { NetworkNames, SecretSource, StackContext } from "../resources/context";
import { DataVolume } from "./data-volume";
import { MountedFiles } from "./mounted-files";

export interface BackupsArgs {
  readonly networks: NetworkNames;
  readonly secrets: SecretSource;
  /** The connection URL of the role `backup`, by database: these are what is backed up. */
  readonly urls: Readonly<Record<string, pulumi.Output<string>>>;
  /** The certificate of the stack's own CA, where a URL names /run/secrets/database_ca. @default none */
  readonly ca?: pulumi.Output<string>;
  /** What has to be there before a dump can be taken: the roles, and the tables of the migration. */
  readonly dependsOn: pulumi.Resource[];
}

/**
 * Scheduled, encrypted backups of a stack's databases, and the drills that restore them; see
 * docs/decisions/0008-backups.md.
 */
export class Backups extends pulumi.ComponentResource {
  /** What opens the repository: without it no backup can be read. */
  readonly password: pulumi.Output<string>;
  /** As restic writes it; `volume` is the stack's own. */
  readonly repository: string;

  constructor(name: string, context: StackContext, args: BackupsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rampart:backup:Backups", name, {}, opts);
    const { backups } = context.config.database;
    if (backups === false) throw new Error("database.backups is false: there is nothing to make");
    const settings = backupSettings(context, backups, Object.keys(args.urls));
    this.repository = backups.repository;
    const { protect } = context.config.database;
    this.password =
      backups.password === "generated"
        ? args.secrets.password("backup-repository", { protect })
        : secretOf(backups.password);

    const local = isRemote(backups.repository) ? [] : (["repository"] as const);
    const data = Object.fromEntries(
      (["drill", "restored", "scratch", "state", ...local] as const).map((volume): [BackupVolume, DataVolume] => [
        volume,
        new DataVolume(
          `${name}-${volume}`,
          context,
          {
            owner: volume === "repository" ? "backup" : BACKUP_WORK_OWNER,
            protect: volume === "repository" && protect,
            shared: true,
          },
          { parent: this },
        ),
      ]),
    );
    const files = (part: string, contents: Readonly<Record<string, MountedFile>>, secret: boolean): MountedFiles =>
      new MountedFiles(`${name}-${part}`, context, { owner: "backup", secret, files: contents }, { parent: this });
    const mounted = {
      scripts: files("scripts", contentsOf(backupScripts()), false),
      "dump-secrets": files("dump-secrets", databaseFiles(args), true),
      "store-secrets": files(
        "store-secrets",
        { restic_password: { content: this.password }, ...credentialFiles(backups.credentials) },
        true,
      ),
    };
    const volumes = Object.fromEntries(
      [...Object.entries(data), ...Object.entries(mounted)].map(([key, { volumeName }]) => [key, volumeName]),
    );
    const filled = [
      ...Object.values(data).map(({ ready }) => ready),
      ...Object.values(mounted).map(({ carrier }) => carrier),
    ];
    const create = (part: Workload, dependsOn: pulumi.Resource[]) =>
      createContainer(context, `${name}-${part.name}`, part, {
        networks: args.networks,
        volumes,
        parent: this,
        lifecycle: "exclusive",
        dependsOn: [...filled, ...dependsOn],
      });
    create(dumpWorkload(settings), args.dependsOn);
    create(storeWorkload(settings), []);
    create(drillWorkload(settings), []);
    this.registerOutputs({});
  }
}

type BackupsConfig = Exclude<StackContext["config"]["database"]["backups"], false>;

function backupSettings(context: StackContext, backups: BackupsConfig, databases: readonly string[]): BackupSettings {
  const { config, images } = context;
  const { at, repository, credentials, keep, maxAgeHours, drillEveryDays, readDailyPercent, resources } = backups;
  return {
    stack: config.stack,
    at,
    databases,
    repository,
    credentials: Object.keys(credentials),
    keep,
    maxAgeHours,
    drillEveryDays,
    readDailyPercent,
    resources,
    logging: config.logging,
    images: { postgres: images.reference("postgres"), restic: images.reference("restic") },
  };
}

const contentsOf = (texts: Readonly<Record<string, string>>): Record<string, MountedFile> =>
  Object.fromEntries(Object.entries(texts).map(([file, content]) => [file, { content }]));

function databaseFiles({ urls, ca }: BackupsArgs): Record<string, MountedFile> {
  const byDatabase = Object.entries(urls).map(([database, content]) => [`database_url_${database}`, { content }]);
  return { ...Object.fromEntries(byDatabase), ...(ca === undefined ? {} : { database_ca: { content: ca } }) } as Record<
    string,
    MountedFile
  >;
}

const credentialFiles = (credentials: BackupsConfig["credentials"]): Record<string, MountedFile> =>
  Object.fromEntries(
    Object.entries(credentials).map(([variable, secret]) => [credentialFile(variable), { content: secretOf(secret) }]),
  );
