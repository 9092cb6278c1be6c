import { dataUsers } from "../derived";
import type { Fault } from "../faults";
import { correction } from "../nearest";
import type { StackConfig } from "../schema";
import type { ShowPath } from "./check";

/**
 * A key under `rotation.redis` that rotates nothing is a slip of the pen:
 * the old password would stay in force unnoticed.
 */
export function rotationFaults(config: StackConfig, show: ShowPath): Fault[] {
  const users = Object.entries(dataUsers(config)).flatMap(([name, { cache }]) => (cache === false ? [] : [name]));
  return Object.keys(config.rotation.redis)
    .filter((name) => !users.includes(name))
    .map((name) => ({
      path: show(["rotation", "redis", name]),
      given: `the name "${name}"`,
      allowed:
        users.length === 0 ? "none, as no service uses Redis" : `services that use Redis: ${users.sort().join(", ")}`,
      fix: correction(name, users, "correct the name, or set cache: true for the service"),
    }));
}
