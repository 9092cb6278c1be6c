/**
 * From what a stack lists to the exact requests that are let through. Tecnativa's docker-socket-proxy is what most
 * teams know, so its variable names are understood; they stand for lists here, never for prefixes of paths.
 */
import { DOCKER_API_PERMISSIONS, ENDPOINTS, NEVER_ALLOWED } from "./endpoints";
import type { DockerApiPermission, Endpoint } from "./endpoints";

export { DOCKER_API_PERMISSIONS };
export type { DockerApiPermission };

/** Names of Tecnativa/docker-socket-proxy (v0.4) that grant something here. */
export const TECNATIVA_PRESETS = [
  "ALLOW_DELETE",
  "ALLOW_EXEC",
  "ALLOW_KILL",
  "ALLOW_RESTARTS",
  "ALLOW_START",
  "ALLOW_STOP",
  "BUILD",
  "CONTAINERS",
  "EVENTS",
  "EXEC",
  "IMAGES",
  "INFO",
  "NETWORKS",
  "PING",
  "POST",
  "SYSTEM",
  "VERSION",
  "VOLUMES",
] as const;

/** Names that are understood and always refused. */
export const TECNATIVA_NEVER = [
  "AUTH",
  "COMMIT",
  "CONFIGS",
  "DISTRIBUTION",
  "GRPC",
  "NODES",
  "PLUGINS",
  "SECRETS",
  "SERVICES",
  "SESSION",
  "SWARM",
  "TASKS",
] as const;

/** All names, for a schema's enumeration: those that are refused get their own fault, not "unknown". */
export const TECNATIVA_NAMES = [...TECNATIVA_PRESETS, ...TECNATIVA_NEVER] as const;
export type TecnativaName = (typeof TECNATIVA_NAMES)[number];
type GrantingName = (typeof TECNATIVA_PRESETS)[number];

/** Granted with or without `POST`, as in Tecnativa's proxy. */
const ALLOWED_WITHOUT_POST: Partial<Record<GrantingName, readonly DockerApiPermission[]>> = {
  ALLOW_DELETE: ["DELETE /containers/{id}"],
  ALLOW_EXEC: ["POST /containers/{id}/exec", "POST /exec/{id}/resize", "POST /exec/{id}/start"],
  ALLOW_KILL: ["POST /containers/{id}/kill"],
  ALLOW_RESTARTS: ["POST /containers/{id}/kill", "POST /containers/{id}/restart", "POST /containers/{id}/stop"],
  ALLOW_START: ["POST /containers/{id}/start"],
  ALLOW_STOP: ["POST /containers/{id}/stop"],
};

/**
 * Exactly what Traefik's Docker provider asks for: it reads, and nothing else. Source: Traefik 3.7,
 * pkg/provider/docker.
 */
export const TRAEFIK: readonly DockerApiPermission[] = [
  "GET /_ping",
  "GET /containers/json",
  "GET /containers/{id}/json",
  "GET /events",
  "GET /version",
  "HEAD /_ping",
];

export interface PermissionRequest {
  /** Exact permissions. @default none */
  readonly allow?: readonly DockerApiPermission[];
  /** Tecnativa's names. @default none */
  readonly presets?: readonly TecnativaName[];
}

/** What is wrong with one entry of a request, in the parts that a configuration error prints. */
export interface PermissionFault {
  /** Path below the consumer's Docker API settings, for example `presets[2]`. */
  readonly path: string;
  readonly given: string;
  readonly allowed: string;
  readonly fix: string;
}

/** Judges a request that may come from an untyped file. An empty list means that it can be expanded. */
export function permissionFaults(request: {
  readonly allow?: readonly string[];
  readonly presets?: readonly string[];
}): PermissionFault[] {
  return [
    ...(request.allow ?? []).flatMap((given, index) => faultOfPermission(given, index)),
    ...(request.presets ?? []).flatMap((given, index) => faultOfPreset(given, index)),
  ];
}

