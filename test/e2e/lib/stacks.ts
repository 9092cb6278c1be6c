import type { Outputs, Stack, StackSettings } from "./pulumi";

/** The references that images/build.sh writes. */
export type Images = Readonly<
  Record<
    | "postgres"
    | "postgres17"
    | "restic"
    | "sftp"
    | "rest"
    | "s3"
    | "redis"
    | "haproxy"
    | "socat"
    | "traefik"
    | "app"
    | "appNext"
    | "pebble"
    | "prometheus"
    | "alertmanager"
    | "nodeExporter"
    | "postgresExporter"
    | "victoriaLogs"
    | "otelCollector"
    | "rsyslog",
    string
  >
>;

/** Those that the checks of the smoke run need: no others are built for it. */
export const SMOKE_IMAGES: readonly (keyof Images)[] = ["postgres", "redis", "haproxy", "traefik", "app", "appNext"];

/** What every check is given. */
export interface Context {
  readonly work: string;
  readonly images: Images;
  readonly main: Stack;
  readonly kept: Stack;
  readonly acme: Stack;
  readonly redis: Stack;
  /** Of the main stack, once it is up. */
  outputs?: Outputs;
}

export function mainOutputs(context: Context): Outputs {
  if (context.outputs === undefined) throw new Error("the main stack has no outputs yet");
  return context.outputs;
}

export function databaseOf(outputs: Outputs): NonNullable<Outputs["database"]> {
  if (outputs.database === undefined) throw new Error("the stack has no database output");
  return outputs.database;
}

export const MAIN = {
  host: "app.localhost",
  reportsHost: "reports.localhost",
  httpPort: 31_080,
  httpsPort: 31_443,
  pool: "10.231.0.0/16",
} as const;
export const KEPT = {
  host: "kept.e2e.example.org",
  httpPort: 31_180,
  httpsPort: 31_543,
  pool: "10.232.0.0/16",
} as const;
export const REDIS = { host: "redis.localhost", httpPort: 31_380, httpsPort: 31_743, pool: "10.234.0.0/16" } as const;
export const ACME = {
  host: "acme.e2e.example.org",
  httpPort: 31_280,
  httpsPort: 31_643,
  pool: "10.233.0.0/16",
} as const;

/** Two hosts of a zone whose records the stack's edge sets. */
export const CERTIFICATES = {
  zone: "zone.e2e.example.org",
  app: "app.zone.e2e.example.org",
  admin: "admin.zone.e2e.example.org",
  httpPort: 31_680,
  httpsPort: 31_644,
  pool: "10.238.0.0/16",
} as const;

export const DATA = { host: "data.localhost", httpPort: 31_480, httpsPort: 31_843, pool: "10.235.0.0/16" } as const;
export const REGISTRIES = {
  host: "registries.localhost",
  httpPort: 31_580,
  httpsPort: 31_943,
  pool: "10.236.0.0/16",
} as const;
export const OPERATIONS = {
  host: "operations.localhost",
  apiHost: "api.operations.localhost",
  httpPort: 33_680,
  httpsPort: 33_043,
  pool: "10.249.0.0/16",
} as const;
export const UPGRADE = {
  host: "upgrade.e2e.example.org",
  httpPort: 34_080,
  httpsPort: 34_443,
  pool: "10.242.0.0/16",
} as const;

export const CANARY = {
  host: "canary.localhost",
  httpPort: 35_280,
  httpsPort: 35_643,
  pool: "10.248.0.0/16",
} as const;

export const JOBS = {
  host: "jobs.localhost",
  httpPort: 35_380,
  httpsPort: 35_743,
  pool: "10.252.0.0/16",
} as const;

export const SOURCES = {
  host: "sources.localhost",
  httpPort: 34_880,
  httpsPort: 34_943,
  pool: "10.246.0.0/16",
} as const;

export const MOVED = {
  host: "moved.localhost",
  httpPort: 35_080,
  httpsPort: 35_143,
  pool: "10.253.0.0/16",
} as const;

export const IPV6 = {
  host: "six.e2e.example.org",
  httpPort: 34_280,
  httpsPort: 34_643,
  pool: "10.244.0.0/16",
} as const;

export const MONITORED = {
  name: "rampart-e2e-monitoring",
  host: "monitored.localhost",
  /** Of a service whose answers are errors. */
  brokenHost: "broken.localhost",
  httpPort: 34_180,
  httpsPort: 34_543,
  pool: "10.243.0.0/16",
  /** This machine's address on the network `egress`. */
  receiver: "10.243.4.1",
} as const;

