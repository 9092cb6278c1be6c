/** Key prefixes of the services that use Redis. */
import { keyPrefixes } from "../derived";
import type { Fault } from "../faults";
import type { StackConfig } from "../schema";
import type { ShowPath } from "./check";

/** Sharing a prefix is a choice; reaching into another's because one is the beginning of the other is a mistake. */
export function redisFaults(config: StackConfig, show: ShowPath): Fault[] {
  const users = Object.entries(config.services).flatMap(([name, { cache }]) =>
    cache === false ? [] : [{ name, prefixes: keyPrefixes(name, cache) }],
  );
  return users.flatMap((user) =>
    users.flatMap((other) =>
      other === user
        ? []
        : user.prefixes.flatMap((mine) => {
            const reached = other.prefixes.find(
              (theirs) => theirs !== mine && theirs.startsWith(mine) && !user.prefixes.includes(theirs),
            );
            if (reached === undefined) return [];
            return [
              {
                path: show(["services", user.name, "cache"]),
                given: `the prefix ${JSON.stringify(mine)}, which covers ${JSON.stringify(reached)} of ${other.name}`,
                allowed: "prefixes of which none is the beginning of another service's",
                fix:
                  `end it with a separator, for example ${JSON.stringify(`${mine}:`)}, ` +
                  `or list ${JSON.stringify(reached)} too where sharing is meant`,
              },
            ];
          }),
    ),
  );
}