function faultOfPermission(given: string, index: number): PermissionFault[] {
  if (isPermission(given)) return [];
  const path = `allow[${index}]`;
  const never = NEVER_ALLOWED.find((area) => matchesArea(given, area.path));
  if (never !== undefined) {
    return [{ path, given, allowed: `nothing under ${never.path}`, fix: `remove it: ${never.why}` }];
  }
  const requested = given.replace(/^\S+\s+/, "");
  const others = DOCKER_API_PERMISSIONS.filter((known) => known.replace(/^\S+\s+/, "") === requested);
  return [
    {
      path,
      given,
      allowed: others.length > 0 ? others.join(", ") : 'an exact "METHOD /path" of docs/docker-api.md, without /v1.xx',
      fix:
        others.length > 0
          ? "use one of the methods that the path has"
          : 'write the path as the API reference does, for example "GET /containers/{id}/json"',
    },
  ];
}

function faultOfPreset(given: string, index: number): PermissionFault[] {
  if ((TECNATIVA_PRESETS as readonly string[]).includes(given)) return [];
  const path = `presets[${index}]`;
  const allowed = TECNATIVA_PRESETS.join(", ");
  const never = NEVER_ALLOWED.find((area) => "preset" in area && area.preset === given);
  return [
    { path, given, allowed, fix: never === undefined ? "use one of the allowed names" : `remove it: ${never.why}` },
  ];
}

function isPermission(name: string): name is DockerApiPermission {
  return (DOCKER_API_PERMISSIONS as readonly string[]).includes(name);
}

function matchesArea(given: string, area: string): boolean {
  const path = given.replace(/^\S+\s+/, "").replace(/^\/v1\.[0-9]+/, "");
  return path === area || path.startsWith(`${area}/`);
}

/**
 * The exact permissions of a request, sorted, each once. A preset never grants what reads or changes everything at
 * once (logs, attach, push, load, prune): those are listed by name or not at all.
 * @throws Error naming the first fault; ask `permissionFaults` for all of them
 */
export function expandPermissions(request: PermissionRequest): DockerApiPermission[] {
  const [fault] = permissionFaults(request);
  if (fault !== undefined) {
    throw new Error(`${fault.path}: given "${fault.given}"; allowed: ${fault.allowed}; fix: ${fault.fix}`);
  }
  const names = new Set<TecnativaName>(request.presets ?? []);
  const granted = new Set<DockerApiPermission>(request.allow ?? []);
  const endpoints: readonly (Endpoint & { readonly permission: DockerApiPermission })[] = ENDPOINTS;
  for (const { permission, preset } of endpoints) {
    const reads = permission.startsWith("GET ") || permission.startsWith("HEAD ");
    if (preset !== null && names.has(preset) && (reads || names.has("POST"))) granted.add(permission);
  }
  for (const name of TECNATIVA_PRESETS) {
    if (!names.has(name)) continue;
    for (const permission of ALLOWED_WITHOUT_POST[name] ?? []) granted.add(permission);
  }
  return [...granted].sort();
}

/** Whether a permission names one container, so that it can be held to those that the consumer created. */
export const namesContainer = (permission: string): boolean => /^\S+ \/(?:containers|exec)\/\{id\}/.test(permission);
/** Whether it is about all containers that a filter leaves. */
export const listsContainers = (permission: string): boolean =>
  /^\S+ \/(?:containers\/(?:json|prune)|events)$/.test(permission);

/**
 * Those whose holder can run, stop or delete workloads of others, or read what they print: `danger` high or critical.
 * @param scope with `own`, what can be held to the consumer's own containers is not among them
 */
export function dangerousPermissions(
  permissions: readonly DockerApiPermission[],
  scope: "own" | "engine" = "engine",
): DockerApiPermission[] {
  const endpoints: readonly (Endpoint & { readonly permission: DockerApiPermission })[] = ENDPOINTS;
  const dangerous = new Set(
    endpoints.filter(({ danger }) => danger === "high" || danger === "critical").map(({ permission }) => permission),
  );
  return permissions.filter(
    (permission) =>
      dangerous.has(permission) && (scope === "engine" || !(namesContainer(permission) || listsContainers(permission))),
  );
}
