import { statSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { databaseVariable, routeUrl, type LoadedConfig } from "../config";
import { isRemote } from "../hardening/backup/workloads";
import { postgresUrl } from "../hardening/postgres/server/url";
import { redisUrl } from "../hardening/redis/url";
import type { DatabaseRole, ServiceRole } from "../hardening/postgres/roles/roles";
import { rotationKey } from "../hardening/postgres/roles/rotation";
import { ELEVATION_WATCH, ELEVATION_WATCH_DATABASE } from "../hardening/postgres/elevation/elevations";
import { CA_NOT_AFTER } from "../hardening/pki/certificates";
import { planNetworks, postgresAddress, type NetworkPlan } from "../hardening/container/networks";
import { Authority } from "./authority";
import { Backups } from "./backup";
import type { StackContext } from "../resources/context";
import { createContext } from "./context";
import { DataVolume } from "./data-volume";
import { DatabaseRoles, serviceRole, type DatabaseLogin } from "./database-roles";
import { DatabasePolicy } from "./database-policy";
import { Edge, type RoutedService } from "./edge";
import { ElevationWatch } from "./elevation-watch";
import { isLocalLinux, type Engine } from "../engine/docker";
import { Forwarder } from "./forwarder";
import { MigrationJob } from "./migration-job";
import { SECRETS_PATH } from "../resources/program";
import { Networks } from "./networks";
import { databaseNames, Postgres, POSTGRES_ALIAS, POSTGRES_SUPERUSER } from "./postgres";
import { Redis, REDIS_ALIAS, type RedisArgs } from "./redis";
import { Service } from "./service";
import { SocketProxy } from "./socket-proxy";

const POSTGRES_PORT = 5432;
/** Where the secret DATABASE_CA lies in a container. */
const DATABASE_CA_PATH = `${SECRETS_PATH}/database_ca`;

/** How an operator connects to the database; the passwords are secret outputs. */
export interface DatabaseOutputs {
  readonly host: string;
  readonly port: number;
  readonly name: string;
  readonly schema: string;
  /** All databases of the stack, the first of them `name`. */
  readonly databases: readonly string[];
  /** Where the provider reaches Postgres: `direct` or `forwarder`. */
  readonly access: "direct" | "forwarder";
  readonly superuser: string;
  readonly superuserPassword: pulumi.Output<string>;
  /** The certificate of the stack's authority in PEM, for sslmode=verify-full. */
  readonly ca: pulumi.Output<string>;
  /** When the server's certificate ends; `pulumi up` renews it long before. */
  readonly certificateEnd: string;
  /** When the authority ends, which `pulumi up` does not renew. */
  readonly authorityEnd: string;
  readonly passwords: Readonly<Record<DatabaseRole, pulumi.Output<string>>>;
  /** Passwords of elevated logins, by login. Absent where nobody is elevated. */
  readonly elevations?: Readonly<Record<string, pulumi.Output<string>>>;
  /** What services log in as until the next rotation, by the role that they become. */
  readonly logins: Readonly<Partial<Record<ServiceRole, pulumi.Output<string>>>>;
}

/** Where the backups are, and what opens them: keep the password where the state is not. */
export interface BackupOutputs {
  readonly repository: string;
  readonly password: pulumi.Output<string>;
}

/** A complete, hardened deployment of one stack, as its configuration declares it. */
export class HardenedStack extends pulumi.ComponentResource {
  /** The URLs of all routes. */
  readonly urls: readonly string[];
  /** The engine's names of the networks. */
  readonly networks: Readonly<Record<string, pulumi.Output<string>>>;
  /** Absent where nothing uses a database. */
  readonly database?: DatabaseOutputs;
  /** Absent where there are no backups. */
  readonly backups?: Backups;

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
    const authority = needsAuthority(config)
      ? new Authority(
          `${name}-authority`,
          {
            stackName: name,
            ...rotated(rotationKey({ everything: config.rotation.everything, one: config.rotation.certificates })),
          },
          { parent: this },
        )
      : undefined;
    const data =
      authority !== undefined && usesDatabase(config)
        ? this.createDatabase(context, plan, networks, access, authority)
        : undefined;
    const redis = usesRedis(config)
      ? new Redis(`${name}-redis`, context, { networks, secrets, ...redisTls(config, authority) }, { parent: this })
      : undefined;
    const migration =
      config.migration !== undefined && data !== undefined
        ? new MigrationJob(
            `${name}-migration`,
            context,
            {
              config: config.migration,
              networks,
              secrets,
              urls: migrationUrls(config, data),
              sharedVolumes: volumes,
              dependsOn: data.policy.prepared,
            },
            { parent: this },
          )
        : undefined;
    const dataReady = data === undefined ? [] : [data.policy.guard(migration)];
    if (data !== undefined && backsUp(config)) {
      this.backups = new Backups(
        `${name}-backups`,
        context,
        { networks, secrets, urls: data.urls("backup"), ca: data.authority.certificate, dependsOn: dataReady },
        { parent: this },
      );
    }
    const routed: RoutedService[] = [];
    const running: pulumi.Input<pulumi.Resource>[] = [];
    for (const [service, settings] of services) {
      const proxy =
        settings.dockerApi === undefined
          ? undefined
          : new SocketProxy(
              `${name}-docker-api-${service}`,
              context,
              { consumer: service, permissions: settings.dockerApi, networks, ...socketGroup(config, engine) },
              { parent: this },
            );
      const role = serviceRole(settings);
      const login = role === undefined ? undefined : data?.roles.logins[role];
      const urls = {
        ...(login === undefined || data === undefined
          ? {}
          : {
              DATABASE_URL: databaseUrl(settings.database ?? config.database.name, login, service),
              DATABASE_CA: data.authority.certificate,
            }),
        ...(redis === undefined || settings.cache === false
          ? {}
          : {
              REDIS_URL: cacheUrl(config, redis, service),
              ...(authority !== undefined && config.redis.tls ? { REDIS_CA: authority.certificate } : {}),
            }),
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
            // Named besides: the old login goes only after the containers that use it, which have to be known to.
            ...(login === undefined ? [] : [login.resource]),
            ...(redis === undefined || settings.cache === false ? [] : [redis.ready]),
            ...(proxy === undefined ? [] : [proxy.ready]),
          ],
        },
        { parent: this },
      );
      running.push(created.ready);
      if (settings.port !== undefined && settings.routes.length > 0) {
        routed.push({
          name: service,
          routes: settings.routes,
          port: settings.port,
          alias: created.alias,
          ready: created.ready,
        });
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
  get outputs(): Pick<HardenedStack, "urls" | "networks"> &
    Partial<Pick<HardenedStack, "database">> & { readonly backups?: BackupOutputs } {
    const { urls, networks, database, backups } = this;
    return {
      urls,
      networks,
      ...(database === undefined ? {} : { database }),
      ...(backups === undefined ? {} : { backups: { repository: backups.repository, password: backups.password } }),
    };
  }

  private createDatabase(
    context: StackContext,
    plan: readonly NetworkPlan[],
    networks: Networks["names"],
    access: DatabaseOutputs["access"],
    authority: Authority,
  ) {
    const { config, secrets } = context;
    const address = postgresAddress(config.name, config.network.pool);
    const forwarderAddress = access === "forwarder" ? address.replace(/\.\d+$/, ".11") : undefined;
    const { everything, roles: keys } = config.rotation;
    const password = secrets.password("postgres", undefined, rotationKey({ everything, one: keys.superuser }));
    const postgres = new Postgres(
      `${config.name}-postgres`,
      context,
      {
        networks,
        networkPlan: plan,
        address,
        password,
        authority,
        ...(forwarderAddress === undefined ? {} : { forwarderAddress }),
      },
      { parent: this },
    );
    const forwarder =
      forwarderAddress === undefined
        ? undefined
        : new Forwarder(
            `${config.name}-forwarder`,
            context,
            { networks, address: forwarderAddress, dependsOn: [postgres.ready] },
            { parent: this },
          );
    const host = forwarder === undefined ? address : "127.0.0.1";
    const port = forwarder === undefined ? POSTGRES_PORT : config.database.forwarderPort;
    const roles = new DatabaseRoles(
      `${config.name}-roles`,
      context,
      {
        host,
        port,
        superuserPassword: password,
        authority,
        secrets,
        dependsOn: [forwarder?.ready ?? postgres.ready, postgres.applied],
        deletedWith: postgres.data.volume,
      },
      { parent: this },
    );
    const policy = new DatabasePolicy(
      `${config.name}-database`,
      context,
      {
        logins: Object.fromEntries(Object.entries(roles.logins).map(([role, { name }]) => [role, name])),
        roleVerifiers: roles.verifiers,
        dependsOn: roles.ready,
      },
      { parent: this },
    );
    if (policy.watch !== undefined) {
      const url = databaseUrl(
        ELEVATION_WATCH_DATABASE,
        { name: pulumi.output(ELEVATION_WATCH), password: policy.watch.password },
        ELEVATION_WATCH,
      );
      new ElevationWatch(
        `${config.name}-elevation`,
        context,
        { networks, url, ca: authority.certificate, dependsOn: policy.watch.dependsOn },
        { parent: this },
      );
    }
    const outputs: DatabaseOutputs = {
      host,
      port,
      name: config.database.name,
      schema: config.database.schema,
      databases: databaseNames(config),
      access,
      superuser: POSTGRES_SUPERUSER,
      superuserPassword: password,
      ca: authority.certificate,
      certificateEnd: authority.period.notAfter.toISOString(),
      authorityEnd: CA_NOT_AFTER.toISOString(),
      passwords: roles.passwords,
      ...(Object.keys(policy.elevations).length === 0 ? {} : { elevations: policy.elevations }),
      logins: Object.fromEntries(Object.entries(roles.logins).map(([role, { name }]) => [role, name])),
    };
    return { roles, outputs, authority, policy, urls: (role: DatabaseRole) => roleUrls(config, roles, role, role) };
  }
}

export const usesDatabase = (config: LoadedConfig): boolean =>
  config.migration !== undefined || Object.values(config.services).some((service) => service.data !== "none");
const backsUp = (config: LoadedConfig): boolean => config.database.backups !== false && usesDatabase(config);
const backsUpElsewhere = (config: LoadedConfig): boolean =>
  usesDatabase(config) && config.database.backups !== false && isRemote(config.database.backups.repository);
export const usesRedis = (config: LoadedConfig): boolean =>
  Object.values(config.services).some((service) => service.cache !== false);

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
    egress: services.some(([, service]) => service.egress) || backsUpElsewhere(config),
    databaseAccess: access === "forwarder" && usesDatabase(config),
  });
}

