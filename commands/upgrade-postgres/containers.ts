/** The arguments of `docker` that make the containers of an upgrade, and that run a script in one. */
import { ephemeralArgs, type EphemeralContainer } from "../../hardening/container/ephemeral";
import { POSTGRES_PATHS } from "../../hardening/postgres/server/start-script";
import { SERVER_UID, SERVER_USER } from "../../hardening/postgres/server/user";
import {
  DUMP_PATH,
  UPGRADE_SERVER_COMMAND,
  UPGRADE_SERVER_ENVIRONMENT,
} from "../../hardening/postgres/upgrade/upgrade-scripts";
import type { OldServer, UpgradeNames } from "./server";
import { NOBODY } from "../../hardening/container/workload";

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
    volumes: [{ name: secretsVolume, target: POSTGRES_PATHS.live, readOnly: true }, ...(parts.volumes ?? [])],
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
  ...ephemeralArgs({ ...bare(stack, image), user: NOBODY, entrypoint: "postgres", command: ["--version"] }),
];

/** The old server, the new version's image, and the volume of the dump. */
export interface ClientParts {
  readonly server: OldServer;
  readonly image: string;
  readonly dump: string;
}

/**
 * The new version's programs beside the old server: in its network, where the superuser is taken from loopback only.
 */
export function clientArgs(
  { server, image, dump }: ClientParts,
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
export function serverArgs(server: OldServer, image: string, names: UpgradeNames): string[] {
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
  { stack, image, data }: { readonly stack: string; readonly image: string; readonly data: string },
  script: string,
  args: readonly string[],
): string[] {
  return [
    "run",
    ...ephemeralArgs({
      ...bare(stack, image),
      user: SERVER_USER,
      volumes: [{ name: data, target: POSTGRES_PATHS.data, readOnly: false }],
      entrypoint: "sh",
      command: ["-c", script, "sh", ...args],
    }),
  ];
}

/** Runs a script in a container that runs. */
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
