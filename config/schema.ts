import { z } from "zod";
import { expandPermissions, permissionFaults, type PermissionRequest } from "../hardening/docker-api/permissions";
import { environmentCheck, hostCheck, hostPathCheck, originCheck, secretValueCheck, minimumLength, isSigningName } from "./checks";
import { SECURITY_HEADERS } from "../hardening/traefik/headers";
import type { FaultParams } from "./faults";
import { IMAGE_ROLES, imageFault } from "./images";

export const ENVIRONMENTS = ["dev", "staging", "prod"] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

/** What the schema must know of the surroundings to judge a value. */
export interface SchemaContext {
  readonly environment: Environment;
  /** Looks up a flat `rampart:<key>` value. */
  readonly lookUpSecret: (key: string) => SecretLookup;
}

export type SecretLookup =
  | { readonly kind: "missing" }
  | { readonly kind: "plain" }
  | { readonly kind: "secret"; readonly value: string };

type Refinement = z.core.$ZodRawIssue;
const toIssue = (fault: FaultParams, input: unknown, path: PropertyKey[] = []): Refinement => ({
  code: "custom",
  message: fault.allowed,
  input,
  path,
  params: { ...fault },
});

/** A string that a check refuses with its own words. */
function checkedString(check: (value: string) => FaultParams | undefined): z.ZodType<string, string> {
  return z.string().superRefine((value, context) => {
    const fault = check(value);
    if (fault !== undefined) context.issues.push(toIssue(fault, value));
  });
}

const matching = (pattern: RegExp, allowed: string, fix: string): z.ZodType<string, string> =>
  checkedString((value) => (pattern.test(value) ? undefined : { allowed, fix }));

const reason = checkedString((value) =>
  value.trim().length >= 10 ? undefined : { allowed: "a reason of at least 10 characters; it becomes part of the posture", fix: "say why this is needed" },
);

export const image = checkedString((value) => {
  const fault = imageFault(value);
  if (fault === undefined) return undefined;
  return {
    given: `${JSON.stringify(value)} (${fault})`,
    allowed: "repo:tag@sha256:<64 hex digits>, with a tag other than latest",
    fix: `look the digest up with \`docker buildx imagetools inspect ${value.split("@")[0] ?? value}\` and append it`,
  };
});

const name = matching(
  /^[a-z](?:[a-z0-9-]{0,28}[a-z0-9])?$/,
  "lower-case letters, digits and hyphens, starting with a letter, at most 30 characters",
  "rename it",
);
const variableName = matching(/^[A-Z_][A-Z0-9_]*$/, "an environment variable's name in upper case", "rename it");
const containerPath = checkedString((value) =>
  /^\/[^\0:,]+$/.test(value) && !value.split("/").includes("..") && !/^\/(proc|sys|dev|run\/secrets|run\/docker\.sock|var\/run)(\/|$)/.test(value)
    ? undefined
    : { allowed: "an absolute path in the container, not in /proc, /sys, /dev, /var/run or /run/secrets", fix: "choose another path" },
);
const port = z.int().min(1).max(65535);
const servicePort = z.int().min(1024).max(65535);

export const resources = (defaults: { memoryMiB: number; cpus: number; pids: number }) =>
  z
    .strictObject({
      /** MiB; swap is limited to the same. */
      memoryMiB: z.int().min(16).max(1_048_576).default(defaults.memoryMiB),
      /** Cores. */
      cpus: z.number().min(0.05).max(512).default(defaults.cpus),
      /** Processes and threads at a time. */
      pids: z.int().min(4).max(32_768).default(defaults.pids),
    })
    .prefault({});

/** Capabilities that a service may ask for with a reason. The others amount to root on the host or reach into other containers. */
export const GRANTABLE_CAPABILITIES = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_SETGID", "CAP_SETUID"] as const;

const SECCOMP_PROFILES = ["api", "frontend", "worker"] as const;

