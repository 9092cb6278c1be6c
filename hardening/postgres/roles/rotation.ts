/** When a password turns over, and what the logins of services are called meanwhile. */
import { createHash, createHmac } from "node:crypto";
import { identifier } from "../server/identifiers";
import type { ServiceRole } from "./roles";

export interface RotationKeys {
  /** Turns all over. */
  readonly everything?: string | undefined;
  /** By role, or by a service's Redis user. */
  readonly one?: string | undefined;
}

/**
 * What a password hangs on: it turns over when either key changes. `undefined`: neither is given, and nothing may
 * change.
 */
export function rotationKey({ everything, one }: RotationKeys): string | undefined {
  // No key may hold a slash, so no two pairs make one text.
  return everything === undefined && one === undefined ? undefined : `${everything ?? ""}/${one ?? ""}`;
}

/** Part of the logical names of what exists once a rotation: another key is another resource, beside the old one. */
export function rotationId(key: string | undefined): string {
  return createHash("sha256")
    .update(key ?? "")
    .digest("hex")
    .slice(0, 8);
}

/**
 * `app_rw_1a2b3c4d`. Keyed with a salt of the stack's own: a new stack on the volume of an earlier one
 * does not meet the logins that were left there.
 */
export function loginName(role: ServiceRole, key: string | undefined, salt: string): string {
  const digest = createHmac("sha256", salt)
    .update(`${role}\n${key ?? ""}`)
    .digest("hex")
    .slice(0, 8);
  return identifier("login", `${role}_${digest}`);
}
