/** Exceptions from rules: each once, and none that outlives its review. */
import { endOfException } from "../../hardening/rules";
import type { Fault } from "../faults";
import type { StackConfig } from "../schema";
import type { ShowPath } from "./check";

/** The scope of an exception from a control of `rampart doctor`. */
const HOST_SCOPE = "host";

const DAY_MS = 86_400_000;

/** A year, and the month in which a yearly review renews what it still needs. */
const LONGEST_DAYS = 400;

/** @param now The time of the update. One that has ended is no fault: the plan fails and says so. */
export function exceptionFaults({ exceptions }: StackConfig, show: ShowPath, now = new Date()): Fault[] {
  const latest = new Date(now.getTime() + LONGEST_DAYS * DAY_MS).toISOString().slice(0, 10);
  return exceptions.flatMap(({ rule, scope, until }, index) => {
    const first = exceptions.findIndex((other) => other.rule === rule && other.scope === scope);
    return [
      ...(first === index
        ? []
        : [
            {
              path: show(["exceptions", index]),
              given: `${rule} for ${scope}, which ${show(["exceptions", first])} excepts already`,
              allowed: "one exception for a rule and a scope",
              fix: "remove one",
            },
          ]),
      ...(!rule.startsWith("host-") || scope === HOST_SCOPE
        ? []
        : [
            {
              path: show(["exceptions", index, "scope"]),
              given: JSON.stringify(scope),
              allowed: `${HOST_SCOPE}, as ${rule} is a control of \`rampart doctor\``,
              fix: `write ${HOST_SCOPE}`,
            },
          ]),
      ...(endOfException(until) <= endOfException(latest)
        ? []
        : [
            {
              path: show(["exceptions", index, "until"]),
              given: JSON.stringify(until),
              allowed: `no later than ${latest}, ${LONGEST_DAYS} days from today`,
              fix: "choose an earlier day, and renew the exception when somebody has looked at it again",
            },
          ]),
    ];
  });
}
