/** Canaries: each has requests to share, and is another version than the service. */
import { canaryOf } from "../derived";
import type { Fault } from "../faults";
import type { StackConfig } from "../schema";
import { quote } from "../text";
import type { ShowPath } from "./check";

const SHARED = "a service with a route: the gateway is what shares requests out";

export function canaryFaults(config: StackConfig, show: ShowPath): Fault[] {
  return Object.entries(config.services).flatMap(([name, service]): Fault[] => {
    const canary = canaryOf(service);
    if (canary === undefined) return [];
    const path = show(["services", name, "canary"]);
    if (service.routes.length === 0)
      return [
        { path, given: "a canary of a service without a route", allowed: SHARED, fix: "add a route, or remove it" },
      ];
    const same = (variables: Readonly<Record<string, string>>): boolean =>
      Object.entries(variables).every(([key, value]) => service.environment[key] === value);
    if (canary.image !== service.image || !same(canary.environment)) return [];
    return [
      {
        path: show(["services", name, "canary", "image"]),
        given: `${quote(service.image.split("@")[0] ?? "")}, with the variables of the service`,
        allowed: "another image than the service's, or a variable with another value",
        fix: "correct the image, or remove canary",
      },
    ];
  });
}
