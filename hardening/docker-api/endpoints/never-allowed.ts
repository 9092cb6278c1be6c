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
