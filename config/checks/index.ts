/** What one value cannot tell: rules over the whole configuration, after its shape is known to be right. */
import type { Fault } from "../faults";
import type { StackConfig } from "../schema";
import { backupFaults } from "./backup";
import type { CrossCheck, LookUp, ShowPath } from "./check";
import { databaseFaults, postgresFaults, postgresMajorFaults } from "./database";
import { databaseAccessFaults } from "./database-access";
import { canaryFaults } from "./canary";
import { certificateFaults } from "./certificates";
import {
  accessFaults,
  clientCertificateFaults,
  edgeFaults,
  maintenanceFaults,
  portFaults,
  routeFaults,
  traefikFaults,
} from "./edge";
import { exceptionFaults } from "./exceptions";
import { loggingFaults } from "./logging";
import { monitoringFaults } from "./monitoring";
import { redisFaults, sessionFaults } from "./redis";
import { registryFaults } from "./registries";
import { rotationFaults } from "./rotation";
import { secretFaults, secretValueFaults } from "./secrets";
import { imageFaults } from "./images";
import { placeholderFaults } from "./placeholders";
import { dockerHostFaults, healthFaults, memoryFaults, mountFaults, nameFaults } from "./service";
import { sizeFaults } from "./size";

/** In the order in which a person reads their faults. */
const CHECKS: readonly CrossCheck[] = [
  nameFaults,
  routeFaults,
  canaryFaults,
  maintenanceFaults,
  accessFaults,
  secretFaults,
  secretValueFaults,
  backupFaults,
  registryFaults,
  loggingFaults,
  monitoringFaults,
  certificateFaults,
  clientCertificateFaults,
  mountFaults,
  memoryFaults,
  dockerHostFaults,
  healthFaults,
  rotationFaults,
  databaseFaults,
  (config, show) => databaseAccessFaults(config, show),
  postgresFaults,
  redisFaults,
  sessionFaults,
  portFaults,
  edgeFaults,
  sizeFaults,
  imageFaults,
  traefikFaults,
  postgresMajorFaults,
  (config, show) => exceptionFaults(config, show),
];

export interface CrossCheckInput {
  /** Its shape is right. */
  readonly config: StackConfig;
  readonly show: ShowPath;
  readonly lookUp: LookUp;
  /** Whether the stack is about to be deployed, where it is all there: only then example hosts have no place in it. */
  readonly examples: { readonly deploys: boolean } | undefined;
}

export function crossChecks({ config, show, lookUp, examples }: CrossCheckInput): Fault[] {
  return [
    ...CHECKS.flatMap((check) => check(config, show, lookUp)),
    ...(examples === undefined ? [] : placeholderFaults(config, show, examples.deploys)),
  ];
}