export const LOGGED = {
  name: "rampart-e2e-logging",
  host: "logged.localhost",
  /** Of the pages that search the logs. */
  surface: "logs.localhost",
  httpPort: 34_680,
  httpsPort: 34_743,
  pool: "10.250.0.0/16",
  /** This machine's address on the network `egress`. */
  receiver: "10.250.4.1",
  ports: { otlp: 34_318, fluentd: 34_224, syslog: 34_514 },
} as const;

const own = ({ traefik, postgres, redis, haproxy, socat, restic }: Images): object => ({
  traefik,
  postgres,
  redis,
  haproxy,
  socat,
  restic,
});
const measuring = ({ prometheus, alertmanager, nodeExporter, postgresExporter }: Images): object => ({
  prometheus,
  alertmanager,
  "node-exporter": nodeExporter,
  "postgres-exporter": postgresExporter,
});
const health = (port: number): object => ({
  command: ["/usr/local/bin/app", "healthcheck", `http://127.0.0.1:${port}/healthz`],
  intervalSeconds: 2,
  startPeriodSeconds: 6,
});

/** One service, whose image comes from another registry than Rampart's own. */
export const registrySettings = (images: Images, image: string, registries: StackSettings): StackSettings => ({
  environment: "dev",
  name: "rampart-e2e-registries",
  network: { pool: REGISTRIES.pool },
  edge: { httpPort: REGISTRIES.httpPort, httpsPort: REGISTRIES.httpsPort },
  images: own(images),
  registries,
  services: {
    web: {
      image,
      command: ["frontend"],
      port: 8080,
      routes: [{ host: REGISTRIES.host }],
      healthCheck: health(8080),
    },
  },
});

/** An API in two containers. @param canary Its canary, if it has one */
export const canarySettings = (images: Images, app: string, canary?: object): StackSettings => ({
  environment: "dev",
  name: "rampart-e2e-canary",
  network: { pool: CANARY.pool },
  edge: { httpPort: CANARY.httpPort, httpsPort: CANARY.httpsPort },
  images: own(images),
  services: {
    api: {
      image: app,
      command: ["api"],
      port: 3000,
      replicas: 2,
      healthCheck: health(3000),
      startTimeoutSeconds: 10,
      routes: [{ host: CANARY.host, rateLimit: { average: 20_000, burst: 20_000 } }],
      ...(canary === undefined ? {} : { canary }),
    },
  },
});

export interface JobsChanges {
  /** Of the job that is due each minute and succeeds. */
  readonly tickImage?: string;
  readonly seedOnce?: string;
  readonly seedFails?: boolean;
}

/**
 * Jobs that are due each minute, of which each ends in another way; one that is not due; and one that runs once for
 * each change. The stack measures itself.
 */
export function jobsSettings(images: Images, changes: JobsChanges = {}): StackSettings {
  const fails = { MIGRATE_FAIL: "1" };
  const job = { image: images.app, schedule: "* * * * *", stopGraceSeconds: 1 };
  return {
    environment: "dev",
    name: "rampart-e2e-jobs",
    network: { pool: JOBS.pool },
    edge: { httpPort: JOBS.httpPort, httpsPort: JOBS.httpsPort },
    images: { ...own(images), ...measuring(images) },
    monitoring: true,
    services: {
      api: {
        image: images.app,
        command: ["api"],
        port: 3000,
        healthCheck: health(3000),
        routes: [{ host: JOBS.host }],
      },
    },
    jobs: {
      tick: { ...job, image: changes.tickImage ?? images.app, command: ["true"], data: "read-write", cache: true },
      breaks: { ...job, command: ["migrate"], environment: fails },
      slow: { ...job, command: ["sleep"], deadlineSeconds: 5 },
      // A server never ends by itself.
      held: { ...job, command: ["frontend"], deadlineSeconds: 3600 },
      replaced: { ...job, command: ["frontend"], deadlineSeconds: 3600, overlap: "replace" },
      // A leap day.
      rare: { ...job, command: ["true"], schedule: "0 0 29 2 *" },
      seed: {
        image: images.app,
        command: changes.seedFails === true ? ["migrate"] : ["true"],
        data: "read-write",
        once: changes.seedOnce ?? "1",
        environment: changes.seedFails === true ? fails : {},
      },
    },
  };
}

