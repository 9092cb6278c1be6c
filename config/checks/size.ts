/** How many services and jobs a stack can hold. */
import type { Fault } from "../faults";
import type { StackConfig } from "../schema";
import type { ShowPath } from "./check";

/**
 * The engine's 500 addresses on `internal`, of which each service needs two while a new version replaces the old one.
 */
const MAX_SERVICES = 120;

/** Their addresses, old and new, beside those of as many services as there may be; and what one scheduler looks at. */
const MAX_JOBS = 60;

/** Networks of their own that a stack's /16 has room for (hardening/container/networks.ts). */
const MAX_DOCKER_API_CONSUMERS = 240;

export function sizeFaults(config: StackConfig, show: ShowPath): Fault[] {
  const services = Object.values(config.services);
  const jobs = Object.keys(config.jobs).length;
  const consumers = services.flatMap(({ dockerApi, egress }) => [
    ...(dockerApi === undefined ? [] : ["dockerApi"]),
    ...(typeof egress === "boolean" ? [] : ["egress"]),
  ]);
  return [
    ...(services.length > MAX_SERVICES
      ? [
          {
            path: show(["services"]),
            given: `${services.length} services`,
            allowed: `at most ${MAX_SERVICES}`,
            fix: "split the stack",
          },
        ]
      : []),
    ...(jobs > MAX_JOBS
      ? [{ path: show(["jobs"]), given: `${jobs} jobs`, allowed: `at most ${MAX_JOBS}`, fix: "split the stack" }]
      : []),
    ...(consumers.length > MAX_DOCKER_API_CONSUMERS
      ? [
          {
            path: show(["services"]),
            given: `${consumers.length} services with dockerApi`,
            allowed: `at most ${MAX_DOCKER_API_CONSUMERS}`,
            fix: "split the stack",
          },
        ]
      : []),
  ];
}
