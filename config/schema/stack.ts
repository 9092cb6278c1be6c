import { z } from "zod";
import { ENVIRONMENTS, type Environment, type SchemaContext } from "../environment";
import { IMAGE_ROLES } from "../images";
import { poolCheck } from "../values/network";
import { certificates } from "./certificates";
import { database } from "./database";
import { disk } from "./disk";
import { edge } from "./edge";
import { exceptions } from "./exceptions";
import { checkedString, image, matching, name } from "./fields";
import { job } from "./job";
import { logging } from "./logging";
import { migration } from "./migration";
import { monitoring } from "./monitoring";
import { redis } from "./redis";
import { registries } from "./registry";
import { rotation } from "./rotation";
import { service } from "./service";
import { signatures } from "./signatures";

/** The whole configuration of a stack: every key below stands as `rampart:<key>` in Pulumi.<stack>.yaml. */
const buildSchema = (context: SchemaContext) =>
  z.strictObject({
    environment: z.enum(ENVIRONMENTS).default(context.environment),
    /** The prefix of every network's and volume's name. @default rampart-<stack> */
    name: matching(
      /^[a-z][a-z0-9-]{1,40}$/,
      "lower-case letters, digits and hyphens, starting with a letter, 2 to 41 characters",
      "rename it",
    ).optional(),
    /** Whether this is a sample: its example hosts may stay until it is deployed. @default false */
    sample: z.boolean().default(false),
    certificates: certificates(context),
    acmeEmail: checkedString((value) =>
      z.email().safeParse(value).success
        ? undefined
        : { allowed: "an e-mail address", fix: "give the address to which the CA can write" },
    ).optional(),
    edge: edge(context),
    images: z.partialRecord(z.enum(IMAGE_ROLES as [string, ...string[]]), image).default({}),
    /** Logins for pulls, by registry. */
    registries,
    /** Which images have to be signed, and by whom. */
    signatures,
    network: z
      .strictObject({
        /** The /16 that the stack's networks are cut from. @default one derived from the stack's name */
        pool: checkedString(poolCheck).optional(),
      })
      .prefault({}),
    database: database(context),
    redis: redis(context),
    rotation,
    migration: migration(context).optional(),
    services: z.record(name, service(context)).default({}),
    /** Programs that end: on a schedule, or once for each change. */
    jobs: z.record(name, job(context)).default({}),
    logging: logging(context),
    /** Room on the engine's disk, and old images. */
    disk,
    /** Prometheus and Alertmanager; true: alerts are only shown. */
    monitoring,
    /** What the stack accepts for a time although a rule does not hold. */
    exceptions,
    /**
     * The group that owns the Docker socket on the host; lets the socket proxy run without root.
     * @default found on a local engine
     */
    dockerSocketGroup: z.int().min(1).max(65_535).optional(),
  });

const SCHEMAS = new Map<Environment, ReturnType<typeof buildSchema>>();

/** The schema for an environment, built once: building it takes longer than using it. */
export function stackSchema(context: SchemaContext) {
  const schema = SCHEMAS.get(context.environment) ?? buildSchema(context);
  SCHEMAS.set(context.environment, schema);
  return schema;
}

export type StackConfig = z.output<ReturnType<typeof stackSchema>>;
export type ServiceConfig = StackConfig["services"][string];
export type JobConfig = StackConfig["jobs"][string];
export type MigrationConfig = NonNullable<StackConfig["migration"]>;
export type RouteConfig = ServiceConfig["routes"][number];
export type SecretSpec = ServiceConfig["secrets"][string];
export type HealthCheckConfig = ServiceConfig["healthCheck"];
export type RegistriesConfig = StackConfig["registries"];
export type CertificatesConfig = StackConfig["certificates"];

/** The keys that exist under `rampart:`, apart from the flat keys that hold secrets. */
export const STACK_KEYS = Object.keys(stackSchema({ environment: "dev" }).shape) as readonly (keyof StackConfig)[];

export const isStackKey = (key: string): key is keyof StackConfig => (STACK_KEYS as readonly string[]).includes(key);
