import * as pulumi from "@pulumi/pulumi";
import { currentEngine } from "../resources/context";
import {
  certificateNames,
  chainEnd,
  issuerOf,
  loadStackConfig,
  ownCertificatesOf,
  registryUsers,
  usesDatabase,
  usesRedis,
} from "../config";
import { databaseAccess } from "../resources/on-engine";
import type { LoadedConfig } from "../config";
import { CA_NOT_AFTER } from "../hardening/pki/certificates";
import { certificatePeriod } from "../hardening/pki/period";
import { judge, RULES, viewOfResources, type PostureEntry, type StackFacts } from "../hardening/rules";
import { declaredFacts } from "./declared";
import { recordResources, type RecordedResource } from "./monitor";
import { settingFacts } from "./settings";
import type { StackFile } from "./stack-file";

/** Everything that a program would declare, and how it stands against the rules. */
export interface Plan {
  readonly stack: string;
  /** What the stack's file says, with every default; it holds no secret. */
  readonly config: LoadedConfig;
  readonly resources: readonly RecordedResource[];
  readonly posture: readonly PostureEntry[];
  /** What the rules were told beside the resources. */
  readonly facts: StackFacts;
}

/**
 * Evaluates a Pulumi program in this process: no engine, no account, no Docker. The program is run as it is; only what
 * it talks to is Pulumi's mock monitor. One program at a time, as Pulumi's runtime is a process's own.
 *
 * @throws whatever the program throws; for a faulty configuration the error that names every fault
 */
export async function evaluate(file: StackFile, program: () => Promise<unknown>): Promise<Plan> {
  // Before the program, whose modules may read the configuration as they load.
  pulumi.runtime.setAllConfig({ ...file.values }, [...file.secretKeys]);
  // Hooks would start a server of the SDK's own for callbacks that a plan never makes.
  const resources = await recordResources(file.project, file.stack, { hooks: false });
  await withoutStackTraces(async () => {
    await program();
    await pulumi.runtime.disconnect();
  });
  const config = loadStackConfig();
  const declared = declaredFacts(config, currentEngine(), Object.keys(file.values));
  const known = { ...facts(config, new Date()), declared };
  return {
    stack: file.stack,
    config,
    resources,
    posture: judge(RULES, viewOfResources(known, resources)),
    facts: known,
  };
}

/** What the SDK asks for the places in the sources at which a resource is made; the types leave it out. */
const places = pulumi.Resource as unknown as { callsites: () => object[] };

/**
 * Pulumi records where each of its promises and each resource was made: three quarters of the time of a large plan, for
 * nobody to read. RAMPART_DEBUG=1 keeps the stack traces.
 */
async function withoutStackTraces(evaluation: () => Promise<void>): Promise<void> {
  if (process.env["RAMPART_DEBUG"] === "1") return evaluation();
  const { stackTraceLimit } = Error;
  const { callsites } = places;
  Error.stackTraceLimit = 0;
  places.callsites = () => [];
  try {
    await evaluation();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    places.callsites = callsites;
  }
}

function facts(config: LoadedConfig, now: Date): StackFacts {
  return {
    stack: config.stack,
    environment: config.environment,
    certificates: issuerOf(config.certificates),
    ...ownCertificateFacts(config, now),
    registries: registryUsers(config),
    settings: settingFacts(config),
    exceptions: { at: now.toISOString(), prefix: config.name, list: config.exceptions },
    edge: { listenAddress: config.edge.listenAddress, behindProxy: config.edge.trustedProxies.length > 0 },
    ...(usesDatabase(config) ? { databaseAccess: databaseAccess(config, currentEngine()) } : {}),
    ...(usesDatabase(config) || usesRedis(config) ? { data: dataFacts(config, now) } : {}),
  };
}

function ownCertificateFacts({ certificates }: LoadedConfig, now: Date): Pick<StackFacts, "ownCertificates"> {
  const own = ownCertificatesOf(certificates);
  if (own.length === 0) return {};
  return {
    ownCertificates: own.map(({ certificate }) => {
      const end = chainEnd(certificate) ?? "";
      return { names: certificateNames(certificate), end, daysLeft: (Date.parse(end) - now.getTime()) / DAY_MS };
    }),
  };
}

const DAY_MS = 86_400_000;

function dataFacts(config: LoadedConfig, now: Date): NonNullable<StackFacts["data"]> {
  const { database, redis } = config;
  const { notAfter, renewFrom } = certificatePeriod(now);
  return {
    at: now.toISOString(),
    database: usesDatabase(config),
    ...(usesRedis(config) ? { redis: redis.tls ? "tls" : "clear" } : {}),
    certificate: {
      end: notAfter.toISOString(),
      renewFrom: renewFrom.toISOString(),
      authorityEnd: CA_NOT_AFTER.toISOString(),
    },
    tenancy: database.tenancy !== undefined,
    elevations: database.elevations,
    backups: database.backups === false ? false : database.backups.repository,
  };
}
