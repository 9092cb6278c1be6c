import type * as pulumi from "@pulumi/pulumi";
import type { MigrationConfig, ServiceConfig } from "../config";
import type { AcceptedException, Mount, Workload } from "../hardening/container/workload";
import type { StackContext } from "./context";
import type { DataVolume } from "../components/data-volume";
import { MountedFiles } from "../components/mounted-files";
import type { Secrets } from "../components/secrets";

/** What a service and a job have in common: an image of the user's, its secrets, volumes and confinement. */
export type ProgramConfig = ServiceConfig | MigrationConfig;

/** Where a container finds its secrets, a file each. */
export const SECRETS_PATH = "/run/secrets";

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
  readonly secrets: Secrets;
  /** DATABASE_URL and REDIS_URL, where the program has earned them. */
  readonly urls: Readonly<Record<string, pulumi.Output<string>>>;
  /** The volumes that services share, by their name. */
  readonly sharedVolumes: Readonly<Record<string, DataVolume>>;
}

/** Creates what a program's container mounts: its secrets, in a volume of its own, and its data volumes. */
export function programFiles(
  resourceName: string,
  context: StackContext,
  args: ProgramArgs,
  parent: pulumi.Resource,
): ProgramFiles {
  const named = Object.entries(args.config.secrets).map(([variable, spec]): [string, pulumi.Output<string>] => [
    variable,
    args.secrets.resolve(variable, spec),
  ]);
  const all = Object.fromEntries([...named, ...Object.entries(args.urls)]);
  const inEnvironment = args.config.secretsInEnvironment?.names ?? [];
  const asFiles = Object.keys(all)
    .filter((variable) => !inEnvironment.includes(variable))
    .sort();
  const volumes: Record<string, pulumi.Output<string>> = {};
  const dependsOn: pulumi.Resource[] = [];
  for (const volume of args.config.volumes) {
    const shared = "name" in volume ? args.sharedVolumes[volume.name] : undefined;
    if (!("name" in volume) || shared === undefined) continue;
    volumes[`data-${volume.name}`] = shared.volumeName;
    dependsOn.push(shared.ready);
  }
  if (asFiles.length > 0) {
    const files = new MountedFiles(
      `${resourceName}-secrets`,
      context,
      {
        owner: args.name,
        files: Object.fromEntries(
          asFiles.map((variable) => [variable.toLowerCase(), { content: all[variable] ?? "" }]),
        ),
      },
      { parent },
    );
    volumes["secrets"] = files.volumeName;
    dependsOn.push(files.carrier);
  }
  return {
    volumes,
    dependsOn,
    secretEnvironment: Object.fromEntries(
      inEnvironment.flatMap((variable) => {
        const value = all[variable];
        return value === undefined ? [] : [[variable, value.apply((text) => `${variable}=${text}`)]];
      }),
    ),
    fileVariables: Object.fromEntries(
      asFiles.map((variable) => [`${variable}_FILE`, `${SECRETS_PATH}/${variable.toLowerCase()}`]),
    ),
  };
}

/** The parts of a workload that follow from a program's configuration alone. */
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
    ...(config.entrypoint === undefined ? {} : { entrypoint: config.entrypoint }),
    ...(config.command === undefined ? {} : { command: config.command }),
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
