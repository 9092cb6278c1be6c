import { readFileSync } from "node:fs";
import { must, run, type RunOptions, type RunResult } from "./process";

/** The parts of `docker inspect` that the checks read. */
export interface Container {
  readonly Id: string;
  readonly Name: string;
  readonly Image: string;
  readonly RestartCount: number;
  readonly State: {
    readonly Pid: number;
    readonly Running: boolean;
    readonly Status: string;
    readonly StartedAt: string;
    readonly ExitCode: number;
    readonly Health?: { readonly Status: string };
  };
  readonly Config: {
    readonly User: string;
    readonly Env: readonly string[] | null;
    readonly Labels: Readonly<Record<string, string>>;
    readonly Healthcheck?: { readonly Test: readonly string[] };
  };
  readonly HostConfig: HostConfig;
  readonly Mounts: readonly {
    readonly Type: string;
    readonly Name?: string;
    readonly Source: string;
    readonly Destination: string;
    readonly RW: boolean;
  }[];
  readonly NetworkSettings: {
    readonly Ports: Readonly<Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[] | null>>;
    readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>>;
  };
}

export interface HostConfig {
  readonly CapAdd: readonly string[] | null;
  readonly CapDrop: readonly string[] | null;
  readonly CgroupnsMode: string;
  readonly Devices: readonly object[] | null;
  readonly IpcMode: string;
  readonly LogConfig: { readonly Type: string; readonly Config: Readonly<Record<string, string>> };
  readonly Memory: number;
  readonly MemorySwap: number;
  readonly NanoCpus: number;
  readonly NetworkMode: string;
  readonly PidMode: string;
  readonly PidsLimit: number | null;
  readonly Privileged: boolean;
  readonly ReadonlyRootfs: boolean;
  readonly RestartPolicy: { readonly Name: string; readonly MaximumRetryCount: number };
  readonly SecurityOpt: readonly string[] | null;
  readonly Tmpfs: Readonly<Record<string, string>> | null;
  readonly Ulimits: readonly { readonly Name: string; readonly Hard: number; readonly Soft: number }[] | null;
  readonly UsernsMode: string;
  readonly UTSMode: string;
}

export const LABEL = {
  stack: "io.rampart.stack",
  component: "io.rampart.component",
  name: "io.rampart.name",
  pids: "io.rampart.pids-limit",
  e2e: "io.rampart.e2e",
} as const;

/** The Docker CLI against the engine that DOCKER_HOST names. */
export const docker = (args: readonly string[], options?: RunOptions): Promise<RunResult> =>
  run("docker", args, options);
export const mustDocker = (args: readonly string[], options?: RunOptions): Promise<string> =>
  must("docker", args, options);

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== "");

export async function ids(
  kind: "container" | "network" | "volume",
  filters: readonly string[],
  all = true,
): Promise<string[]> {
  const listing =
    kind === "container" ? ["ps", ...(all ? ["--all"] : []), "--no-trunc", "--quiet"] : [kind, "ls", "--quiet"];
  return words(await mustDocker([...listing, ...filters.flatMap((filter) => ["--filter", filter])]));
}

export async function inspect(containers: readonly string[]): Promise<Container[]> {
  if (containers.length === 0) return [];
  return JSON.parse(await mustDocker(["inspect", ...containers])) as Container[];
}

/** The containers of a stack: all of them, or those that run. */
export const containers = async (stack: string, all = false): Promise<Container[]> =>
  inspect(await ids("container", [`label=${LABEL.stack}=${stack}`], all));

/** The running container of that name within the stack. */
export async function container(stack: string, name: string): Promise<Container> {
  const found = await inspect(
    await ids("container", [`label=${LABEL.stack}=${stack}`, `label=${LABEL.name}=${name}`], false),
  );
  const [first] = found;
  if (first === undefined || found.length > 1)
    throw new Error(`${found.length} containers of "${name}" run in stack ${stack}, not one`);
  return first;
}

export const nameOf = (one: Container): string => one.Config.Labels[LABEL.name] ?? one.Name;
export const kindOf = (one: Container): string => one.Config.Labels[LABEL.component] ?? "";

/** Runs a command of this machine's in a container's network: its addresses, its routes, its name server. */
export const inNetworkOf = (one: Container, command: readonly string[], options?: RunOptions): Promise<RunResult> =>
  run("nsenter", [`--net=/proc/${one.State.Pid}/ns/net`, ...command], options);

/** A container's files as the engine hands them out: a tar archive, unpacked to text by path. */
export async function filesOf(id: string, path: string): Promise<Record<string, string>> {
  // Listed through a shell, since the archive is binary.
  const copied = await run("bash", [
    "-c",
    `set -o pipefail; dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT; ` +
      `docker cp "$1:$2" - | tar -x -C "$dir" && cd "$dir" && find . ` +
      `-type f -printf '%P\\0' | while IFS= read -r -d '' f; do printf '%s\\0' "$f"; base64 -w0 "$f"; ` +
      "printf '\\0'; done",
    "-",
    id,
    path,
  ]);
  if (copied.code !== 0) return {};
  const parts = copied.stdout.split("\0");
  const files: Record<string, string> = {};
  for (let index = 0; index + 1 < parts.length; index += 2)
    files[parts[index] ?? ""] = Buffer.from(parts[index + 1] ?? "", "base64").toString();
  return files;
}

/** A container's own limit in the kernel's words, whichever generation of cgroups there is. */
export function cgroupPidsMax(pid: number): string {
  for (const line of readFileSync(`/proc/${pid}/cgroup`, "utf8").split("\n")) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === "") {
      const value = readIf(`/sys/fs/cgroup${path ?? ""}/pids.max`);
      if (value !== undefined) return value;
    }
    if (controllers === "pids") return readIf(`/sys/fs/cgroup/pids${path ?? ""}/pids.max`) ?? "unreadable";
  }
  return "no pids controller";
}

function readIf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}

/** Takes away all that a stack left behind, whatever became of its state. */
export async function sweep(labels: readonly string[]): Promise<void> {
  for (const label of labels) {
    const filter = [`label=${label}`];
    const left = await ids("container", filter).catch(() => []);
    if (left.length > 0) await docker(["rm", "--force", "--volumes", ...left], { timeoutSeconds: 120 });
    for (const kind of ["network", "volume"] as const) {
      const names = await ids(kind, filter).catch(() => []);
      if (names.length > 0) await docker([kind, "rm", ...names]);
    }
  }
}
