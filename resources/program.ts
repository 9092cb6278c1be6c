import type * as pulumi from "@pulumi/pulumi";
import type { DataUser, MigrationConfig } from "../config";
import { SECRETS_PATH, type AcceptedException, type Mount, type Workload } from "../hardening/container/workload";
import type { FilesByName } from "./carrier";
import type { SecretSource } from "./context";
import { defined } from "../hardening/defined";

/** What a service, a job and the migration have in common: an image, secrets, volumes, confinement. */
export type ProgramConfig = DataUser | MigrationConfig;

export interface ProgramFiles {
  /** Volume names by the key that the workload's mounts use. */
  readonly volumes: Record<string, pulumi.Output<string>>;
  readonly dependsOn: pulumi.Resource[];
  readonly secretEnvironment: Record<string, pulumi.Output<string>>;
  /** The `<NAME>_FILE` variables. */
  readonly fileVariables: Record<string, string>;
}

export interface ProgramArgs {
  readonly name: string;
  readonly config: ProgramConfig;
  readonly secrets: SecretSource;
  /** DATABASE_URL and REDIS_URL, where the program has earned them. */
  readonly urls: Readonly<Record<string, pulumi.Output<string>>>;
  /** The volumes that services share, by their name. */
  readonly sharedVolumes: Readonly<Record<string, SharedVolume>>;
}

/** A volume that services share, and what its consumers wait for. */
export interface SharedVolume {
  readonly volumeName: pulumi.Output<string>;
  readonly ready: pulumi.Resource;
}

/** A volume of secrets, and the carrier that fills it. */
export interface SecretsVolume {
  readonly volumeName: pulumi.Output<string>;
  readonly carrier: pulumi.Resource;
}

/** The secrets that a program reads as files, by their names under SECRETS_PATH; the others are in its environment. */
export function secretFiles(args: ProgramArgs): FilesByName {
  const secrets = secretsOf(args);
  return Object.fromEntries(
    fileNames(args, secrets).map((variable) => [variable.toLowerCase(), { content: secrets[variable] ?? "" }]),
  );
}

/**
 * What a program's container mounts and is told.
 * @param mounted The volume of its secret files, where it has any.
 */
export function programFiles(args: ProgramArgs, mounted: SecretsVolume | undefined): ProgramFiles {
  const secrets = secretsOf(args);
  const volumes: Record<string, pulumi.Output<string>> = {};
  const dependsOn: pulumi.Resource[] = [];
  for (const volume of args.config.volumes) {
    const shared = "name" in volume ? args.sharedVolumes[volume.name] : undefined;
    if (!("name" in volume) || shared === undefined) continue;
    volumes[`data-${volume.name}`] = shared.volumeName;
    dependsOn.push(shared.ready);
  }
  if (mounted !== undefined) {
    volumes["secrets"] = mounted.volumeName;
    dependsOn.push(mounted.carrier);
  }
  return {
    volumes,
    dependsOn,
    secretEnvironment: Object.fromEntries(
      namesInEnvironment(args).flatMap((variable) => {
        const value = secrets[variable];
        return value === undefined ? [] : [[variable, value.apply((text) => `${variable}=${text}`)]];
      }),
    ),
    fileVariables: Object.fromEntries(
      fileNames(args, secrets).map((variable) => [`${variable}_FILE`, `${SECRETS_PATH}/${variable.toLowerCase()}`]),
    ),
  };
}

function secretsOf({ config, secrets, urls }: ProgramArgs): Readonly<Record<string, pulumi.Output<string>>> {
  const named = Object.entries(config.secrets).map(([variable, spec]): [string, pulumi.Output<string>] => [
    variable,
    secrets.resolve(variable, spec),
  ]);
  return Object.fromEntries([...named, ...Object.entries(urls)]);
}

const namesInEnvironment = ({ config }: ProgramArgs): readonly string[] => config.secretsInEnvironment?.names ?? [];

const fileNames = (args: ProgramArgs, secrets: Readonly<Record<string, unknown>>): string[] =>
  Object.keys(secrets)
    .filter((variable) => !namesInEnvironment(args).includes(variable))
    .sort();

