import { z } from "zod";
import { IMAGE_PATTERN } from "../../hardening/docker-api/names";
import {
  dangerousPermissions,
  expandPermissions,
  permissionFaults,
  type DockerApiPermission,
  type PermissionRequest,
} from "../../hardening/docker-api/permissions";
import { quote } from "../text";
import { checkedString, reason, resources, toIssue } from "./fields";

export interface DockerApiConfig {
  readonly permissions: readonly DockerApiPermission[];
  /** Whether it reaches only what it created, or every container of the engine. */
  readonly scope: "own" | "engine";
  /** Images that it may pull. */
  readonly images: readonly string[];
  /** The most that each container may have that it creates. */
  readonly containers: { readonly memoryMiB: number; readonly cpus: number; readonly pids: number };
  /** Given where a permission reaches other containers. */
  readonly reason?: string | undefined;
}

/** The fault of a request that grants nothing. */
export const NO_PERMISSION = "no permission";

/** Characters of a repository with its registry, as registries have it. */
const LONGEST_REPOSITORY = 255;

/** More than a message should list. */
const MOST_NAMED = 5;

/** `registry.example.com/team/*`: a name as clients send it, with `*` for the rest of it. */
const imagePattern = z.string().refine((value) => value.length <= LONGEST_REPOSITORY && IMAGE_PATTERN.test(value), {
  params: {
    allowed: "a repository as the client names it, such as ghcr.io/acme/builder, or with * at its end: ghcr.io/acme/*",
    fix: "name the repository without a tag; a registry by its address is a host of the network, so name it on purpose",
  },
});

/** Judged below, all of them together. */
const permission = checkedString(() => undefined);

export const dockerApi = z
  .strictObject({
    allow: z.array(permission).default([]),
    presets: z.array(permission).default([]),
    scope: z.enum(["own", "engine"]).default("own"),
    images: z.array(imagePattern).max(50).default([]),
    containers: resources({ memoryMiB: 512, cpus: 1, pids: 256 }),
    /** Why the service needs permissions that reach other containers: required where there are any. */
    reason: reason.optional(),
  })
  .superRefine((value, refinement) => {
    const faults = permissionFaults(value);
    for (const { path, given, allowed, fix } of faults) {
      const [list = "allow", index = "0"] = path.replace("]", "").split("[");
      refinement.issues.push(toIssue({ given: quote(given), allowed, fix }, given, [list, Number(index)]));
    }
    if (faults.length > 0) return;
    const permissions = expandPermissions(value as PermissionRequest);
    if (permissions.length === 0) {
      refinement.issues.push(
        toIssue(
          {
            given: NO_PERMISSION,
            allowed: "at least one entry under allow or presets",
            fix: "list what the service calls, or remove dockerApi",
          },
          value,
        ),
      );
    }
    const dangerous = dangerousPermissions(permissions);
    if (dangerous.length > 0 && value.reason === undefined) {
      const more = dangerous.length > MOST_NAMED ? ` and ${dangerous.length - MOST_NAMED} more` : "";
      refinement.issues.push(
        toIssue(
          {
            given:
              "nothing, with permissions that run, stop or read containers: " +
              `${dangerous.slice(0, MOST_NAMED).join(", ")}${more}`,
            allowed: "a reason for them; it becomes part of the posture",
            fix: "add reason: <why the service needs them>, or remove those that it does not call (docs/docker-api.md)",
          },
          value,
          ["reason"],
        ),
      );
    }
  })
  // Checked above: from here on they are known names.
  .transform((value): DockerApiConfig => ({
    permissions: expandPermissions(value as PermissionRequest),
    scope: value.scope,
    images: value.images,
    containers: value.containers,
    reason: value.reason,
  }));
