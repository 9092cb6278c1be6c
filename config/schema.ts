import { isIPv4 } from "node:net";
import { z } from "zod";
import { expandPermissions, permissionFaults, type PermissionRequest } from "../hardening/docker-api/permissions";
import {
  corsOriginCheck,
  environmentCheck,
  hostCheck,
  hostPathCheck,
  identifierCheck,
  isStagingDirectory,
  parseDirectory,
  poolCheck,
  responseHeaderCheck,
  trustedProxyCheck,
  userCheck,
} from "./checks";
import { SECURITY_HEADERS } from "../hardening/traefik/headers";
import type { FaultParams } from "./faults";
import { IMAGE_ROLES } from "./images";
import { minimumLength } from "./secret-shapes";
import { database, redis, rotation } from "./data-schema";
import {
  checkedString,
  commandLine,
  containerPath,
  image,
  matching,
  name,
  reason,
  plainVariableName,
  resources,
  toIssue,
  variableName,
} from "./values";

export const ENVIRONMENTS = ["dev", "staging", "prod"] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

/** What the schema must know of the surroundings to judge a value. */
export interface SchemaContext {
  readonly environment: Environment;
}

const port = z.int().min(1).max(65535);
const servicePort = port.refine((value) => value >= 1024, {
  params: {
    allowed: "1024 to 65535; a program without capabilities listens on no lower port",
    fix: "have the program listen on 1024 or above; the edge serves 443",
  },
});

/** Capabilities that a service may ask for with a reason. The others amount to root on the host or reach into other containers. */
export const GRANTABLE_CAPABILITIES = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FOWNER",
  "CAP_KILL",
  "CAP_NET_BIND_SERVICE",
  "CAP_SETGID",
  "CAP_SETUID",
] as const;

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
        matching(
          /^[A-Za-z][A-Za-z0-9_.-]{0,62}$/,
          "default, or the name of a profile that the host has loaded",
          "load it first (docs/confinement.md)",
        ).refine((value) => value.toLowerCase() !== "unconfined", {
          params: {
            allowed: "default, a profile's name, or { unconfined: <reason> }",
            fix: "write { unconfined: <reason> }",
          },
        }),
        z.strictObject({ unconfined: reason }),
      ])
      .default("default"),
    capabilities: z
      .array(z.strictObject({ add: z.enum(GRANTABLE_CAPABILITIES), reason }))
      .refine((value) => new Set(value.map(({ add }) => add)).size === value.length, {
        params: { given: "a capability twice", allowed: "each capability once", fix: "remove one" },
      })
      .default([]),
    /** Given only to make the root file system writable. */
    writableRoot: z.strictObject({ reason }).optional(),
  })
  .prefault({});

const healthCheck = z
  .strictObject({
    /** A path that answers 2xx; asked with the image's own wget on the service's port. @default "/" if there is a port */
    http: matching(/^\/[A-Za-z0-9\-._~/?&=%]*$/, "a path that starts with /", "give the path alone").optional(),
    /** A command in the image that exits 0 when the service is well. */
    command: commandLine().min(1).optional(),
    intervalSeconds: z.int().min(1).max(300).default(5),
    timeoutSeconds: z.int().min(1).max(120).default(3),
    retries: z.int().min(1).max(20).default(3),
    startPeriodSeconds: z.int().min(0).max(600).default(10),
  })
  .refine((value) => value.http === undefined || value.command === undefined, {
    params: { allowed: "http or command, not both", fix: "remove one" },
  });

const tmpfs = z.strictObject({
  path: containerPath,
  sizeMiB: z.int().min(1).max(16_384),
  exec: z.strictObject({ reason }).optional(),
});

const volume = z.union(
  [
    z.strictObject({ name, path: containerPath, readOnly: z.boolean().default(false) }),
    z.strictObject({
      hostPath: checkedString(hostPathCheck),
      path: containerPath,
      readOnly: z.boolean().default(true),
      reason,
    }),
  ],
  "{ name, path, readOnly } for a named volume, or { hostPath, path, reason } for a directory of the host's own",
);

