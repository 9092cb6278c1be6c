import { bodyLimit, rateLimit } from "./attacks";
import { dockerApi } from "./docker-api";
import { edgeAccess, edgeClient } from "./edge-access";
import { edgeHeaders } from "./edge-headers";
import { edgeRoutes } from "./edge-routes";
import { edgeTls } from "./edge-tls";
import { confinement } from "./kernel";
import { entrance } from "./database/entrance";
import { privileges } from "./database/privileges";
import { roles } from "./database/roles";
import { redis } from "./redis/redis";
import { secrets } from "./secrets/secrets";
import { tenancy } from "./tenancy/tenancy";
import { hostListeners, isolation, noWayOut } from "./network";
import { slowClient } from "./slow-client";
import { systemCalls } from "./system-calls";
import type { Probe } from "./probe";

/** Everything that is tried, in the order in which it is reported. */
export const PROBES: readonly Probe[] = [
  isolation,
  noWayOut,
  hostListeners,
  dockerApi,
  confinement,
  systemCalls,
  edgeTls,
  edgeHeaders,
  edgeRoutes,
  edgeAccess,
  edgeClient,
  entrance,
  privileges,
  roles,
  tenancy,
  redis,
  secrets,
  bodyLimit,
  rateLimit,
  slowClient,
];
