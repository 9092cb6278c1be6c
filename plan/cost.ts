import { viewOfResources } from "../hardening/rules";
import type { Plan } from "./evaluate";

/** What a stack's containers may use at most, all together. */
export interface Cost {
  readonly containers: number;
  readonly memoryMiB: number;
  readonly cpus: number;
}

export function costOf({ facts, resources }: Pick<Plan, "facts" | "resources">): Cost {
  // A job runs for a moment, beside the services of the version before.
  const running = viewOfResources(facts, resources).containers.filter((one) => one.runs && one.component !== "job");
  return {
    containers: running.length,
    memoryMiB: running.reduce((sum, { memoryMiB }) => sum + memoryMiB, 0),
    // In hundredths, as sums of binary fractions are no decimals.
    cpus: Math.round(running.reduce((sum, { cpus }) => sum + cpus, 0) * 100) / 100,
  };
}

/** `23 containers, at most 3,520 MiB of memory and 9.5 CPUs`. */
export const costText = ({ containers, memoryMiB, cpus }: Cost): string =>
  `${containers} containers, at most ${memoryMiB.toLocaleString("en-US")} MiB of memory and ${cpus} CPUs`;