const confinement = z
  .strictObject({
    /** @default "api": denies ptrace, process_vm_* and what an application never needs */
    seccomp: z
      .union([
        z.enum(["default", ...SECCOMP_PROFILES]),
        z.strictObject({ profile: z.enum(SECCOMP_PROFILES), complain: z.boolean().default(false) }),
        z.strictObject({ unconfined: reason }),
      ])
      .default("api"),
    /** @default "default": the engine's docker-default */
    appArmor: z
      .union([
        matching(/^[A-Za-z][A-Za-z0-9_.-]{0,62}$/, "default, or the name of a profile that the host has loaded", "load it first (docs/confinement.md)").refine(
          (value) => value !== "unconfined",
          { params: { allowed: "default, a profile's name, or { unconfined: <reason> }", fix: "write { unconfined: <reason> }" } },
        ),
        z.strictObject({ unconfined: reason }),
      ])
      .default("default"),
    capabilities: z.array(z.strictObject({ add: z.enum(GRANTABLE_CAPABILITIES), reason })).default([]),
    /** Given only to make the root file system writable. */
    writableRoot: z.strictObject({ reason }).optional(),
  })
  .prefault({});

const healthCheck = z
  .strictObject({
    /** A path that answers 2xx; asked with the image's own wget on the service's port. @default "/" if there is a port */
    http: matching(/^\/[A-Za-z0-9\-._~/?&=%]*$/, "a path that starts with /", "give the path alone").optional(),
    /** A command in the image that exits 0 when the service is well. */
    command: z.array(z.string().min(1)).min(1).optional(),
    intervalSeconds: z.int().min(1).max(300).default(5),
    timeoutSeconds: z.int().min(1).max(120).default(3),
    retries: z.int().min(1).max(20).default(3),
    startPeriodSeconds: z.int().min(0).max(600).default(10),
  })
  .refine((value) => value.http === undefined || value.command === undefined, {
    params: { allowed: "http or command, not both", fix: "remove one" },
  });

const tmpfs = z.strictObject({ path: containerPath, sizeMiB: z.int().min(1).max(16_384), exec: z.strictObject({ reason }).optional() });

const volume = z.union([
  z.strictObject({ name, path: containerPath, readOnly: z.boolean().default(false) }),
  z.strictObject({ hostPath: checkedString(hostPathCheck), path: containerPath, readOnly: z.boolean().default(true), reason }),
]);

const user = z.union([
  matching(/^[1-9][0-9]{0,9}:[1-9][0-9]{0,9}$/, "uid:gid, both numeric and neither 0", "use a numeric user of the image, such as 1000:1000"),
  z.strictObject({ root: reason }),
]);

function secretsSchema(context: SchemaContext) {
  const length = (key: string) => Math.max(48, minimumLength(key));
  const spec = z.union([
    z.literal("generated"),
    z.strictObject({ generated: z.int().min(16).max(256) }),
    z.strictObject({ config: matching(/^[A-Za-z][A-Za-z0-9_-]*$/, "a configuration key without a namespace", "use the flat key given to `pulumi config set --secret`") }),
  ]);
  return z.record(variableName, spec).superRefine((secrets, refinement) => {
    for (const [key, value] of Object.entries(secrets)) {
      const report = (fault: FaultParams) => refinement.issues.push(toIssue(fault, value, [key]));
      if (typeof value === "object" && "generated" in value && value.generated < minimumLength(key)) {
        report({ given: `${value.generated} characters`, allowed: `at least ${minimumLength(key)} characters`, fix: `write ${key}: generated (${length(key)} characters)` });
      }
      if (typeof value !== "object" || !("config" in value)) continue;
      const found = context.lookUpSecret(value.config);
      const set = `\`pulumi config set --secret rampart:${value.config}\``;
      if (found.kind === "missing") report({ given: `the key rampart:${value.config}, which is not set`, allowed: "a key that the stack's configuration holds", fix: set });
      if (found.kind === "plain") report({ given: `rampart:${value.config} in clear text`, allowed: "an encrypted value", fix: set });
      if (found.kind === "secret") {
        const fault = secretValueCheck(isSigningName(key) ? key : value.config, found.value);
        if (fault !== undefined) report({ ...fault, given: `rampart:${value.config}, ${fault.given ?? "hidden"}` });
      }
    }
  });
}

const environmentVariables = (context: SchemaContext) =>
  z.record(variableName, z.union([z.string(), z.number(), z.boolean()]).transform(String)).superRefine((variables, refinement) => {
    for (const [key, value] of Object.entries(variables)) {
      const fault = environmentCheck(key, value, context.environment);
      if (fault !== undefined) refinement.issues.push(toIssue(fault, value, [key]));
    }
  });

const headerValue = matching(/^[\x20-\x7e]{0,4096}$/, "printable ASCII on one line", "remove line breaks");