/** An API with a secret that another program keeps. @param from Its source */
export const sourcesSettings = (images: Images, from: object): StackSettings => ({
  environment: "dev",
  name: "rampart-e2e-sources",
  network: { pool: SOURCES.pool },
  edge: { httpPort: SOURCES.httpPort, httpsPort: SOURCES.httpsPort },
  images: own(images),
  services: {
    api: {
      image: images.app,
      command: ["api"],
      port: 3000,
      healthCheck: health(3000),
      secrets: { STRIPE_KEY: { from } },
      routes: [{ host: SOURCES.host, rateLimit: { average: 20_000, burst: 20_000 } }],
    },
  },
});

/** An API and its database, which is backed up. @param backups What it says of its backups */
export const movedSettings = (images: Images, backups: object): StackSettings => ({
  environment: "dev",
  name: "rampart-e2e-moved",
  network: { pool: MOVED.pool },
  edge: { httpPort: MOVED.httpPort, httpsPort: MOVED.httpsPort },
  images: own(images),
  database: { backups: { drillEveryDays: false, ...backups } },
  migration: { image: images.app, command: ["migrate"] },
  services: {
    api: {
      image: images.app,
      command: ["api"],
      port: 3000,
      healthCheck: health(3000),
      data: "read-write",
      routes: [{ host: MOVED.host }],
    },
  },
});

/** A small stack that measures itself. @param key Holds the URL of the receiver of alerts */
export const monitoredSettings = (images: Images, key: string): StackSettings => ({
  environment: "dev",
  name: MONITORED.name,
  network: { pool: MONITORED.pool },
  edge: { httpPort: MONITORED.httpPort, httpsPort: MONITORED.httpsPort },
  images: { ...own(images), ...measuring(images) },
  redis: { tls: true },
  monitoring: { webhook: { config: key } },
  services: {
    api: {
      image: images.app,
      command: ["api"],
      port: 3000,
      healthCheck: health(3000),
      data: "read-write",
      cache: true,
      routes: [{ host: MONITORED.host, rateLimit: { average: 10, burst: 20 } }],
    },
    // It asks for a cache that it has not got.
    broken: {
      image: images.app,
      command: ["api"],
      port: 3000,
      healthCheck: health(3000),
      routes: [{ host: MONITORED.brokenHost }],
    },
  },
});

/** A stack whose logs go somewhere. */
export const loggedSettings = (images: Images, logging: object): StackSettings => ({
  environment: "dev",
  name: LOGGED.name,
  network: { pool: LOGGED.pool },
  edge: { httpPort: LOGGED.httpPort, httpsPort: LOGGED.httpsPort },
  images: { ...own(images), "victoria-logs": images.victoriaLogs },
  logging,
  services: {
    api: {
      image: images.app,
      command: ["api"],
      port: 3000,
      healthCheck: health(3000),
      routes: [{ host: LOGGED.host, rateLimit: { average: 20_000, burst: 20_000 } }],
    },
    web: {
      image: images.app,
      command: ["frontend"],
      port: 8080,
      healthCheck: health(8080),
      routes: [{ host: LOGGED.host, pathPrefix: "/web" }],
    },
  },
});

/** The same without monitoring. The key has to be somebody's, so the service has it as a secret. */
export function unmonitoredSettings(images: Images, key: string): StackSettings {
  const settings = monitoredSettings(images, key);
  const services = settings["services"] as { readonly api: object };
  const api = { ...services.api, secrets: { ALERT_URL: { config: key } } };
  return { ...settings, monitoring: false, services: { ...services, api } };
}

export interface MainChanges {
  /** The image of the services. */
  readonly app?: string;
  readonly migrationImage?: string;
  readonly migrationEnvironment?: Readonly<Record<string, string>>;
  readonly apiEnvironment?: Readonly<Record<string, string>>;
  readonly startTimeoutSeconds?: number;
  /** Seconds that the API's container may take to stop. */
  readonly stopGraceSeconds?: number;
  readonly jwtLength?: number;
  /** Keys of passwords that turn over. */
  readonly rotation?: object;
}

/**
 * An application of DragDropDeploy's shape: a static frontend, an API, reports that only read, a build worker,
 * a migration.
 */
