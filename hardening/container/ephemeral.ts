/**
 * Containers that a command or a hook makes for its own time, outside of the stack's state: hardened like the stack's
 * own.
 */
import { renderTmpfs } from "./render";
import { LABEL_COMPONENT, LABEL_EPHEMERAL, LABEL_NAME, LABEL_STACK } from "./labels";
import type { ComponentKind, Resources, Tmpfs } from "./workload";

export interface EphemeralContainer {
  readonly stack: string;
  readonly component: ComponentKind;
  /** The label `io.rampart.name`. */
  readonly name: string;
  /** A reference or an id. */
  readonly image: string;
  /** `uid:gid`, both numeric. */
  readonly user: string;
  /** An engine's network by name, or `container:<id>`. @default none */
  readonly network?: string;
  readonly resources: Resources;
  readonly volumes?: readonly { readonly name: string; readonly target: string; readonly readOnly: boolean }[];
  readonly tmpfs?: readonly Tmpfs[];
  /** Never a secret: `docker inspect` shows it. */
  readonly environment?: Readonly<Record<string, string>>;
  /** @default the image's */
  readonly entrypoint?: string;
  readonly command?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  /** MiB of /dev/shm. @default the engine's 64 */
  readonly shmMiB?: number;
  /** Whether it stays when it ends, so that its exit code can be read; its command removes it. @default false */
  readonly kept?: boolean;
}

/** The arguments of `docker run` or `docker create`; `options` are those of that command itself, such as `--detach`. */
export function ephemeralArgs(container: EphemeralContainer, options: readonly string[] = []): string[] {
  const { memoryMiB, cpus, pids } = container.resources;
  const labels = {
    [LABEL_COMPONENT]: container.component,
    [LABEL_NAME]: container.name,
    [LABEL_STACK]: container.stack,
    [LABEL_EPHEMERAL]: "true",
    ...container.labels,
  };
  return [
    ...options,
    ...(container.kept === true ? [] : ["--rm"]),
    ...["--pull", "never", "--network", container.network ?? "none", "--user", container.user],
    ...["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges:true", "--ipc", "private"],
    ...[
      "--memory",
      `${memoryMiB}m`,
      "--memory-swap",
      `${memoryMiB}m`,
      "--cpus",
      String(cpus),
      "--pids-limit",
      String(pids),
    ],
    ...[
      "--ulimit",
      "core=0:0",
      "--ulimit",
      "nofile=16384:16384",
      "--log-driver",
      "json-file",
      "--log-opt",
      "max-size=10m",
      "--log-opt",
      "max-file=1",
    ],
    ...(container.shmMiB === undefined ? [] : ["--shm-size", `${container.shmMiB}m`]),
    ...pairs(
      "--label",
      Object.entries(labels).map(([label, value]) => `${label}=${value}`),
    ),
    ...pairs(
      "--env",
      Object.entries(container.environment ?? {}).map(([name, value]) => `${name}=${value}`),
    ),
    ...pairs(
      "--volume",
      // An empty volume takes what the image has at its target, which is not for one that only reads.
      (container.volumes ?? []).map(({ name, target, readOnly }) => `${name}:${target}${readOnly ? ":ro,nocopy" : ""}`),
    ),
    ...pairs(
      "--tmpfs",
      (container.tmpfs ?? []).map((mount) => `${mount.path}:${renderTmpfs(mount)}`),
    ),
    ...(container.entrypoint === undefined ? [] : ["--entrypoint", container.entrypoint]),
    container.image,
    ...(container.command ?? []),
  ];
}

const pairs = (option: string, values: readonly string[]): string[] =>
  [...values].sort().flatMap((value) => [option, value]);