function sharedVolumes(context: StackContext, parent: pulumi.Resource): Record<string, DataVolume> {
  const { config } = context;
  const programs = [...Object.values(config.services), ...(config.migration === undefined ? [] : [config.migration])];
  const names = new Set(
    programs.flatMap((program) => program.volumes.flatMap((volume) => ("name" in volume ? [volume.name] : []))),
  );
  return Object.fromEntries(
    [...names]
      .sort()
      .map((volume) => [
        volume,
        new DataVolume(
          `${config.name}-data-${volume}`,
          context,
          { owner: volume, protect: config.environment !== "dev", shared: true },
          { parent },
        ),
      ]),
  );
}

function databaseUrl(
  database: string,
  login: Pick<DatabaseLogin, "name" | "password">,
  applicationName: string,
): pulumi.Output<string> {
  const server = {
    host: POSTGRES_ALIAS,
    port: POSTGRES_PORT,
    sslMode: "verify-full",
    sslRootCert: DATABASE_CA_PATH,
  } as const;
  return pulumi
    .all([login.name, login.password])
    .apply(([role, password]) => postgresUrl({ ...server, database, role, password, applicationName }));
}

/** A role's URL of each database, by its name. */
function roleUrls(
  config: LoadedConfig,
  roles: DatabaseRoles,
  role: DatabaseRole,
  applicationName: string,
): Record<string, pulumi.Output<string>> {
  const login = { name: pulumi.output<string>(role), password: roles.passwords[role] };
  return Object.fromEntries(databaseNames(config).map((name) => [name, databaseUrl(name, login, applicationName)]));
}