const user = z.union(
  [checkedString(userCheck), z.strictObject({ root: reason })],
  "uid:gid, both numeric and neither 0, as text; or { root: <reason> }",
);

/** Where a secret comes from; that a key holds a good one is cross-checks.ts' business. */
const secretSpec = z.union(
  [
    z.literal("generated"),
    z.strictObject({ generated: z.int().min(16).max(256) }),
    z.strictObject({
      config: matching(
        /^[A-Za-z][A-Za-z0-9_-]*$/,
        "a configuration key without a namespace",
        "use the flat key given to `pulumi config set --secret`",
      ),
    }),
  ],
  "generated, { generated: <length> } or { config: <key> }; never the value itself",
);
const secrets = z.record(variableName, secretSpec).superRefine((specs, refinement) => {
  for (const [key, value] of Object.entries(specs)) {
    const minimum = minimumLength(key);
    if (typeof value !== "object" || !("generated" in value) || value.generated >= minimum) continue;
    refinement.issues.push(
      toIssue(
        {
          given: `${value.generated} characters`,
          allowed: `at least ${minimum} characters`,
          fix: `write ${key}: generated`,
        },
        value,
        [key],
      ),
    );
  }
});

const environmentVariables = (context: SchemaContext) =>
  z
    .record(plainVariableName, z.union([z.string(), z.number(), z.boolean()]).transform(String))
    .superRefine((variables, refinement) => {
      for (const [key, value] of Object.entries(variables)) {
        const fault = environmentCheck(key, value, context.environment);
        if (fault !== undefined) refinement.issues.push(toIssue(fault, value, [key]));
      }
    });

const headerValue = matching(/^[\x20-\x7e]{0,4096}$/, "printable ASCII on one line", "remove line breaks");
const headerName = matching(
  /^[A-Za-z0-9-]{1,100}$/,
  "a header's name of letters, digits and hyphens; not *",
  "rename it",
);
const distinct = (values: readonly string[]): boolean =>
  new Set(values.map((value) => value.toLowerCase())).size === values.length;
const once = { params: { given: "a name twice", allowed: "each name once, whatever its case", fix: "remove one" } };

const route = (context: SchemaContext) =>
  z.strictObject({
    host: checkedString((value) => hostCheck(value, context.environment)),
    /** @default "/": everything on the host */
    pathPrefix: matching(
      /^(?!.*\/\.{1,2}(?:\/|$))\/(?:[A-Za-z0-9\-._~]+(?:\/[A-Za-z0-9\-._~]+)*)?$/,
      "a path that starts with / and does not end with it",
      "write it as /api",
    ).default("/"),
    /** Token bucket a source address. @default 100 requests a second, bursts of 200 */
    rateLimit: z
      .strictObject({
        average: z.int().min(1).max(1_000_000).default(100),
        burst: z.int().min(1).max(1_000_000).default(200),
        periodSeconds: z.int().min(1).max(3600).default(1),
      })
      .prefault({}),
    /** Requests in flight at a time, answers that stream included; beyond: 429. @default 100 of a client, 1000 of all */
    inFlight: z
      .strictObject({
        perClient: z.int().min(1).max(100_000).default(100),
        total: z.int().min(1).max(100_000).default(1000),
      })
      .refine((value) => value.perClient <= value.total, {
        params: { allowed: "perClient of at most total", fix: "raise total, or lower perClient" },
      })
      .prefault({}),
    /** The largest request body in MiB; bodies are passed on as they come. @default 1 */
    maxBodyMiB: z.number().min(0.001).max(1024).default(1),
    /** No limit on waiting for the answer's headers; only GET. Other routes stream, too. @default false */
    streaming: z.boolean().default(false),
    headers: z
      .strictObject({
        /** Replaces the strict default Content-Security-Policy. */
        contentSecurityPolicy: headerValue.optional(),
        /** Sets a response header, or removes it with "". */
        response: z
          .record(checkedString((value) => responseHeaderCheck(value)).and(headerName), headerValue)
          .refine((value) => distinct(Object.keys(value)), once)
          .default({}),
        /** Headers of the default set that the application sends itself, such as a CSP with nonces. */
        fromApplication: z
          .array(z.enum(SECURITY_HEADERS.map((header) => header.name) as [string, ...string[]]))
          .refine(distinct, once)
          .default([]),
      })
      .prefault({}),
    cors: z
      .strictObject({
        allowedOrigins: z.array(checkedString((value) => corsOriginCheck(value, context.environment))).min(1),
        allowedMethods: z
          .array(z.enum(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]))
          .default(["GET", "POST"]),
        allowedHeaders: z.array(headerName).default(["Authorization", "Content-Type"]),
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
      refinement.issues.push(
        toIssue(
          {
            given: "no permission",
            allowed: "at least one entry under allow or presets",
            fix: "list what the service calls, or remove dockerApi",
          },
          value,
        ),
      );
    }
  })
  // Checked above: from here on they are known names.
  .transform((value) => expandPermissions(value as PermissionRequest));

