import { z } from "zod";
import { SECCOMP_PROFILES } from "../../hardening/container/workload";
import { matching, reason } from "./fields";

/**
 * Capabilities that a service may ask for with a reason.
 * The others amount to root on the host or reach into other containers.
 */
export const GRANTABLE_CAPABILITIES = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FOWNER",
  "CAP_KILL",
  "CAP_NET_BIND_SERVICE",
  "CAP_SETGID",
  "CAP_SETUID",
] as const;

export const confinement = z
  .strictObject({
    /** @default "api": denies ptrace, process_vm_* and what an application never needs */
    seccomp: z
      .union([
        z.enum(["default", ...SECCOMP_PROFILES]),
        z.strictObject({ profile: z.enum(SECCOMP_PROFILES), complain: z.boolean().default(false) }),
        z.strictObject({ unconfined: reason }),
      ])
      .default("api"),
    /** @default "default": the engine's docker-default */
    appArmor: z
      .union([
        matching(
          /^[A-Za-z][A-Za-z0-9_.-]{0,62}$/,
          "default, or the name of a profile that the host has loaded",
          "load it first (docs/confinement.md)",
        ).refine((value) => value.toLowerCase() !== "unconfined", {
          params: {
            allowed: "default, a profile's name, or { unconfined: <reason> }",
            fix: "write { unconfined: <reason> }",
          },
        }),
        z.strictObject({ unconfined: reason }),
      ])
      .default("default"),
    capabilities: z
      .array(z.strictObject({ add: z.enum(GRANTABLE_CAPABILITIES), reason }))
      .refine((value) => new Set(value.map(({ add }) => add)).size === value.length, {
        params: { given: "a capability twice", allowed: "each capability once", fix: "remove one" },
      })
      .default([]),
    /** Given only to make the root file system writable. */
    writableRoot: z.strictObject({ reason }).optional(),
  })
  .prefault({});
