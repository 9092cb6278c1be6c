/**
 * Every request to the Docker Engine API (1.24 to 1.51) that a consumer may be permitted, one row each, and the areas
 * that can never be. Source: the engine's API reference, https://docs.docker.com/reference/api/engine/.
 */
import { CONTAINER_ENDPOINTS } from "./endpoints/containers";
import type { Endpoint } from "./endpoints/endpoint";
import { IMAGE_ENDPOINTS } from "./endpoints/images";
import { NETWORK_ENDPOINTS } from "./endpoints/networks";
import { SYSTEM_ENDPOINTS } from "./endpoints/system";
import { VOLUME_ENDPOINTS } from "./endpoints/volumes";

export type { BodyKind, Endpoint, QueryKind } from "./endpoints/endpoint";
export { NEVER_ALLOWED } from "./endpoints/never-allowed";

export const ENDPOINTS = [
  ...SYSTEM_ENDPOINTS,
  ...CONTAINER_ENDPOINTS,
  ...IMAGE_ENDPOINTS,
  ...NETWORK_ENDPOINTS,
  ...VOLUME_ENDPOINTS,
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