/** The parts of a workload that follow only from a program's configuration. */
export function programWorkload(
  config: ProgramConfig,
  files: Pick<ProgramFiles, "fileVariables" | "volumes">,
): Pick<
  Workload,
  | "image"
  | "entrypoint"
  | "command"
  | "user"
  | "mounts"
  | "tmpfs"
  | "resources"
  | "capabilities"
  | "seccomp"
  | "appArmor"
  | "readOnlyRoot"
  | "stopGraceSeconds"
  | "accepted"
> {
  const { confinement } = config;
  return {
    image: config.image,
    ...defined({ entrypoint: config.entrypoint, command: config.command }),
    user: typeof config.user === "string" ? config.user : "0:0",
    mounts: [
      ...config.volumes.map((volume): Mount =>
        "name" in volume
          ? { kind: "volume", volume: `data-${volume.name}`, target: volume.path, readOnly: volume.readOnly }
          : { kind: "host", source: volume.hostPath, target: volume.path, readOnly: volume.readOnly },
      ),
      ...("secrets" in files.volumes
        ? [{ kind: "volume", volume: "secrets", target: SECRETS_PATH, readOnly: true } as const]
        : []),
    ],
    tmpfs: config.tmpfs.map((mount) => ({ path: mount.path, sizeMiB: mount.sizeMiB, exec: mount.exec !== undefined })),
    resources: config.resources,
    capabilities: confinement.capabilities.map((capability) => capability.add),
    seccomp: seccompOption(confinement.seccomp),
    appArmor: appArmorOption(confinement.appArmor),
    readOnlyRoot: confinement.writableRoot === undefined,
    stopGraceSeconds: config.stopGraceSeconds,
    accepted: acceptedExceptions(config),
  };
}

function seccompOption(option: ProgramConfig["confinement"]["seccomp"]): Workload["seccomp"] {
  if (option === "default") return { kind: "default" };
  if (typeof option === "string") return { kind: "profile", profile: option, complain: false };
  if ("unconfined" in option) return { kind: "unconfined", reason: option.unconfined };
  return { kind: "profile", profile: option.profile, complain: option.complain };
}

function appArmorOption(option: ProgramConfig["confinement"]["appArmor"]): Workload["appArmor"] {
  if (typeof option === "object") return { kind: "unconfined", reason: option.unconfined };
  return option === "default" ? { kind: "default" } : { kind: "profile", profile: option };
}

/** Every weakening is named in the configuration with a reason; here each becomes the exception of a rule. */
function acceptedExceptions(config: ProgramConfig): AcceptedException[] {
  const { confinement } = config;
  const exceptions: AcceptedException[] = [];
  const accept = (rule: string, reason: string | undefined): void => {
    if (reason !== undefined) exceptions.push({ rule, reason });
  };
  accept("cis-4.1", typeof config.user === "object" ? config.user.root : undefined);
  accept(
    "cis-5.4",
    confinement.capabilities.map((capability) => `${capability.add}: ${capability.reason}`).join("; ") || undefined,
  );
  accept("cis-5.13", confinement.writableRoot?.reason);
  accept(
    "rampart-tmpfs-noexec",
    config.tmpfs.map((mount) => mount.exec?.reason).find((reason) => reason !== undefined),
  );
  accept(
    "rampart-host-mount",
    config.volumes
      .map((volume) => ("hostPath" in volume ? `${volume.hostPath}: ${volume.reason}` : undefined))
      .filter((reason) => reason !== undefined)
      .join("; ") || undefined,
  );
  accept("rampart-secrets-as-files", config.secretsInEnvironment?.reason);
  if (typeof confinement.seccomp === "object") {
    accept(
      "cis-5.22",
      "unconfined" in confinement.seccomp
        ? confinement.seccomp.unconfined
        : confinement.seccomp.complain
          ? "complain mode: denials are logged, not enforced"
          : undefined,
    );
  }
  if (typeof confinement.appArmor === "object") accept("cis-5.2", confinement.appArmor.unconfined);
  return exceptions;
}
