import { labelFilters } from "../../engine/containers";
import type { DockerClient } from "../../engine/docker";
import { dataVolumes } from "../../engine/postgres-major";
import { lines } from "../../engine/text";
import { ephemeralArgs, type EphemeralContainer } from "../../hardening/container/ephemeral";
import { LABEL_COMPONENT, LABEL_NAME, LABEL_STACK } from "../../hardening/container/labels";
import { POSTGRES_PATHS } from "../../hardening/postgres/server/start-script";
import { SERVER_UID, SERVER_USER } from "../../hardening/postgres/server/user";
import { majorName, type DataVolumeFacts } from "../../hardening/postgres/upgrade/upgrade";
import {
  DUMP_PATH,
  QUERY_SCRIPT,
  UPGRADE_SERVER_COMMAND,
  UPGRADE_SERVER_ENVIRONMENT,
} from "../../hardening/postgres/upgrade/upgrade-scripts";
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

/** The official image's own user. */
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
      `The engine at ${docker.host} has no Postgres container of stack ${stack}. Name a stack that is deployed there, or set DOCKER_HOST.`,
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
  const [dataVolume, secretsVolume] = [volume(POSTGRES_PATHS.data), volume("/run/secrets")];
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

/** The names of what an upgrade makes beside the new data volume. */
export const upgradeNames = (
  base: string,
  major: number,
): { readonly data: string; readonly dump: string; readonly server: string } => {
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

type Parts = Pick<EphemeralContainer, "image"> & Partial<EphemeralContainer>;

function container(server: OldServer, parts: Parts): EphemeralContainer {
  const { stack, superuser, secretsVolume } = server;
  return {
    ...{
      stack,
      component: "job",
      name: "postgres-upgrade",
      user: SERVER_USER,
      resources: { memoryMiB: server.memoryMiB, cpus: 2, pids: 128 },
    },
    ...parts,
    environment: { POSTGRES_USER: superuser, ...parts.environment },
    volumes: [{ name: secretsVolume, target: "/run/secrets", readOnly: true }, ...(parts.volumes ?? [])],
    tmpfs: [
      { path: "/run/rampart", sizeMiB: 1, mode: "0700", uid: SERVER_UID, gid: SERVER_UID },
      ...(parts.tmpfs ?? []),
    ],
  };
}

/** What needs neither a network nor the password. */
const bare = (
  stack: string,
  image: string,
): Pick<EphemeralContainer, "stack" | "component" | "name" | "image" | "resources"> => ({
  ...{ stack, component: "job", name: "postgres-upgrade", image },
  resources: { memoryMiB: 64, cpus: 0.5, pids: 16 },
});

/** Asks an image for its version of PostgreSQL. */
export const versionArgs = (stack: string, image: string): string[] => [
  "run",
  ...ephemeralArgs({ ...bare(stack, image), user: "65534:65534", entrypoint: "postgres", command: ["--version"] }),
];

/** The new version's programs beside the old server: in its network, where the superuser is taken from loopback only. */
export function clientArgs(
  server: OldServer,
  image: string,
  dump: string,
  script: string,
  args: readonly string[] = [],
): string[] {
  const parts: Parts = {
    image,
    network: `container:${server.id}`,
    volumes: [{ name: dump, target: DUMP_PATH, readOnly: false }],
    entrypoint: "sh",
    command: ["-c", script, "sh", ...args],
  };
  return ["run", ...ephemeralArgs(container(server, parts), ["--interactive"])];
}

/** A throw-away server on a data volume, on no network. */
export function serverArgs(
  server: OldServer,
  image: string,
  names: { readonly data: string; readonly dump: string; readonly server: string },
): string[] {
  const parts: Parts = {
    ...{
      image,
      environment: UPGRADE_SERVER_ENVIRONMENT,
      command: UPGRADE_SERVER_COMMAND,
      shmMiB: 256,
      kept: true,
    },
    volumes: [
      { name: names.data, target: POSTGRES_PATHS.data, readOnly: false },
      { name: names.dump, target: DUMP_PATH, readOnly: false },
    ],
    tmpfs: [{ path: POSTGRES_PATHS.socket, sizeMiB: 1, mode: "0755", uid: SERVER_UID, gid: SERVER_UID }],
  };
  return [
    "run",
    ...ephemeralArgs(container(server, parts), ["--detach", "--name", names.server, "--stop-signal", "SIGINT"]),
  ];
}

/** A container of an image that mounts one data volume and runs a script. */
export function volumeArgs(
  server: OldServer,
  image: string,
  data: string,
  script: string,
  args: readonly string[],
): string[] {
  return [
    "run",
    ...ephemeralArgs({
      ...bare(server.stack, image),
      user: SERVER_USER,
      volumes: [{ name: data, target: POSTGRES_PATHS.data, readOnly: false }],
      entrypoint: "sh",
      command: ["-c", script, "sh", ...args],
    }),
  ];
}

export const execArgs = (name: string, script: string, args: readonly string[] = []): string[] => [
  "exec",
  "--interactive",
  name,
  "sh",
  "-c",
  script,
  "sh",
  ...args,
];

/** Runs SQL on the old server, by the new version's psql. */
export const queryOld = (
  docker: DockerClient,
  server: OldServer,
  image: string,
  dump: string,
  what: string,
  sql: string,
  database = "postgres",
  timeoutSeconds = 120,
): Promise<string> =>
  docker.must(what, clientArgs(server, image, dump, QUERY_SCRIPT, [database]), { input: sql, timeoutSeconds });

export const queryNew = (
  docker: DockerClient,
  name: string,
  what: string,
  sql: string,
  database = "postgres",
  timeoutSeconds = 120,
): Promise<string> => docker.must(what, execArgs(name, QUERY_SCRIPT, [database]), { input: sql, timeoutSeconds });