const route = (context: SchemaContext) =>
  z.strictObject({
    host: checkedString((value) => hostCheck(value, context.environment)),
    /** @default "/": everything on the host */
    pathPrefix: matching(/^\/(?:[A-Za-z0-9\-._~]+(?:\/[A-Za-z0-9\-._~]+)*)?$/, "a path that starts with / and does not end with it", "write it as /api").default("/"),
    /** Token bucket a source address. @default 100 requests a second, bursts of 200 */
    rateLimit: z
      .strictObject({ average: z.int().min(1).max(1_000_000).default(100), burst: z.int().min(1).max(1_000_000).default(200), periodSeconds: z.int().min(1).max(3600).default(1) })
      .prefault({}),
    /** The largest request body in MiB. @default 1 */
    maxBodyMiB: z.number().min(0.001).max(10_240).default(1),
    /** Server-sent events and WebSockets: GET alone, not buffered. @default false */
    streaming: z.boolean().default(false),
    headers: z
      .strictObject({
        /** Replaces the strict default Content-Security-Policy. */
        contentSecurityPolicy: headerValue.optional(),
        /** Sets a response header, or removes it with "". */
        response: z.record(z.string().regex(/^[A-Za-z0-9-]+$/, "a header's name"), headerValue).default({}),
        /** Headers of the default set that the application sends itself, such as a CSP with nonces. */
        fromApplication: z.array(z.enum(SECURITY_HEADERS.map((header) => header.name) as [string, ...string[]])).default([]),
      })
      .prefault({}),
    cors: z
      .strictObject({
        allowedOrigins: z.array(
          checkedString((value) => originCheck(value, context.environment) ?? (/^https?:\/\/[a-z0-9.-]+(:[0-9]+)?$/.test(value) ? undefined : { allowed: "scheme://host[:port]", fix: "leave the path out" })),
        ),
        allowedMethods: z.array(z.enum(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])).default(["GET", "POST"]),
        allowedHeaders: z.array(z.string().regex(/^[A-Za-z0-9-]+$/, "a header's name, not *")).default(["Authorization", "Content-Type"]),
        allowCredentials: z.boolean().default(false),
        maxAgeSeconds: z.int().min(0).max(86_400).default(600),
      })
      .optional(),
  });

const dockerApi = z
  .strictObject({ allow: z.array(z.string()).default([]), presets: z.array(z.string()).default([]) })
  .superRefine((value, refinement) => {
    const faults = permissionFaults(value);
    for (const { path, given, allowed, fix } of faults) {
      const [list = "allow", index = "0"] = path.replace("]", "").split("[");
      refinement.issues.push(toIssue({ given: JSON.stringify(given), allowed, fix }, given, [list, Number(index)]));
    }
    if (faults.length === 0 && expandPermissions(value as PermissionRequest).length === 0) {
      refinement.issues.push(toIssue({ given: "no permission", allowed: "at least one entry under allow or presets", fix: "list what the service calls, or remove dockerApi" }, value));
    }
  })
  // Checked above: from here on they are known names.
  .transform((value) => expandPermissions(value as PermissionRequest));

const container = (context: SchemaContext) => ({
  image,
  entrypoint: z.array(z.string()).optional(),
  command: z.array(z.string()).optional(),
  user: user.default("1000:1000"),
  resources: resources({ memoryMiB: 256, cpus: 0.5, pids: 128 }),
  secrets: secretsSchema(context).default({}),
  /** Names of secrets, DATABASE_URL or REDIS_URL that the program can only read from its environment. They show in docker inspect. */
  secretsInEnvironment: z.strictObject({ names: z.array(variableName).min(1), reason }).optional(),
  environment: environmentVariables(context).default({}),
  volumes: z.array(volume).default([]),
  /** @default /tmp of 64 MiB */
  tmpfs: z.array(tmpfs).default([{ path: "/tmp", sizeMiB: 64 }]),
  confinement,
  stopGraceSeconds: z.int().min(1).max(600).default(10),
});

