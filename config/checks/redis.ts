/** Key prefixes of the services that use Redis. */
import { keyPrefixes } from "../derived";
import type { Fault } from "../faults";
import type { StackConfig } from "../schema";
import type { ShowPath } from "./check";
import { usersOf } from "./programs";

/** Sharing a prefix is a choice; reaching into another's because one is the beginning of the other is a mistake. */
export function redisFaults(config: StackConfig, show: ShowPath): Fault[] {
  const users = usersOf(config).flatMap(([path, { cache }]) =>
    cache === false ? [] : [{ path, name: path[1], prefixes: keyPrefixes(path[1], cache) }],
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
                path: show([...user.path, "cache"]),
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

/** Sessions outside of the service's prefixes would be another service's keys, or nobody's. */
export function sessionFaults(config: StackConfig, show: ShowPath): Fault[] {
  return usersOf(config).flatMap(([at, { cache }]) => {
    if (typeof cache !== "object") return [];
    const { keyPrefixes: prefixes, sessions = [] } = cache;
    return sessions.flatMap((session, index) =>
      prefixes.some((prefix) => session.startsWith(prefix))
        ? []
        : [
            {
              path: show([...at, "cache", "sessions", index]),
              given: JSON.stringify(session),
              allowed:
                `a beginning within the service's prefixes: ` +
                `${prefixes.map((one) => JSON.stringify(one)).join(", ")}`,
              fix: `write the whole beginning of the keys, such as ${JSON.stringify(`${prefixes[0] ?? ""}sess:`)}`,
            },
          ],
    );
  });
}
