import type { Suite } from "../lib/runner";
import type { Context } from "../lib/stacks";
import { acme } from "./acme";
import { anotherEngine } from "./another-engine";
import { amo } from "./amo";
import { amoData } from "./amo-data";
import { certificates } from "./certificates";
import { backupCommands } from "./backup-commands";
import { backupContainers } from "./backup-containers";
import { backupRepositories } from "./backup-repositories";
import { canary } from "./canary";
import { confinement } from "./confinement";
import { data } from "./data";
import { database } from "./database";
import { deployment } from "./deployment";
import { dockerApi } from "./docker-api";
import { doctor } from "./doctor";
import { edge } from "./edge";
import { faults } from "./faults";
import { hostAccess } from "./host-access";
import { isolation } from "./isolation";
import { jobs } from "./jobs";
import { kept } from "./kept";
import { kitiumaiDocker } from "./kitiumai-docker";
import { logging } from "./logging";
import { migration } from "./migration";
import { ipv6 } from "./ipv6";
import { monitoring } from "./monitoring";
import { disk } from "./disk";
import { operations } from "./operations";
import { policy } from "./policy";
import { recorded } from "./recorded";
import { recovery } from "./recovery";
import { redisSuite } from "./redis";
import { redisFaults } from "./redis-faults";
import { redisRotation } from "./redis-rotation";
import { registries } from "./registries";
import { replacement } from "./replacement";
import { rotation } from "./rotation";
import { seccomp } from "./seccomp";
import { secretsSuite } from "./secrets";
import { sources } from "./sources";
import { upgradeSuite } from "./upgrade";
import { verify } from "./verify";
import { verifyEdge } from "./verify-edge";
import { verifyData } from "./verify-data";

/** In the order in which they run: those that only look come before those that change something. */
export const SUITES: readonly Suite<Context>[] = [
  deployment,
  confinement,
  secretsSuite,
  isolation,
  edge,
  database,
  hostAccess,
  redisSuite,
  dockerApi,
  seccomp,
  recorded,
  verify,
  verifyEdge,
  doctor,
  policy,
  migration,
  replacement,
  rotation,
  faults,
  data,
  verifyData,
  recovery,
  kept,
  upgradeSuite,
  acme,
  certificates,
  amo,
  amoData,
  kitiumaiDocker,
  redisRotation,
  redisFaults,
  backupContainers,
  backupCommands,
  backupRepositories,
  anotherEngine,
  registries,
  operations,
  canary,
  sources,
  jobs,
  disk,
  monitoring,
  logging,
  ipv6,
];
