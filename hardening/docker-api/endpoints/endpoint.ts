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
