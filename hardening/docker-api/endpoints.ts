/**
 * Every request to the Docker Engine API (1.24 to 1.51) that a consumer may be permitted, one row each, and the areas
 * that can never be. Source: the engine's API reference, https://docs.docker.com/reference/api/engine/.
 */

/**
 * What a permission gives away when its holder is compromised.
 * - `low`: names and numbers of this host.
 * - `medium`: reads other containers' settings, or disturbs them.
 * - `high`: runs, stops or deletes workloads, or reads what other containers print.
 * - `critical`: runs code inside any container of this host, with whatever that container can reach.
 */
export type Danger = "low" | "medium" | "high" | "critical";

/** How the body of a request is judged: see body-grammars.ts. */
export type BodyKind =
  /** There must be none. */
  | "none"
  /** Nothing, or a flat JSON object whose members the engine ignores (dockerode repeats its options there). */
  | "flat"
  /** Nothing, or `{}`: below API 1.24 the engine took a whole HostConfig here, `Privileged` included (seen). */
  | "empty"
  | "container"
  | "container-update"
  | "exec"
  | "network"
  | "network-connect"
  | "volume"
  /** A tar archive: streamed, not read. */
  | "tar"
  /** The connection becomes a two-way stream. */
  | "stream";

/** Requests whose query is an allow-list of parameter names: see body-grammars.ts. */
export type QueryKind = "build" | "image-pull";

/** A Tecnativa name under which the endpoint is granted, or `null`: it has to be listed by name. */
type Preset =
  | "BUILD"
  | "CONTAINERS"
  | "EVENTS"
  | "EXEC"
  | "IMAGES"
  | "INFO"
  | "NETWORKS"
  | "PING"
  | "SYSTEM"
  | "VERSION"
  | "VOLUMES"
  | null;

export interface Endpoint {
  readonly permission: string;
  readonly danger: Danger;
  readonly preset: Preset;
  readonly body: BodyKind;
  /** @default any parameter: none of them weakens anything */
  readonly query?: QueryKind;
  /** Whether `Upgrade: tcp` is let through. @default false */
  readonly upgrade?: true;
  /** What it lets its holder do. */
  readonly what: string;
}

