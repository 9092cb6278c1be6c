import { hostListeners, isolation, noWayOut } from "./network";
import type { Probe } from "./probe";

/** Everything that is tried, in the order in which it is reported. */
export const PROBES: readonly Probe[] = [isolation, noWayOut, hostListeners];