const container = (context: SchemaContext) => ({
  image,
  entrypoint: commandLine().min(1).optional(),
  command: commandLine().optional(),
  user: user.default("1000:1000"),
  resources: resources({ memoryMiB: 256, cpus: 0.5, pids: 128 }),
  secrets: secrets.default({}),
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
      /** Which of the stack's databases. @default database.name */
      database: checkedString(identifierCheck).optional(),
      /** A Redis user of the service's own. @default false; true means the key prefix `<service>:` */
      cache: z
        .union([
          z.boolean(),
          z.strictObject({
            keyPrefixes: z
              .array(matching(/^[A-Za-z0-9_:.{}-]{1,64}$/, "letters, digits and _ : . { } -", "choose another prefix"))
              .min(1),
          }),
        ])
        .default(false),
      /** Whether the service may open connections to the internet. */
      egress: z.boolean().default(false),
      /** Exact permissions of the Docker API, through a socket proxy of the service's own. @default none */
      dockerApi: dockerApi.optional(),
      /** Seconds within which a new version has to become healthy. */
      startTimeoutSeconds: z.int().min(5).max(900).default(60),
    })
    .superRefine((value, refinement) => {
      const missing = (path: PropertyKey[], fault: FaultParams) =>
        refinement.issues.push(toIssue({ given: "nothing", ...fault }, undefined, path));
      if (value.routes.length > 0 && value.port === undefined)
        missing(["port"], { allowed: "the port that the routes lead to", fix: "add port: <1024 to 65535>" });
      if (value.healthCheck?.command === undefined && value.port === undefined) {
        missing(["healthCheck"], {
          allowed: "a command where the service has no port",
          fix: "add healthCheck: { command: [...] }",
        });
      }
    });

export const migration = (context: SchemaContext) =>
  z.strictObject({
    ...container(context),
    /** @default 600 */
    timeoutSeconds: z.int().min(5).max(86_400).default(600),
  });

const isStaging = (directory: string): boolean => {
  const url = parseDirectory(directory);
  return url !== undefined && isStagingDirectory(url);
};

const CERTIFICATE_ISSUERS = ["self-signed", "letsencrypt-staging", "letsencrypt"] as const;