export const ENDPOINTS = [
  {
    permission: "GET /_ping",
    danger: "low",
    preset: "PING",
    body: "none",
    what: "See that the engine lives, and its API version.",
  },
  {
    permission: "HEAD /_ping",
    danger: "low",
    preset: "PING",
    body: "none",
    what: "The same; every client's first request.",
  },
  { permission: "GET /version", danger: "low", preset: "VERSION", body: "none", what: "Engine and kernel version." },
  {
    permission: "GET /info",
    danger: "low",
    preset: "INFO",
    body: "none",
    what: "Host facts: name, kernel, counts, registries.",
  },
  {
    permission: "GET /system/df",
    danger: "low",
    preset: "SYSTEM",
    body: "none",
    what: "Disk use by image, container and volume.",
  },
  {
    permission: "GET /events",
    danger: "medium",
    preset: "EVENTS",
    body: "none",
    what: "Follow what happens to every container.",
  },

  {
    permission: "GET /containers/json",
    danger: "medium",
    preset: "CONTAINERS",
    body: "none",
    what: "List containers with labels and commands.",
  },
  {
    permission: "GET /containers/{id}/json",
    danger: "medium",
    preset: "CONTAINERS",
    body: "none",
    what: "Inspect a container: its environment, thus secrets in it.",
  },
  {
    permission: "GET /containers/{id}/top",
    danger: "medium",
    preset: "CONTAINERS",
    body: "none",
    what: "List a container's processes with arguments.",
  },
  {
    permission: "GET /containers/{id}/stats",
    danger: "low",
    preset: "CONTAINERS",
    body: "none",
    what: "Resource use of a container.",
  },
  {
    permission: "GET /containers/{id}/changes",
    danger: "medium",
    preset: "CONTAINERS",
    body: "none",
    what: "Paths changed in a container.",
  },
  {
    permission: "GET /containers/{id}/logs",
    danger: "high",
    preset: null,
    body: "none",
    what: "Read what any container printed.",
  },
  {
    permission: "POST /containers/create",
    danger: "high",
    preset: "CONTAINERS",
    body: "container",
    what: "Create a container of any image; the body is judged.",
  },
  {
    permission: "POST /containers/{id}/start",
    danger: "high",
    preset: "CONTAINERS",
    body: "empty",
    what: "Start a container.",
  },
  {
    permission: "POST /containers/{id}/stop",
    danger: "high",
    preset: "CONTAINERS",
    body: "flat",
    what: "Stop any container.",
  },
  {
    permission: "POST /containers/{id}/restart",
    danger: "high",
    preset: "CONTAINERS",
    body: "flat",
    what: "Restart any container.",
  },
  {
    permission: "POST /containers/{id}/kill",
    danger: "high",
    preset: "CONTAINERS",
    body: "flat",
    what: "Send any container a signal.",
  },
  {
    permission: "POST /containers/{id}/pause",
    danger: "high",
    preset: "CONTAINERS",
    body: "flat",
    what: "Freeze any container.",
  },
  {
    permission: "POST /containers/{id}/unpause",
    danger: "medium",
    preset: "CONTAINERS",
    body: "flat",
    what: "Thaw a container.",
  },
  {
    permission: "POST /containers/{id}/rename",
    danger: "medium",
    preset: "CONTAINERS",
    body: "flat",
    what: "Rename any container.",
  },
  {
    permission: "POST /containers/{id}/resize",
    danger: "low",
    preset: "CONTAINERS",
    body: "flat",
    what: "Set a terminal's size.",
  },
  {
    permission: "POST /containers/{id}/update",
    danger: "medium",
    preset: "CONTAINERS",
    body: "container-update",
    what: "Change limits and restart policy; the body is judged.",
  },
  {
    permission: "POST /containers/{id}/wait",
    danger: "low",
    preset: "CONTAINERS",
    body: "flat",
    what: "Wait for a container's exit code.",
  },
  {
    permission: "POST /containers/{id}/attach",
    danger: "critical",
    preset: null,
    body: "stream",
    upgrade: true,
    what: "Read and write any container's standard streams.",
  },
  {
    permission: "DELETE /containers/{id}",
    danger: "high",
    preset: "CONTAINERS",
    body: "flat",
    what: "Delete any container, with its anonymous volumes.",
  },
  {
    permission: "POST /containers/prune",
    danger: "high",
    preset: null,
    body: "flat",
    what: "Delete all stopped containers, Rampart's carriers among them.",
  },

  {
    permission: "POST /containers/{id}/exec",
    danger: "critical",
    preset: "EXEC",
    body: "exec",
    what: "Prepare a command in any container; the body is judged.",
  },
  {
    permission: "POST /exec/{id}/start",
    danger: "critical",
    preset: "EXEC",
    body: "flat",
    upgrade: true,
    what: "Run a prepared command.",
  },
  { permission: "POST /exec/{id}/resize", danger: "low", preset: "EXEC", body: "flat", what: "Set a terminal's size." },
  { permission: "GET /exec/{id}/json", danger: "low", preset: "EXEC", body: "none", what: "A command's exit code." },

  { permission: "GET /images/json", danger: "low", preset: "IMAGES", body: "none", what: "List images." },
  {
    permission: "GET /images/{name}/json",
    danger: "medium",
    preset: "IMAGES",
    body: "none",
    what: "Inspect an image: its environment and history of commands.",
  },
  {
    permission: "GET /images/{name}/history",
    danger: "medium",
    preset: "IMAGES",
    body: "none",
    what: "An image's layers, with build arguments.",
  },
  {
    permission: "GET /images/search",
    danger: "low",
    preset: null,
    body: "none",
    what: "Make the engine ask Docker Hub.",
  },
  {
    permission: "POST /images/create",
    danger: "medium",
    preset: "IMAGES",
    body: "flat",
    query: "image-pull",
    what: "Pull an image; importing one from a URL is refused.",
  },
  {
    permission: "POST /images/{name}/tag",
    danger: "high",
    preset: "IMAGES",
    body: "flat",
    what: "Give an image any name, also that of another service's.",
  },
  {
    permission: "POST /images/{name}/push",
    danger: "high",
    preset: null,
    body: "flat",
    what: "Send an image to any registry.",
  },
  {
    permission: "POST /images/load",
    danger: "high",
    preset: null,
    body: "tar",
    what: "Load images, under any name, from an archive.",
  },
  {
    permission: "POST /images/prune",
    danger: "high",
    preset: null,
    body: "flat",
    what: "Delete unused images, those kept for a rollback among them.",
  },
  {
    permission: "DELETE /images/{name}",
    danger: "high",
    preset: "IMAGES",
    body: "flat",
    what: "Delete or untag an image.",
  },
  {
    permission: "POST /build",
    danger: "high",
    preset: "BUILD",
    body: "tar",
    query: "build",
    what: "Build an image from the archive sent; its steps reach the internet.",
  },
  { permission: "POST /build/prune", danger: "low", preset: null, body: "flat", what: "Delete the build cache." },

  { permission: "GET /networks", danger: "low", preset: "NETWORKS", body: "none", what: "List networks." },
  {
    permission: "GET /networks/{id}",
    danger: "low",
    preset: "NETWORKS",
    body: "none",
    what: "Inspect a network: addresses of its containers.",
  },
  {
    permission: "POST /networks/create",
    danger: "medium",
    preset: "NETWORKS",
    body: "network",
    what: "Create a bridge network; the body is judged.",
  },
  {
    permission: "POST /networks/{id}/connect",
    danger: "high",
    preset: "NETWORKS",
    body: "network-connect",
    what: "Put a container on a network.",
  },
  {
    permission: "POST /networks/{id}/disconnect",
    danger: "high",
    preset: "NETWORKS",
    body: "flat",
    what: "Take a container off a network.",
  },
  {
    permission: "DELETE /networks/{id}",
    danger: "high",
    preset: "NETWORKS",
    body: "flat",
    what: "Delete a network that nothing uses.",
  },
  {
    permission: "POST /networks/prune",
    danger: "high",
    preset: null,
    body: "flat",
    what: "Delete all unused networks.",
  },

  { permission: "GET /volumes", danger: "low", preset: "VOLUMES", body: "none", what: "List volumes." },
  { permission: "GET /volumes/{name}", danger: "low", preset: "VOLUMES", body: "none", what: "Inspect a volume." },
  {
    permission: "POST /volumes/create",
    danger: "medium",
    preset: "VOLUMES",
    body: "volume",
    what: "Create a local volume; the body is judged.",
  },
  {
    permission: "DELETE /volumes/{name}",
    danger: "high",
    preset: "VOLUMES",
    body: "flat",
    what: "Delete a volume that no container uses.",
  },
  {
    permission: "POST /volumes/prune",
    danger: "high",
    preset: null,
    body: "flat",
    what: "Delete unused volumes and the data in them.",
  },
] as const satisfies readonly Endpoint[];