export function mainSettings(images: Images, changes: MainChanges = {}): StackSettings {
  const image = changes.app ?? images.app;
  return {
    environment: "dev",
    name: "rampart-e2e",
    network: { pool: MAIN.pool },
    edge: { httpPort: MAIN.httpPort, httpsPort: MAIN.httpsPort },
    images: own(images),
    rotation: changes.rotation ?? {},
    migration: {
      image: changes.migrationImage ?? images.app,
      command: ["migrate"],
      environment: changes.migrationEnvironment ?? {},
    },
    services: {
      web: {
        image,
        command: ["frontend"],
        port: 8080,
        healthCheck: health(8080),
        confinement: { seccomp: "frontend" },
        routes: [{ host: MAIN.host }],
      },
      api: {
        image,
        command: ["api"],
        port: 3000,
        healthCheck: health(3000),
        data: "read-write",
        cache: true,
        secrets: { JWT_SECRET: changes.jwtLength === undefined ? "generated" : { generated: changes.jwtLength } },
        environment: changes.apiEnvironment ?? {},
        startTimeoutSeconds: changes.startTimeoutSeconds ?? 60,
        stopGraceSeconds: changes.stopGraceSeconds ?? 10,
        routes: [{ host: MAIN.host, pathPrefix: "/api", rateLimit: { average: 20_000, burst: 20_000 } }],
      },
      reports: {
        image,
        command: ["api"],
        port: 3000,
        healthCheck: health(3000),
        data: "read-only",
        routes: [{ host: MAIN.reportsHost, rateLimit: { average: 10, burst: 20 } }],
      },
      worker: {
        image,
        command: ["worker"],
        port: 3001,
        healthCheck: health(3001),
        data: "read-write",
        egress: true,
        confinement: { seccomp: "worker" },
        dockerApi: {
          presets: ["PING", "CONTAINERS", "IMAGES", "POST", "ALLOW_START", "ALLOW_STOP"],
          reason: "the suite asks for containers through the socket proxy",
        },
      },
    },
  };
}

export interface KeptChanges {
  readonly images?: Images;
  readonly memoryMiB?: number;
  readonly tls?: "modern" | "intermediate";
}

/** A stack whose data is protected, as staging and production are. */
export function keptSettings(images: Images, changes: KeptChanges = {}): StackSettings {
  const memoryMiB = changes.memoryMiB ?? 320;
  return {
    environment: "staging",
    name: "rampart-e2e-kept",
    certificates: "self-signed",
    network: { pool: KEPT.pool },
    edge: {
      listenAddress: "127.0.0.1",
      httpPort: KEPT.httpPort,
      httpsPort: KEPT.httpsPort,
      tls: changes.tls ?? "intermediate",
    },
    images: own(changes.images ?? images),
    // The processor's share is what backups and drills wait for.
    database: { resources: { memoryMiB }, backups: { resources: { cpus: 1 } } },
    redis: { resources: { memoryMiB } },
    migration: { image: images.app, command: ["migrate"] },
    services: {
      api: {
        image: images.app,
        command: ["api"],
        port: 3000,
        healthCheck: health(3000),
        data: "read-write",
        cache: true,
        routes: [{ host: KEPT.host }],
      },
    },
  };
}

/** A protected stack for the change of PostgreSQL's major version. */
export function upgradeSettings(
  images: Images,
  changes: { readonly postgres?: string; readonly previousMajors?: readonly number[] } = {},
): StackSettings {
  return {
    environment: "staging",
    name: "rampart-e2e-upgrade",
    certificates: "self-signed",
    network: { pool: UPGRADE.pool },
    edge: { listenAddress: "127.0.0.1", httpPort: UPGRADE.httpPort, httpsPort: UPGRADE.httpsPort },
    images: { ...own(images), postgres: changes.postgres ?? images.postgres },
    database: {
      resources: { memoryMiB: 320 },
      backups: false,
      ...(changes.previousMajors === undefined ? {} : { previousMajors: changes.previousMajors }),
    },
    migration: { image: images.app, command: ["migrate"] },
    services: {
      api: {
        image: images.app,
        command: ["api"],
        port: 3000,
        healthCheck: health(3000),
        data: "read-write",
        routes: [{ host: UPGRADE.host }],
      },
    },
  };
}