export const service = (context: SchemaContext) =>
  z
    .strictObject({
      ...container(context),
      /** The port that the program listens on; it is never published. */
      port: servicePort.optional(),
      routes: z.array(route(context)).default([]),
      healthCheck: healthCheck.optional(),
      data: z.enum(["none", "read-only", "read-write"]).default("none"),
      /** A Redis user of the service's own. @default false; true means the key prefix `<service>:` */
      cache: z
        .union([z.boolean(), z.strictObject({ keyPrefixes: z.array(matching(/^[A-Za-z0-9_:.{}-]{1,64}$/, "letters, digits and _ : . { } -", "choose another prefix")).min(1) })])
        .default(false),
      /** Whether the service may open connections to the internet. */
      egress: z.boolean().default(false),
      /** Exact permissions of the Docker API, through a socket proxy of the service's own. @default none */
      dockerApi: dockerApi.optional(),
      /** Seconds within which a new version has to become healthy. */
      startTimeoutSeconds: z.int().min(5).max(900).default(60),
    })
    .superRefine((value, refinement) => {
      const missing = (path: PropertyKey[], fault: FaultParams) => refinement.issues.push(toIssue({ given: "nothing", ...fault }, undefined, path));
      if (value.routes.length > 0 && value.port === undefined) missing(["port"], { allowed: "the port that the routes lead to", fix: "add port: <1024 to 65535>" });
      if (value.healthCheck?.command === undefined && value.port === undefined) {
        missing(["healthCheck"], { allowed: "a command where the service has no port", fix: "add healthCheck: { command: [...] }" });
      }
    });

export const migration = (context: SchemaContext) =>
  z.strictObject({
    ...container(context),
    /** @default 600 */
    timeoutSeconds: z.int().min(5).max(86_400).default(600),
  });

const CERTIFICATE_ISSUERS = ["self-signed", "letsencrypt-staging", "letsencrypt"] as const;

function certificates(context: SchemaContext) {
  const https = matching(/^https:\/\/[^\s]+$/, "an https URL of an ACME directory", "give the CA's directory URL");
  return z
    .union([
      z.enum(CERTIFICATE_ISSUERS),
      z.strictObject({
        directory: https,
        /** The CA's root certificate in PEM, where the system does not know it. */
        ca: matching(/^-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----\s*$/, "a certificate in PEM", "paste the CA's root certificate").optional(),
        challenge: z.enum(["http-01", "tls-alpn-01"]).default("http-01"),
      }),
    ])
    .superRefine((value, refinement) => {
      if (context.environment !== "prod") return;
      const staging = value === "letsencrypt-staging" || (typeof value === "object" && /staging|pebble|test/i.test(new URL(value.directory).hostname));
      const fix = "use letsencrypt, or { directory, ca } of the CA that your users' browsers trust";
      if (staging) refinement.issues.push(toIssue({ given: `${typeof value === "string" ? value : value.directory}, a staging certificate that no browser trusts`, allowed: "a production CA in environment prod", fix }, value));
      if (value === "self-signed") refinement.issues.push(toIssue({ given: "self-signed", allowed: "a production CA in environment prod", fix }, value));
    })
    .default(context.environment === "dev" ? "self-signed" : "letsencrypt");
}

const DATA_PORTS = [5432, 6379, 2375, 2376];
const edgePort = port.superRefine((value, refinement) => {
  if (DATA_PORTS.includes(value)) {
    refinement.issues.push(toIssue({ allowed: "a port that is not Postgres', Redis' or Docker's own; data ports are never published", fix: "use 443 and 80, or 8443 and 8080" }, value));
  }
});

function edge(context: SchemaContext) {
  const dev = context.environment === "dev";
  const listen = matching(/^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)$/, "an IPv4 address", "use 0.0.0.0, or one address of the host").superRefine((value, refinement) => {
    if (dev && !value.startsWith("127.")) {
      refinement.issues.push(toIssue({ allowed: "a loopback address in environment dev", fix: "remove it, or set rampart:environment to staging" }, value));
    }
  });
  return z
    .strictObject({
      /** @default 127.0.0.1 in dev, else 0.0.0.0 */
      listenAddress: listen.default(dev ? "127.0.0.1" : "0.0.0.0"),
      /** @default 8080 in dev, else 80; false: no plain http at all */
      httpPort: z.union([edgePort, z.literal(false)]).default(dev ? 8080 : 80),
      /** @default 8443 in dev, else 443 */
      httpsPort: edgePort.default(dev ? 8443 : 443),
      /** Mozilla's guideline to follow. @default "intermediate" */
      tls: z.enum(["modern", "intermediate"]).default("intermediate"),
      resources: resources({ memoryMiB: 256, cpus: 1, pids: 256 }),
    })
    .refine((value) => value.httpPort !== value.httpsPort, { params: { allowed: "two different ports", fix: "change one" }, path: ["httpPort"] })
    .prefault({});
}