function certificates(context: SchemaContext) {
  const https = checkedString((value) =>
    parseDirectory(value) === undefined
      ? { allowed: "an https URL of an ACME directory, without user or password", fix: "give the CA's directory URL" }
      : undefined,
  );
  return z
    .union(
      [
        z.enum(CERTIFICATE_ISSUERS),
        z.strictObject({
          directory: https,
          /** The CA's root certificate in PEM, where the system does not know it. */
          ca: matching(
            /^-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----\s*$/,
            "a certificate in PEM",
            "paste the CA's root certificate",
          ).optional(),
          challenge: z.enum(["http-01", "tls-alpn-01"]).default("http-01"),
        }),
      ],
      `${CERTIFICATE_ISSUERS.join(", ")}, or { directory, ca, challenge }`,
    )
    .superRefine((value, refinement) => {
      if (context.environment !== "prod") return;
      const staging = value === "letsencrypt-staging" || (typeof value === "object" && isStaging(value.directory));
      const fix = "use letsencrypt, or { directory, ca } of the CA that your users' browsers trust";
      if (staging)
        refinement.issues.push(
          toIssue(
            {
              given: `${typeof value === "string" ? value : value.directory}, a staging certificate that no browser trusts`,
              allowed: "a production CA in environment prod",
              fix,
            },
            value,
          ),
        );
      if (value === "self-signed")
        refinement.issues.push(
          toIssue({ given: "self-signed", allowed: "a production CA in environment prod", fix }, value),
        );
    })
    .default(context.environment === "dev" ? "self-signed" : "letsencrypt");
}

/** Docker's and the common databases' and queues' own. */
const DATA_PORTS = [
  1433, 1521, 2375, 2376, 2377, 3306, 5432, 5672, 6379, 6380, 9042, 9092, 9200, 11_211, 15_672, 26_379, 27_017,
];
const edgePort = port.superRefine((value, refinement) => {
  if (DATA_PORTS.includes(value)) {
    refinement.issues.push(
      toIssue(
        {
          allowed:
            "a port that is not Docker's or a database's own (Postgres 5432, Redis 6379, Docker 2375); data ports are never published",
          fix: "use 443 and 80, or 8443 and 8080",
        },
        value,
      ),
    );
  }
});

function edge(context: SchemaContext) {
  const dev = context.environment === "dev";
  const listen = checkedString((value) =>
    isIPv4(value) ? undefined : { allowed: "an IPv4 address", fix: "use 0.0.0.0, or one address of the host" },
  ).superRefine((value, refinement) => {
    if (dev && !value.startsWith("127.")) {
      refinement.issues.push(
        toIssue(
          { allowed: "a loopback address in environment dev", fix: "remove it, or set rampart:environment to staging" },
          value,
        ),
      );
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
      /** Addresses or subnets of load balancers in front of the edge, whose X-Forwarded-* headers are believed. */
      trustedProxies: z.array(checkedString(trustedProxyCheck)).default([]),
      /** Mozilla's guideline to follow. @default "intermediate" */
      tls: z.enum(["modern", "intermediate"]).default("intermediate"),
      resources: resources({ memoryMiB: 256, cpus: 1, pids: 256 }, { memoryMiB: 64, pids: 32 }),
    })
    .refine((value) => value.httpPort !== value.httpsPort, {
      params: { allowed: "two different ports", fix: "change one" },
      path: ["httpPort"],
    })
    .prefault({});
}

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
    certificates: certificates(context),
    acmeEmail: checkedString((value) =>
      z.email().safeParse(value).success
        ? undefined
        : { allowed: "an e-mail address", fix: "give the address to which the CA can write" },
    ).optional(),
    edge: edge(context),
    images: z.partialRecord(z.enum(IMAGE_ROLES as [string, ...string[]]), image).default({}),
    network: z
      .strictObject({
        /** The /16 that the stack's networks are cut from. @default one derived from the stack's name */ pool: checkedString(
          poolCheck,
        ).optional(),
      })
      .prefault({}),
    database: database(context),
    redis: redis(context),
    rotation,
    migration: migration(context).optional(),
    services: z.record(name, service(context)).default({}),
    logging: z
      .strictObject({ maxSizeMiB: z.int().min(1).max(1024).default(10), maxFiles: z.int().min(1).max(20).default(3) })
      .prefault({}),
    /** The group that owns the Docker socket on the host; lets the socket proxy run without root. @default found on a local engine */
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
  "rotation",
  "migration",
  "services",
  "logging",
  "dockerSocketGroup",
] as const satisfies readonly (keyof StackConfig)[];