/** A small stack whose certificate comes from an ACME server. */
export function acmeSettings(images: Images, directory: string, ca: string): StackSettings {
  return {
    environment: "staging",
    name: "rampart-e2e-acme",
    certificates: { directory, ca, challenge: "http-01" },
    network: { pool: ACME.pool },
    edge: { listenAddress: "127.0.0.1", httpPort: ACME.httpPort, httpsPort: ACME.httpsPort },
    images: own(images),
    services: {
      web: {
        image: images.app,
        command: ["frontend"],
        port: 8080,
        healthCheck: health(8080),
        routes: [{ host: ACME.host }],
      },
    },
  };
}

/** One service, on all addresses of the host. */
export const ipv6Settings = (images: Images, ipv6: boolean): StackSettings => ({
  environment: "staging",
  name: "rampart-e2e-ipv6",
  certificates: "self-signed",
  network: { pool: IPV6.pool },
  edge: { httpPort: IPV6.httpPort, httpsPort: IPV6.httpsPort, ipv6 },
  images: own(images),
  services: {
    web: {
      image: images.app,
      command: ["frontend"],
      port: 8080,
      healthCheck: health(8080),
      routes: [{ host: IPV6.host }],
    },
  },
});

/** The same with two hosts, and certificates as they are tried. */
export function certificatesSettings(images: Images, certificates: object): StackSettings {
  const { app, admin, httpPort, httpsPort, pool } = CERTIFICATES;
  return {
    environment: "staging",
    name: "rampart-e2e-certificates",
    certificates,
    network: { pool },
    edge: { listenAddress: "127.0.0.1", httpPort, httpsPort },
    images: own(images),
    services: {
      web: {
        image: images.app,
        command: ["frontend"],
        port: 8080,
        healthCheck: health(8080),
        routes: [{ host: app }, { host: admin }],
      },
    },
  };
}

/** A frontend, and an API on another host with a database and a cache. */
export function operationsSettings(images: Images, app = images.app, command = ["api"]): StackSettings {
  return {
    environment: "dev",
    name: "rampart-e2e-operations",
    network: { pool: OPERATIONS.pool },
    edge: { httpPort: OPERATIONS.httpPort, httpsPort: OPERATIONS.httpsPort },
    images: own(images),
    migration: { image: images.app, command: ["migrate"] },
    services: {
      web: {
        image: images.app,
        command: ["frontend"],
        port: 8080,
        healthCheck: health(8080),
        routes: [{ host: OPERATIONS.host }],
      },
      api: {
        image: app,
        command,
        port: 3000,
        healthCheck: health(3000),
        data: "read-write",
        cache: { keyPrefixes: ["api:"], sessions: ["api:sess:"] },
        secrets: { JWT_SECRET: "generated" },
        startTimeoutSeconds: 20,
        routes: [{ host: OPERATIONS.apiHost }],
      },
    },
  };
}

export interface DataChanges {
  readonly sql?: string;
  readonly app?: string;
  /** ISO 8601; absent: nobody is elevated. */
  readonly elevatedUntil?: string;
  readonly rotation?: object;
}

/** A stack of tenants: row security, elevations, Redis over TLS. */
export function dataSettings(images: Images, changes: DataChanges = {}): StackSettings {
  return {
    environment: "dev",
    name: "rampart-e2e-data",
    network: { pool: DATA.pool },
    edge: { httpPort: DATA.httpPort, httpsPort: DATA.httpsPort },
    images: own(images),
    database: {
      tenancy: { variable: "app.tenant_id", column: "tenant_id", type: "uuid" },
      extensions: ["citext"],
      elevations:
        changes.elevatedUntil === undefined
          ? []
          : [{ who: "anna", role: "app_ro", until: changes.elevatedUntil, reason: "ticket 4711: look at the orders" }],
    },
    redis: { tls: true },
    rotation: changes.rotation ?? {},
    migration: {
      image: images.app,
      command: ["migrate"],
      environment: { MIGRATION_SQL: changes.sql ?? TENANT_TABLES },
    },
    services: {
      api: {
        image: changes.app ?? images.app,
        command: ["api"],
        port: 3000,
        healthCheck: health(3000),
        data: "read-write",
        cache: true,
        routes: [{ host: DATA.host, rateLimit: { average: 20_000, burst: 20_000 } }],
      },
    },
  };
}

/** What a migration of an application with tenants makes. */
export const TENANT_TABLES = `
CREATE TABLE IF NOT EXISTS app.projects (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, name text);
CREATE TABLE IF NOT EXISTS app.tasks (id bigint PRIMARY KEY, tenant_id uuid NOT NULL,
  project bigint REFERENCES app.projects ON DELETE CASCADE);
`;
