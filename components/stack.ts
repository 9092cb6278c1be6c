import { statSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { routeUrl, type LoadedConfig } from "../config";
import { postgresUrl, redisUrl } from "../hardening/connection-urls";
import type { DatabaseRole } from "../hardening/database/privileges";
import { planNetworks, postgresAddress, type NetworkPlan } from "../hardening/networks";
import { Authority } from "./authority";
import { createContext, type StackContext } from "./context";
import { DataVolume } from "./data-volume";
import { DatabaseRoles } from "./database-roles";
import { Edge, type RoutedService } from "./edge";
import { isLocalLinux, type Engine } from "./engine";
import { Forwarder } from "./forwarder";
import { MigrationJob } from "./migration-job";
import { SECRETS_PATH } from "./program";
import { Networks } from "./networks";
import { Postgres, POSTGRES_ALIAS, POSTGRES_SUPERUSER } from "./postgres";
import { Redis, REDIS_ALIAS } from "./redis";
import type { Secrets } from "./secrets";
import { Service } from "./service";
import { SocketProxy } from "./socket-proxy";

const POSTGRES_PORT = 5432;

/** How an operator connects to the database; the passwords are secret outputs. */
export interface DatabaseOutputs {
  readonly host: string;
  readonly port: number;
  readonly name: string;
  readonly schema: string;
  /** Where the provider reaches Postgres: `direct` or `forwarder`. */
  readonly access: "direct" | "forwarder";
  readonly superuser: string;
  readonly superuserPassword: pulumi.Output<string>;
  /** The certificate of the stack's authority in PEM, for sslmode=verify-full. */
  readonly ca: pulumi.Output<string>;
  /** When the server's certificate ends; `pulumi up` renews it long before. */
  readonly certificateEnd: string;
  readonly passwords: Readonly<Record<DatabaseRole, pulumi.Output<string>>>;
}

/** A complete, hardened deployment of one stack, as its configuration declares it. */
export class HardenedStack extends pulumi.ComponentResource {
  /** The URLs of all routes. */
  readonly urls: readonly string[];
  /** The engine's names of the networks. */
  readonly networks: Readonly<Record<string, pulumi.Output<string>>>;
  /** Absent where nothing uses a database. */
  readonly database?: DatabaseOutputs;

  constructor(config: LoadedConfig, opts?: pulumi.ComponentResourceOptions) {
    super("rampart:stack:HardenedStack", config.name, {}, opts);
    const { name } = config;
    const context = createContext(config, this);
    const { engine, secrets } = context;
    const services = Object.entries(config.services).sort(([a], [b]) => (a < b ? -1 : 1));
    const access = databaseAccess(config, engine);
    const plan = networkPlan(config, access);
    const networks = new Networks(name, { stack: config.stack, plan }, { parent: this }).names;
    const volumes = sharedVolumes(context, this);
    const data = usesDatabase(config) ? this.createDatabase(context, plan, networks, access, secrets) : undefined;
    const redis = usesRedis(config) ? new Redis(`${name}-redis`, context, { networks, secrets }, { parent: this }) : undefined;
    const migration =
      config.migration !== undefined && data !== undefined
        ? new MigrationJob(
            `${name}-migration`,
            context,
            { config: config.migration, networks, secrets, urls: databaseUrls(config, data, "migrator", "migration"), sharedVolumes: volumes, dependsOn: data.ready },
            { parent: this },
          )
        : undefined;
    const dataReady = migration === undefined ? (data?.ready ?? []) : [migration.done];
    const routed: RoutedService[] = [];
    const running: pulumi.Resource[] = [];
    for (const [service, settings] of services) {
      const proxy =
        settings.dockerApi === undefined
          ? undefined
          : new SocketProxy(`${name}-docker-api-${service}`, context, { consumer: service, permissions: settings.dockerApi, networks, ...socketGroup(config, engine) }, { parent: this });
      const role = settings.data === "read-write" ? "app_rw" : settings.data === "read-only" ? "app_ro" : undefined;
      const urls = {
        ...(role === undefined || data === undefined ? {} : databaseUrls(config, data, role, service)),
        ...(redis === undefined || settings.cache === false ? {} : { REDIS_URL: cacheUrl(config, redis, service) }),
      };
      const created = new Service(
        `${name}-${service}`,
        context,
        {
          name: service,
          config: settings,
          networks,
          secrets,
          urls,
          sharedVolumes: volumes,
          dependsOn: [
            // After a migration every service waits, as any of them may rely on what it changed.
            ...(role === undefined && migration === undefined ? [] : dataReady),
            ...(redis === undefined || settings.cache === false ? [] : [redis.ready]),
            ...(proxy === undefined ? [] : [proxy.ready]),
          ],
        },
        { parent: this },
      );
      running.push(created.ready);
      if (settings.port !== undefined && settings.routes.length > 0) {
        routed.push({ name: service, routes: settings.routes, port: settings.port, alias: created.alias, ready: created.ready });
      }
    }
    const edge = new Edge(`${name}-edge`, context, { networks, services: routed }, { parent: this });
    redis?.settle([...running, edge]);
    this.urls = routeUrls(config);
    this.networks = networks;
    if (data !== undefined) this.database = data.outputs;
    this.registerOutputs(this.outputs);
  }

  /** What a program exports: a key only where there is something to say. */
  get outputs(): Pick<HardenedStack, "urls" | "networks"> & Partial<Pick<HardenedStack, "database">> {
    const { urls, networks, database } = this;
    return { urls, networks, ...(database === undefined ? {} : { database }) };
  }

  private createDatabase(context: StackContext, plan: readonly NetworkPlan[], networks: Networks["names"], access: DatabaseOutputs["access"], secrets: Secrets) {
    const { config } = context;
    const address = postgresAddress(config.name, config.network.pool);
    const forwarderAddress = access === "forwarder" ? address.replace(/\.\d+$/, ".11") : undefined;
    const password = secrets.password("postgres");
    const authority = new Authority(`${config.name}-authority`, { stackName: config.name, ...certificateRotation(config) }, { parent: this });
    const postgres = new Postgres(
      `${config.name}-postgres`,
      context,
      { networks, networkPlan: plan, address, password, authority, ...(forwarderAddress === undefined ? {} : { forwarderAddress }) },
      { parent: this },
    );
    const forwarder =
      forwarderAddress === undefined ? undefined : new Forwarder(`${config.name}-forwarder`, context, { networks, address: forwarderAddress, dependsOn: [postgres.ready] }, { parent: this });
    const host = forwarder === undefined ? address : "127.0.0.1";
    const port = forwarder === undefined ? POSTGRES_PORT : config.database.forwarderPort;
    const roles = new DatabaseRoles(
      `${config.name}-roles`,
      context,
      { host, port, superuserPassword: password, authority, secrets, dependsOn: [forwarder?.ready ?? postgres.ready, postgres.applied], deletedWith: postgres.data.volume },
      { parent: this },
    );
    const outputs: DatabaseOutputs = {
      host,
      port,
      name: config.database.name,
      schema: config.database.schema,
      access,
      superuser: POSTGRES_SUPERUSER,
      superuserPassword: password,
      ca: authority.certificate,
      certificateEnd: authority.period.notAfter.toISOString(),
      passwords: roles.passwords,
    };
    return { roles, outputs, authority, ready: roles.ready };
  }
}

export const usesDatabase = (config: LoadedConfig): boolean => config.migration !== undefined || Object.values(config.services).some((service) => service.data !== "none");
export const usesRedis = (config: LoadedConfig): boolean => Object.values(config.services).some((service) => service.cache !== false);

/** How the provider reaches Postgres: by its address where the engine is local, else through the forwarder. */
export function databaseAccess(config: LoadedConfig, engine: Engine): DatabaseOutputs["access"] {
  return config.database.access ?? (isLocalLinux(engine) ? "direct" : "forwarder");
}

function networkPlan(config: LoadedConfig, access: DatabaseOutputs["access"]): NetworkPlan[] {
  const services = Object.entries(config.services);
  return planNetworks({
    stackName: config.name,
    ...(config.network.pool === undefined ? {} : { pool: config.network.pool }),
    dockerApiConsumers: services.filter(([, service]) => service.dockerApi !== undefined).map(([service]) => service),
    egress: services.some(([, service]) => service.egress),
    databaseAccess: access === "forwarder" && usesDatabase(config),
  });
}

function sharedVolumes(context: StackContext, parent: pulumi.Resource): Record<string, DataVolume> {
  const { config } = context;
  const programs = [...Object.values(config.services), ...(config.migration === undefined ? [] : [config.migration])];
  const names = new Set(programs.flatMap((program) => program.volumes.flatMap((volume) => ("name" in volume ? [volume.name] : []))));
  return Object.fromEntries(
    [...names].sort().map((volume) => [volume, new DataVolume(`${config.name}-data-${volume}`, context, { owner: volume, protect: config.environment !== "dev", shared: true }, { parent })]),
  );
}

/** What a program needs to reach the database: its URL, and the authority that the server's certificate is verified by. */
function databaseUrls(config: LoadedConfig, data: { readonly roles: DatabaseRoles; readonly authority: Authority }, role: DatabaseRole, applicationName: string): Record<string, pulumi.Output<string>> {
  const url = data.roles.passwords[role].apply((password) =>
    postgresUrl({ host: POSTGRES_ALIAS, port: POSTGRES_PORT, database: config.database.name, role, password, applicationName, sslMode: "verify-full", sslRootCert: `${SECRETS_PATH}/database_ca` }),
  );
  return { DATABASE_URL: url, DATABASE_CA: data.authority.certificate };
}

const certificateRotation = ({ rotation }: LoadedConfig): { readonly rotation?: string } => {
  const key = [rotation.everything, rotation.certificates].filter((one) => one !== undefined).join("+");
  return key === "" ? {} : { rotation: key };
};

function cacheUrl(config: LoadedConfig, redis: Redis, service: string): pulumi.Output<string> {
  return redis.passwords[service]?.apply((password) => redisUrl({ host: REDIS_ALIAS, user: service, password, tls: config.redis.tls })) ?? pulumi.output("");
}

/** The gid of the engine's socket: configured, or read where the engine is local. */
function socketGroup(config: LoadedConfig, engine: Engine): { readonly socketGroup?: number } {
  if (config.dockerSocketGroup !== undefined) return { socketGroup: config.dockerSocketGroup };
  if (!isLocalLinux(engine)) return {};
  const gid = statSync(engine.host.replace(/^unix:\/\//, ""), { throwIfNoEntry: false })?.gid;
  return gid === undefined || gid === 0 ? {} : { socketGroup: gid };
}

function routeUrls(config: LoadedConfig): string[] {
  const routes = Object.values(config.services).flatMap((service) => service.routes);
  return [...new Set(routes.map((route) => routeUrl(config, route)))].sort();
}