const cidr16to20 = matching(/^(?:10\.\d{1,3}|172\.(?:1[6-9]|2\d|3[01])|192\.168)\.0\.0\/16$/, "a private /16, such as 10.201.0.0/16", "choose a /16 that nothing else on the host uses");

const identifier = matching(/^[a-z_][a-z0-9_]{0,62}$/, "a lower-case SQL identifier", "rename it").refine((value) => !/^pg_|^postgres$|^public$|^template[01]$|^information_schema$/.test(value), {
  params: { allowed: "a name that PostgreSQL does not reserve", fix: "rename it" },
});

export const DATABASE_ACCESS_MODES = ["direct", "forwarder"] as const;

function database(context: SchemaContext) {
  return z
    .strictObject({
      name: identifier.default("app"),
      schema: identifier.default("app"),
      /** How the Pulumi provider reaches Postgres. @default direct on a local Linux engine, forwarder elsewhere */
      access: z.enum(DATABASE_ACCESS_MODES).optional(),
      /** The forwarder's port on 127.0.0.1. */
      forwarderPort: z.int().min(1024).max(65_535).default(15_432),
      connectionLimits: z
        .strictObject({ migrator: z.int().min(1).max(1000).default(5), app_rw: z.int().min(1).max(1000).default(50), app_ro: z.int().min(1).max(1000).default(20) })
        .prefault({}),
      /** @default 30000 */
      statementTimeoutMs: z.int().min(0).max(86_400_000).default(30_000),
      /** @default 60000 */
      idleInTransactionTimeoutMs: z.int().min(0).max(86_400_000).default(60_000),
      resources: resources({ memoryMiB: 512, cpus: 1, pids: 256 }),
      protect: z.boolean().default(context.environment !== "dev"),
    })
    .prefault({});
}

function redis(context: SchemaContext) {
  return z.strictObject({ resources: resources({ memoryMiB: 256, cpus: 0.5, pids: 64 }), protect: z.boolean().default(context.environment !== "dev") }).prefault({});
}

/** The whole configuration of a stack: every key below stands as `rampart:<key>` in Pulumi.<stack>.yaml. */
export const stackSchema = (context: SchemaContext) =>
  z.strictObject({
    environment: z.enum(ENVIRONMENTS).default(context.environment),
    /** The prefix of every network's and volume's name. @default rampart-<stack> */
    name: matching(/^[a-z][a-z0-9-]{1,40}$/, "lower-case letters, digits and hyphens", "rename it").optional(),
    certificates: certificates(context),
    acmeEmail: z.email().optional(),
    edge: edge(context),
    images: z.partialRecord(z.enum(IMAGE_ROLES as [string, ...string[]]), image).default({}),
    network: z.strictObject({ /** The /16 that the stack's networks are cut from. @default one derived from the stack's name */ pool: cidr16to20.optional() }).prefault({}),
    database: database(context),
    redis: redis(context),
    migration: migration(context).optional(),
    services: z.record(name, service(context)).default({}),
    logging: z.strictObject({ maxSizeMiB: z.int().min(1).max(1024).default(10), maxFiles: z.int().min(1).max(20).default(3) }).prefault({}),
    /** The group that owns the Docker socket on the host; lets the socket proxy run without root. @default found on a local engine */
    dockerSocketGroup: z.int().min(1).max(65_535).optional(),
  });

export type StackConfig = z.output<ReturnType<typeof stackSchema>>;
export type ServiceConfig = StackConfig["services"][string];
export type MigrationConfig = NonNullable<StackConfig["migration"]>;
export type RouteConfig = ServiceConfig["routes"][number];
export type SecretSpec = ServiceConfig["secrets"][string];
export type HealthCheckConfig = NonNullable<ServiceConfig["healthCheck"]>;
export type CertificatesConfig = StackConfig["certificates"];

/** The keys that exist under `rampart:`, apart from the flat keys that hold secrets. */
export const STACK_KEYS = [
  "environment",
  "name",
  "certificates",
  "acmeEmail",
  "edge",
  "images",
  "network",
  "database",
  "redis",
  "migration",
  "services",
  "logging",
  "dockerSocketGroup",
] as const satisfies readonly (keyof StackConfig)[];