function migrationUrls(
  config: LoadedConfig,
  { roles, authority }: { readonly roles: DatabaseRoles; readonly authority: Authority },
): Record<string, pulumi.Output<string>> {
  const urls = Object.entries(roleUrls(config, roles, "migrator", "migration")).map(([name, url]) => [
    name === config.database.name ? "DATABASE_URL" : databaseVariable(name),
    url,
  ]);
  return { ...(Object.fromEntries(urls) as Record<string, pulumi.Output<string>>), DATABASE_CA: authority.certificate };
}

const rotated = (rotation: string | undefined): { readonly rotation?: string } =>
  rotation === undefined ? {} : { rotation };

const needsAuthority = (config: LoadedConfig): boolean =>
  usesDatabase(config) || (usesRedis(config) && config.redis.tls);

function redisTls(config: LoadedConfig, authority: Authority | undefined): Pick<RedisArgs, "tls"> {
  if (authority === undefined || !config.redis.tls) return {};
  const { certificate, privateKey } = authority.server("redis", [REDIS_ALIAS, "127.0.0.1", "localhost"]);
  return {
    tls: { certificate, key: privateKey, ca: authority.certificate, end: authority.period.notAfter.toISOString() },
  };
}

function cacheUrl(config: LoadedConfig, redis: Redis, service: string): pulumi.Output<string> {
  return (
    redis.passwords[service]?.apply((password) =>
      redisUrl({ host: REDIS_ALIAS, user: service, password, tls: config.redis.tls }),
    ) ?? pulumi.output("")
  );
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
