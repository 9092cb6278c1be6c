/** What a conversion says beside the stack's file, and what Rampart does in place of what Compose has a key for. */

/** What became of something, for one service or several. */
export interface Note {
  /** Names in the compose file; empty where it is about the whole file. */
  readonly services: readonly string[];
  /** What it is about: a key, `ports 5432`, a path. */
  readonly about: string;
  readonly text: string;
}

/** Keys of a service that become nothing, with what Rampart does. A key that becomes something is not here. */
const INSTEAD: Readonly<Record<string, string>> = {
  annotations: "labels are Rampart's own",
  attach: "`docker logs` shows a container's output",
  blkio_config: "limits are memory, cores and processes: `resources`",
  cap_drop: "every capability is dropped",
  cgroup: "no container shares a namespace of the host",
  cgroup_parent: "limits are set under `resources`",
  container_name: "a service is found under its own name; the container's name follows from the stack",
  cpu_count: "write `resources.cpus`",
  cpu_percent: "write `resources.cpus`",
  cpu_period: "write `resources.cpus`",
  cpu_quota: "write `resources.cpus`",
  cpu_rt_period: "write `resources.cpus`",
  cpu_rt_runtime: "write `resources.cpus`",
  cpu_shares: "write `resources.cpus`",
  cpuset: "write `resources.cpus`",
  credential_spec: "Windows containers are not supported",
  develop: "a stack runs images; develop with docker compose",
  device_cgroup_rules: "no container is given a device",
  devices: "no container is given a device",
  dns: "services find each other by their names; the engine resolves the rest",
  dns_opt: "services find each other by their names; the engine resolves the rest",
  dns_search: "services find each other by their names; the engine resolves the rest",
  domainname: "a service is found under its own name",
  external_links: "a stack reaches its own services only",
  extra_hosts: "services find each other by their names; the host is not reachable from a container",
  gpus: "no container is given a device",
  group_add: "a container has the one group of its `user`",
  hostname: "a service is found under its own name",
  init: "an entrypoint that leaves no child behind: the image brings tini or dumb-init where it needs one",
  ipc: "no container shares a namespace of the host",
  isolation: "Windows containers are not supported",
  label_file: "labels are Rampart's own",
  links: "services find each other by their names",
  logging: "logs are rotated on the host: `rampart:logging`",
  mac_address: "addresses are the engine's",
  mem_reservation: "memory is a limit: `resources.memoryMiB`",
  mem_swappiness: "a container gets no swap",
  memswap_limit: "a container gets no swap",
  models: "a stack has services only",
  networks: "networks follow from routes, data, cache and egress, and have no way out unless a service says egress",
  oom_kill_disable: "a container that goes over its memory limit is ended and started again",
  oom_score_adj: "a container that goes over its memory limit is ended and started again",
  pid: "no container shares a namespace of the host",
  platform: "the digest decides the platform",
  post_start: "do it in the image's entrypoint or in `rampart:migration`",
  pre_stop: "the program gets its stop signal and `stopGraceSeconds`",
  privileged: "no container is privileged: name single capabilities under `confinement.capabilities`, with a reason",
  provider: "a stack has services only",
  pull_policy: "an image with a digest is pulled once",
  read_only: "a read-only root file system is the default",
  restart: "a container starts again at most five times after a failure",
  runtime: "the engine's own runtime is used",
  security_opt: "seccomp and AppArmor: `confinement`; no-new-privileges always holds",
  shm_size: "/dev/shm has the engine's 64 MiB",
  stdin_open: "a service has no terminal",
  stop_signal: "the image's own stop signal is sent",
  storage_opt: "the root file system is read-only",
  sysctls: "kernel settings are the engine's",
  tty: "a service has no terminal",
  ulimits: "processes are limited by `resources.pids`; the rest is the engine's default",
  use_api_socket: "the Docker API is reached through `dockerApi` only, with exact permissions",
  userns_mode: "no container shares a namespace of the host",
  uts: "no container shares a namespace of the host",
  volume_driver: "volumes are the engine's own",
  volumes_from: "services that name the same volume share the volume",
};

/** Keys that become something, or whose absence of effect is told where they are read. */
const TAKEN = new Set([
  "build",
  "cap_add",
  "command",
  "configs",
  "cpus",
  "depends_on",
  "deploy",
  "entrypoint",
  "env_file",
  "environment",
  "expose",
  "extends",
  "healthcheck",
  "image",
  "labels",
  "mem_limit",
  "network_mode",
  "pids_limit",
  "ports",
  "profiles",
  "scale",
  "secrets",
  "stop_grace_period",
  "tmpfs",
  "user",
  "volumes",
  "working_dir",
]);

/** What Rampart does in place of a key; undefined where the key became something. */
export function insteadOf(key: string): string | undefined {
  if (TAKEN.has(key) || key.startsWith("x-")) return undefined;
  return Object.hasOwn(INSTEAD, key) ? INSTEAD[key] : "Rampart has no such key";
}

/** Notes that say the same become one. */
export function gather(notes: readonly Note[]): Note[] {
  const groups = new Map<string, Note>();
  for (const note of notes) {
    const key = `${note.about}\n${note.text}`;
    const before = groups.get(key);
    groups.set(
      key,
      before === undefined ? note : { ...note, services: [...new Set([...before.services, ...note.services])] },
    );
  }
  return [...groups.values()];
}
