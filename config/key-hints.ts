/** What to do about a key that does not exist. */
import { isPlainKey } from "./faults";
import { nearestKey, plain } from "./nearest";
import type { stackSchema } from "./schema";
import { keysAt, reachedFrom } from "./schema-keys";

/** What people write out of Compose's or Kubernetes' habit, and what to write here. */
const KEY_HINTS: Readonly<Record<string, string>> = {
  ports: "a service publishes no port; give it `port` and a route, and the edge serves it",
  publish:
    "nothing but the gateway publishes a port; use `npx rampart plan <stack>` to see how to reach a service, " +
    "or docs/host-access.md for database access",
  publishedPort: "data ports are never published; see docs/host-access.md for operator access",
  expose: "containers on one network reach each other's ports; leave it out",
  publishedPorts: "data ports are never published; see docs/host-access.md for operator access",
  extra_hosts: "services find each other by their names; leave it out",
  group_add: "a container has the one group of its `user`; leave it out",
  container_name: "the container's name follows from the stack; the service is found under its own name",
  hostNetwork: "no container shares a host namespace; leave it out",
  hostPID: "no container shares a host namespace; leave it out",
  hostIPC: "no container shares a host namespace; leave it out",
  cgroup_parent: "limits are set under resources; leave it out",
  cgroupns_mode: "no container shares a host namespace; leave it out",
  userns_mode: "no container shares a host namespace; leave it out",
  uts: "no container shares a host namespace; leave it out",
  runtime: "the engine's own runtime is used; leave it out",
  sysctls: "kernel settings are the engine's; leave it out",
  device_cgroup_rules: "no container is given a device; leave it out",
  gpus: "no container is given a device; leave it out",
  readOnly: "the root file system is read-only; to change that use confinement.writableRoot with a reason",
  read_only: "the root file system is read-only; to change that use confinement.writableRoot with a reason",
  restart: "containers restart at most five times on failure; leave it out",
  labels: "labels are Rampart's own; leave it out",
  build: "build and push the image first, and give its digest under `image`",
  cpus: "write it as resources.cpus",
  pids_limit: "write it as resources.pids",
  hostPath: "a volume has `name` or `hostPath`, not both",
  privileged:
    "no container is privileged; name the capability that is needed under confinement.capabilities, with a reason",
  networkMode: "networks follow from routes, data, cache and egress; leave it out",
  network_mode: "networks follow from routes, data, cache and egress; leave it out",
  networks: "networks follow from routes, data, cache and egress; leave it out",
  pid: "no container shares a host namespace; leave it out",
  ipc: "no container shares a host namespace; leave it out",
  devices: "no container is given a device; leave it out",
  capAdd: "name the capability under confinement.capabilities, with a reason",
  cap_add: "name the capability under confinement.capabilities, with a reason",
  securityOpt: "use confinement.seccomp and confinement.appArmor",
  security_opt: "use confinement.seccomp and confinement.appArmor",
  env: "write it as `environment`",
  env_file: "write plain values under `environment` and secrets under `secrets`",
  healthcheck: "write it as `healthCheck`",
  health: "write it as `healthCheck`",
  mem_limit: "write it as resources.memoryMiB",
  memory: "write it as resources.memoryMiB",
  depends_on: "services start after the migration job by themselves; leave it out",
  docker: "write it as `dockerApi` with the exact permissions; the socket itself is never given to a service",
  password: "passwords are generated; leave it out",
  cpu: "write it as resources.cpus",
  replicas: "only a service has replicas: services.<name>.replicas; leave it out here",
  scale: "write it as `replicas`",
  deploy: "write limits under resources, and the number of containers as replicas",
  links: "services find each other by their names; leave it out",
  dns: "services find each other by their names; leave it out",
  hostname: "the service is found under its own name; leave it out",
  domain: "write it as routes: [{ host: … }]",
  domains: "write each as an entry of routes: [{ host: … }]",
  url: "write it as routes: [{ host: …, pathPrefix: … }]",
  schedule: "write a backup's time of day as at, such as 02:30",
  environments: "write it as `environment`",
  volumePrefix: "Rampart sets the prefix from the stack's and the service's name; leave it out (docs/docker-api.md)",
  networkPrefix: "Rampart sets the prefix from the stack's and the service's name; leave it out (docs/docker-api.md)",
};

/** What to do about a key that does not exist where it stands. @param path Where it stands */
export function keyHint(key: string, path: readonly PropertyKey[], schema: ReturnType<typeof stackSchema>): string {
  const known = keysAt(schema, path);
  const near = nearestKey(key, known);
  const hint = Object.hasOwn(KEY_HINTS, key) ? KEY_HINTS[key] : undefined;
  // The habits are a container's: elsewhere, or where only the case or a hyphen differs, a near key was meant.
  const isContainer = path[0] === "migration" ? path.length === 1 : path[0] === "services" && path.length === 2;
  if (hint !== undefined && (near === undefined || (isContainer && plain(near) !== plain(key)))) return hint;
  if (near !== undefined) return `write it as ${near}`;
  const elsewhere = isPlainKey(key) ? reachedFrom(schema, path, key) : undefined;
  if (elsewhere !== undefined) return `write it as ${elsewhere}`;
  const remove = `remove ${isPlainKey(key) ? `"${key}"` : "it"}, or check its spelling`;
  return known.length === 0 ? remove : `${remove}; here may stand ${known.join(", ")}`;
}
