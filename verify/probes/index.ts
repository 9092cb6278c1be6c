import { dockerApi } from "./docker-api";
import { confinement } from "./kernel";
import { hostListeners, isolation, noWayOut } from "./network";
import { systemCalls } from "./system-calls";
import type { Probe } from "./probe";

/** Everything that is tried, in the order in which it is reported. */
export const PROBES: readonly Probe[] = [isolation, noWayOut, hostListeners, dockerApi, confinement, systemCalls];
