import { labelFilters } from "../../engine/containers";
import type { DockerClient } from "../../engine/docker";
import { dataVolumes } from "../../engine/postgres-major";
import { lines } from "../../engine/text";
import { LABEL_COMPONENT, LABEL_NAME, LABEL_STACK } from "../../hardening/container/labels";
import { POSTGRES_PATHS } from "../../hardening/postgres/server/start-script";
import { majorName, type DataVolumeFacts } from "../../hardening/postgres/upgrade/upgrade";
import { UserError } from "../shared/errors";

/** The stack's Postgres as its container shows it. */
export interface OldServer {
  readonly stack: string;
  readonly id: string;
  readonly running: boolean;
  readonly healthy: boolean;
  readonly superuser: string;
  /** Its data volume, and the volume of its password file. */
  readonly dataVolume: string;
  readonly secretsVolume: string;
  readonly memoryMiB: number;
  /** The name of the first major's data volume. */
  readonly base: string;
  readonly volumes: readonly DataVolumeFacts[];
}

/** Of the programs beside an old server that has less. */
const MINIMUM_MEMORY_MIB = 512;

interface Inspected {
  readonly State: { readonly Running: boolean; readonly Health?: { readonly Status: string } };
  readonly Config: { readonly Env: readonly string[] | null };
  readonly HostConfig: { readonly Memory: number };
  readonly Mounts: readonly { readonly Name?: string; readonly Destination: string }[];
}

/** @throws UserError when the stack has no Postgres container on this engine, or not one that Rampart made */
export async function findServer(docker: DockerClient, stack: string): Promise<OldServer> {
  const filters = labelFilters({ [LABEL_STACK]: stack, [LABEL_COMPONENT]: "postgres", [LABEL_NAME]: "postgres" });
  const [id, ...more] = lines(
    await docker.must("The engine could not be asked for containers", [
      "ps",
      "--all",
      "--no-trunc",
      "--quiet",
      ...filters,
    ]),
  );
  if (id === undefined)
    throw new UserError(
      `The engine at ${docker.host} has no Postgres container of stack ${stack}. Name a stack that is deployed ` +
        "there, or set DOCKER_HOST.",
    );
  if (more.length > 0)
    throw new UserError(
      `The engine has ${more.length + 1} Postgres containers of stack ${stack}: run \`pulumi up\` to its end first.`,
    );
  const [found] = JSON.parse(
    await docker.must("The Postgres container could not be read", ["inspect", id]),
  ) as Inspected[];
  const volume = (path: string): string => found?.Mounts.find((mount) => mount.Destination === path)?.Name ?? "";
  const superuser = found?.Config.Env?.find((entry) => entry.startsWith("POSTGRES_USER="))?.slice(
    "POSTGRES_USER=".length,
  );
  const [dataVolume, secretsVolume] = [volume(POSTGRES_PATHS.data), volume(POSTGRES_PATHS.live)];
  const base = /^(.+-postgres-data)(?:-\d{2})?$/.exec(dataVolume)?.[1];
  if (found === undefined || superuser === undefined || base === undefined || secretsVolume === "")
    throw new UserError(`The container ${id.slice(0, 12)} is not one that Rampart's Postgres component made.`);
  return {
    ...{ stack, id, superuser, dataVolume, secretsVolume, base },
    running: found.State.Running,
    healthy: found.State.Health?.Status === "healthy",
    memoryMiB: Math.max(MINIMUM_MEMORY_MIB, Math.ceil(found.HostConfig.Memory / 1024 ** 2)),
    volumes: await dataVolumes(docker, stack, base),
  };
}

/**
 * The names of what an upgrade makes: the new data volume, the volume of the dump, and the container of the new server.
 */
export interface UpgradeNames {
  readonly data: string;
  readonly dump: string;
  readonly server: string;
}

export const upgradeNames = (base: string, major: number): UpgradeNames => {
  const data = majorName(base, major);
  return { data, dump: `${data}-dump`, server: `${data}-upgrade` };
};

/** A volume as the stack's own component makes it, so that the stack takes it over without a change. */
export async function createVolume(docker: DockerClient, stack: string, name: string, owner: string): Promise<void> {
  const labels = [`${LABEL_COMPONENT}=volume`, `${LABEL_NAME}=${owner}`, `${LABEL_STACK}=${stack}`].flatMap((label) => [
    "--label",
    label,
  ]);
  await docker.must(`The volume ${name} could not be made`, ["volume", "create", ...labels, name]);
}

export async function removeVolume(docker: DockerClient, name: string): Promise<void> {
  const exists = await docker.ask(["volume", "inspect", name]);
  if (exists.code === 0) await docker.must(`The volume ${name} could not be removed`, ["volume", "rm", name]);
}