/** An exact method and path of the Docker API, without the `/v1.xx` that may precede it. */
export type DockerApiPermission = (typeof ENDPOINTS)[number]["permission"];

/** The names of all permissions, for a schema's enumeration. */
export const DOCKER_API_PERMISSIONS: readonly DockerApiPermission[] = ENDPOINTS.map((endpoint) => endpoint.permission);

/** A permission's row. */
export function endpointOf(permission: DockerApiPermission): Endpoint {
  const found = ENDPOINTS.find((endpoint) => endpoint.permission === permission);
  if (found === undefined) {
    throw new Error(`docker API permission "${permission as string}" is not one of hardening/docker-api/endpoints.ts`);
  }
  return found;
}

export interface NeverAllowed {
  /** The path's beginning, or the path. */
  readonly path: string;
  /** Tecnativa's name of the area, if it has one. */
  readonly preset?: string;
  readonly why: string;
}

/** What no list of permissions can grant. Refused by absence: the configuration allows only what it names. */
export const NEVER_ALLOWED = [
  { path: "/auth", preset: "AUTH", why: "the engine would try credentials against any address the caller names" },
  { path: "/commit", preset: "COMMIT", why: "it writes a container, with the secrets in it, into an image" },
  { path: "/configs", preset: "CONFIGS", why: "Swarm configuration belongs to the operator" },
  { path: "/distribution", preset: "DISTRIBUTION", why: "the engine would connect to any registry the caller names" },
  { path: "/grpc", preset: "GRPC", why: "BuildKit's protocol cannot be judged, and it can ask for a privileged build" },
  { path: "/nodes", preset: "NODES", why: "Swarm management is root on every node" },
  { path: "/plugins", preset: "PLUGINS", why: "a plugin runs as root on the host" },
  { path: "/secrets", preset: "SECRETS", why: "Swarm secrets belong to the operator" },
  { path: "/services", preset: "SERVICES", why: "a Swarm service can mount the host" },
  { path: "/session", preset: "SESSION", why: "BuildKit's protocol cannot be judged" },
  { path: "/swarm", preset: "SWARM", why: "Swarm management is root on every node" },
  { path: "/tasks", preset: "TASKS", why: "a Swarm task shows its service's configuration" },
  { path: "/containers/{id}/archive", why: "it reads and writes any file of any container" },
  { path: "/containers/{id}/attach/ws", why: "a WebSocket cannot be judged; use attach" },
  { path: "/containers/{id}/checkpoints", why: "a checkpoint holds the process's memory, with its secrets" },
  { path: "/containers/{id}/export", why: "it reads every file of any container" },
  { path: "/images/get", why: "it reads every file of any image" },
  { path: "/images/{name}/get", why: "it reads every file of any image" },
] as const satisfies readonly NeverAllowed[];
