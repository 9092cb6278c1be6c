import { entrance } from "./database/entrance";
import { privileges } from "./database/privileges";
import { roles } from "./database/roles";
import { redis } from "./redis/redis";
import { secrets } from "./secrets/secrets";
import { tenancy } from "./tenancy/tenancy";
import { hostListeners, isolation, noWayOut } from "./network";
import type { Probe } from "./probe";

/** Everything that is tried, in the order in which it is reported. */
export const PROBES: readonly Probe[] = [
  isolation,
  noWayOut,
  hostListeners,
  entrance,
  privileges,
  roles,
  tenancy,
  redis,
  secrets,
];
