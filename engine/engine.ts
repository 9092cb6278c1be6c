/** An engine by its address: a Docker host such as `unix://…`, `tcp://…` or `ssh://…`. */
export interface Engine {
  readonly host: string;
}

/** Where the Docker provider, and Docker, look for an engine that nobody names. */
export const DEFAULT_HOST =
  process.platform === "win32" ? "npipe:////./pipe/docker_engine" : "unix:///var/run/docker.sock";

/**
 * The Docker provider's own order.
 * @param configured The host that the stack's configuration names.
 * @default DOCKER_HOST, then the local engine
 */
export const hostOf = (configured?: string): string => configured ?? process.env["DOCKER_HOST"] ?? DEFAULT_HOST;

/** Whether the engine is on this machine and its networks can be reached from here: not Docker Desktop, not ssh. */
export function isLocalLinux(engine: Engine, platform: NodeJS.Platform = process.platform): boolean {
  return platform === "linux" && engine.host.startsWith("unix://") && !engine.host.includes("/.docker/desktop/");
}

/** What an engine did not do, in words for a person: it is shown without a stack trace. */
export class EngineError extends Error {
  override readonly name = "EngineError";
}
