import * as pulumi from "@pulumi/pulumi";
import {
  backsUp,
  databaseNames,
  monitoringOf,
  needsAuthority,
  routeUrls,
  sinkOf,
  signsEdge,
  sharedVolumeNames,
  usesDatabase,
  usesRedis,
  type LoadedConfig,
  type ServiceConfig,
} from "../config";
import { forwarderAddress, postgresAddress } from "../hardening/container/networks";
import { defined, listed } from "../hardening/defined";
import { CA_NOT_AFTER } from "../hardening/pki/certificates";
import { ELEVATION_WATCH, ELEVATION_WATCH_DATABASE } from "../hardening/postgres/elevation/elevations";
import { POSTGRES_SUPERUSER, type DatabaseRole, type ServiceRole } from "../hardening/postgres/roles/roles";
import { rotationKey } from "../hardening/postgres/roles/rotation";
import { POSTGRES_PORT } from "../hardening/postgres/server/url";
import { REDIS_ALIAS } from "../hardening/redis/url";
import { createContext, currentEngine, type NetworkNames, type StackContext } from "../resources/context";
import { routedCanary } from "../resources/canary";
import { dataUse, type Surroundings } from "../resources/data-use";
import { databaseAccess, networkPlan, socketGroup } from "../resources/on-engine";
import type { BackupOutputs, DatabaseOutputs } from "../resources/outputs";
import { databaseUrl, databaseUrls, exporterServer, migrationUrls, type Login } from "../resources/urls";
import { Authority } from "./authority";
import { Backups } from "./backup";
import { DataVolume } from "./data-volume";
import { DatabasePolicy } from "./database-policy";
import { DatabaseRoles, type DatabaseLogin } from "./database-roles";
import { Edge } from "./edge";
import { ElevationWatch } from "./elevation-watch";
import { Forwarder } from "./forwarder";
import { Gateway, type RoutedService } from "./gateway";
import { Images } from "./images";
import { Jobs } from "./jobs";
import { LogSink } from "./log-sink";
import { MigrationJob } from "./migration-job";
import { Monitoring } from "./monitoring";
import { Networks } from "./networks";
import { Postgres } from "./postgres";
import { Redis, type RedisTls } from "./redis";
import { Secrets } from "./secrets";
import { Service } from "./service";
import { SocketProxy } from "./socket-proxy";

/** The database's part of a stack, and what the other parts need of it. */
interface Database {
  readonly outputs: DatabaseOutputs;
  readonly authority: Authority;
  readonly policy: DatabasePolicy;
  readonly logins: Readonly<Partial<Record<ServiceRole, DatabaseLogin>>>;
  login(role: DatabaseRole): Login;
}

/** A complete, hardened deployment of one stack, as its configuration declares it. */
export class HardenedStack extends pulumi.ComponentResource {
  /** The URLs of all routes. */
  readonly urls: readonly string[];
  /** The engine's names of the networks. */
  readonly networks: NetworkNames;
  /** Undefined where nothing uses a database. */
  readonly database: DatabaseOutputs | undefined;
  /** Undefined where there are no backups. */
  readonly backups: Backups | undefined;
  /** The certificate in PEM of the authority that signs the edge's; undefined where another CA does. */
  readonly certificateAuthority: pulumi.Output<string> | undefined;
  /** The passwords of management surfaces, by user. */
  readonly access: Readonly<Record<string, pulumi.Output<string>>>;

  private readonly context: StackContext;
  private readonly volumes: Readonly<Record<string, DataVolume>>;

  constructor(config: LoadedConfig, opts?: pulumi.ComponentResourceOptions) {
    super("rampart:stack:HardenedStack", config.name, {}, opts);
    // First, as the provider takes two seconds for them, whatever else there is to do.
    this.networks = this.createNetworks(config);
    this.context = this.createContext(config);
    this.volumes = this.createSharedVolumes();
    const authority = this.createAuthority();
    const database = this.createDatabase(authority);
    const redis = this.createRedis(authority);
    const migration = this.createMigration(database);
    const dataReady = database === undefined ? [] : [database.policy.guard(migration)];
    this.backups = this.createBackups(database, dataReady);
    const surroundings = { database, redis, migrated: migration !== undefined, dataReady };
    const services = this.createServices(surroundings);
    const jobs = this.createJobs(surroundings);
    new Edge(
      `${config.name}-edge`,
      this.context,
      { networks: this.networks, ...defined({ authority }) },
      { parent: this },
    );
    this.certificateAuthority = signsEdge(config) ? authority?.certificate : undefined;
    const gateway = this.createGateway([...services.routed, ...listed(this.createLogSink()?.surface)]);
    this.createMonitoring(database, redis);
    redis?.settle([...services.running, ...jobs, gateway]);
    this.access = gateway.passwords;
    this.urls = routeUrls(config);
    this.database = database?.outputs;
    this.registerOutputs(this.outputs);
  }

  /** What a program exports: a key only where there is something to say. */
  get outputs(): Pick<HardenedStack, "urls" | "networks"> & {
    readonly database?: DatabaseOutputs;
    readonly backups?: BackupOutputs;
    readonly certificateAuthority?: pulumi.Output<string>;
    readonly access?: Readonly<Record<string, pulumi.Output<string>>>;
  } {
    const { urls, networks, database, certificateAuthority } = this;
    const access = Object.keys(this.access).length === 0 ? undefined : this.access;
    const backups = this.backups && { repository: this.backups.repository, password: this.backups.password };
    return { urls, networks, ...defined({ database, backups, certificateAuthority, access }) };
  }

  private createContext(config: LoadedConfig): StackContext {
    const opts = { parent: this };
    const secrets = new Secrets(`${config.name}-secrets`, opts);
    const images = new Images(`${config.name}-images`, config, opts);
    return createContext(config, { images, secrets });
  }

  private createNetworks(config: LoadedConfig): NetworkNames {
    const plan = networkPlan(config, currentEngine());
    return new Networks(config.name, { stack: config.stack, plan }, { parent: this }).names;
  }

  private createSharedVolumes(): Record<string, DataVolume> {
    const { config } = this.context;
    const create = (owner: string): DataVolume => {
      const args = { owner, protect: config.environment !== "dev", shared: true };
      return new DataVolume(`${config.name}-data-${owner}`, this.context, args, { parent: this });
    };
    return Object.fromEntries(sharedVolumeNames(config).map((name) => [name, create(name)]));
  }

  private createAuthority(): Authority | undefined {
    const { config } = this.context;
    if (!needsAuthority(config)) return undefined;
    const rotation = rotationKey({ everything: config.rotation.everything, one: config.rotation.certificates });
    const args = { stackName: config.name, ...defined({ rotation }) };
    return new Authority(`${config.name}-authority`, args, { parent: this });
  }

  private createDatabase(authority: Authority | undefined): Database | undefined {
    const { context, networks } = this;
    const { config } = context;
    if (authority === undefined || !usesDatabase(config)) return undefined;
    const password = this.superuserPassword();
    const { postgres, server, ready } = this.createPostgres(authority, password);
    const roles = new DatabaseRoles(
      `${config.name}-roles`,
      context,
      {
        ...server,
        superuserPassword: password,
        authority,
        secrets: context.secrets,
        dependsOn: [ready, postgres.applied],
        deletedWith: postgres.data.volume,
      },
      { parent: this },
    );
    const logins = Object.fromEntries(Object.entries(roles.logins).map(([role, { name }]) => [role, name]));
    const policy = new DatabasePolicy(
      `${config.name}-database`,
      context,
      { logins, roleVerifiers: roles.verifiers, members: roles.members, dependsOn: roles.ready },
      { parent: this },
    );
    if (policy.watch !== undefined) {
      const { password: watchPassword, dependsOn } = policy.watch;
      const url = databaseUrl(
        ELEVATION_WATCH_DATABASE,
        { name: ELEVATION_WATCH, password: watchPassword },
        ELEVATION_WATCH,
      );
      const args = { networks, url, ca: authority.certificate, dependsOn };
      new ElevationWatch(`${config.name}-elevation`, context, args, { parent: this });
    }
    const { elevations } = policy;
    const outputs: DatabaseOutputs = {
      ...server,
      name: config.database.name,
      schema: config.database.schema,
      databases: databaseNames(config),
      access: databaseAccess(config, context.engine),
      superuser: POSTGRES_SUPERUSER,
      superuserPassword: password,
      ca: authority.certificate,
      certificateEnd: authority.period.notAfter.toISOString(),
      authorityEnd: CA_NOT_AFTER.toISOString(),
      passwords: roles.passwords,
      ...defined({ elevations: Object.keys(elevations).length === 0 ? undefined : elevations }),
      logins,
    };
    const login = (role: DatabaseRole): Login => ({ name: role, password: roles.passwords[role] });
    return { outputs, authority, policy, logins: roles.logins, login };
  }

  private superuserPassword(): pulumi.Output<string> {
    const { everything, roles } = this.context.config.rotation;
    const rotation = rotationKey({ everything, one: roles.superuser });
    return this.context.secrets.password("postgres", defined({ rotation }));
  }

  /** The server, and how the provider reaches it. */
  private createPostgres(authority: Authority, password: pulumi.Output<string>) {
    const { context, networks } = this;
    const { config, engine } = context;
    const { pool } = config.network;
    const address = postgresAddress(config.name, pool);
    const forwarded = databaseAccess(config, engine) === "forwarder";
    const forwarder = forwarded ? forwarderAddress(config.name, pool) : undefined;
    const plan = { networks, networkPlan: networkPlan(config, engine), address };
    const postgres = new Postgres(
      `${config.name}-postgres`,
      context,
      { ...plan, password, authority, ...defined({ forwarderAddress: forwarder }) },
      { parent: this },
    );
    if (forwarder === undefined)
      return { postgres, server: { host: address, port: POSTGRES_PORT }, ready: postgres.ready };
    const args = { networks, address: forwarder, dependsOn: [postgres.ready] };
    const { ready } = new Forwarder(`${config.name}-forwarder`, context, args, { parent: this });
    return { postgres, server: { host: "127.0.0.1", port: config.database.forwarderPort }, ready };
  }

  private createRedis(authority: Authority | undefined): Redis | undefined {
    const { context, networks } = this;
    const { config, secrets } = context;
    if (!usesRedis(config)) return undefined;
    const tls = config.redis.tls && authority !== undefined ? redisTls(authority) : undefined;
    return new Redis(`${config.name}-redis`, context, { networks, secrets, ...defined({ tls }) }, { parent: this });
  }

  private createMigration(database: Database | undefined): MigrationJob | undefined {
    const { context, networks, volumes } = this;
    const { migration, name } = context.config;
    if (migration === undefined || database === undefined) return undefined;
    return new MigrationJob(
      `${name}-migration`,
      context,
      {
        config: migration,
        networks,
        secrets: context.secrets,
        urls: {
          ...migrationUrls(context.config, database.login("migrator")),
          DATABASE_CA: database.authority.certificate,
        },
        sharedVolumes: volumes,
        dependsOn: database.policy.prepared,
      },
      { parent: this },
    );
  }

  private createBackups(database: Database | undefined, dependsOn: readonly pulumi.Resource[]): Backups | undefined {
    const { context, networks } = this;
    const { config, secrets } = context;
    if (database === undefined || !backsUp(config)) return undefined;
    const urls = databaseUrls(config, database.login("backup"), "backup");
    const args = { networks, secrets, urls, ca: database.authority.certificate, dependsOn: [...dependsOn] };
    return new Backups(`${config.name}-backups`, context, args, { parent: this });
  }

  private createMonitoring(database: Database | undefined, cache: Redis | undefined): void {
    const { context, networks } = this;
    const { config } = context;
    if (monitoringOf(config) === undefined) return;
    const postgres = database && {
      user: "monitor",
      password: database.login("monitor").password,
      server: exporterServer(config.database.name),
      ca: database.authority.certificate,
      authorityEnd: database.outputs.authorityEnd,
      dependsOn: database.policy.prepared,
    };
    const redis = cache?.metricsPassword && {
      password: cache.metricsPassword,
      dependsOn: [cache.ready],
      ...defined({ ca: cache.ca }),
    };
    new Monitoring(
      `${config.name}-monitoring`,
      context,
      { networks, ...defined({ postgres, redis }) },
      { parent: this },
    );
  }

  private createLogSink(): LogSink | undefined {
    const { context, networks } = this;
    if (sinkOf(context.config) === undefined) return undefined;
    return new LogSink(`${context.config.name}-logs`, context, { networks }, { parent: this });
  }

  private createServices(surroundings: Surroundings): {
    running: pulumi.Input<pulumi.Resource>[];
    routed: RoutedService[];
  } {
    const services = Object.entries(this.context.config.services).sort(([a], [b]) => (a < b ? -1 : 1));
    const created = services.map(([name, config]) => ({
      name,
      config,
      service: this.createService(name, config, surroundings),
    }));
    const routed = created.flatMap(({ name, config, service: { alias, canaryAlias, ready } }): RoutedService[] => {
      const { port, routes, replicas } = config;
      const canary = routedCanary(config, canaryAlias);
      return port === undefined || routes.length === 0
        ? []
        : [{ name, routes, port, replicas, alias, ready, ...defined({ canary }) }];
    });
    return { running: created.flatMap(({ service }) => service.ready), routed };
  }

  private createService(name: string, config: ServiceConfig, surroundings: Surroundings): Service {
    const { context, networks, volumes } = this;
    const proxy = this.createSocketProxy(name, config);
    const { urls, dependsOn } = dataUse(context.config, name, config, surroundings);
    return new Service(
      `${context.config.name}-${name}`,
      context,
      {
        name,
        config,
        networks,
        secrets: context.secrets,
        urls,
        sharedVolumes: volumes,
        dependsOn: [...dependsOn, ...listed(proxy?.ready)],
      },
      { parent: this },
    );
  }

  private createJobs(surroundings: Surroundings): Jobs["ready"] {
    const { context, networks, volumes: sharedVolumes } = this;
    if (Object.keys(context.config.jobs).length === 0) return [];
    const args = { networks, surroundings, sharedVolumes };
    return new Jobs(`${context.config.name}-jobs`, context, args, { parent: this }).ready;
  }

  private createGateway(services: readonly RoutedService[]): Gateway {
    const { context, networks } = this;
    return new Gateway(`${context.config.name}-gateway`, context, { networks, services }, { parent: this });
  }

  private createSocketProxy(consumer: string, { dockerApi, egress }: ServiceConfig): SocketProxy | undefined {
    const { context, networks } = this;
    const { config, engine } = context;
    if (dockerApi === undefined) return undefined;
    const group = defined({ socketGroup: socketGroup(config, engine) });
    const args = { ...dockerApi, consumer, egress: egress === true, networks, ...group };
    return new SocketProxy(`${config.name}-docker-api-${consumer}`, context, args, { parent: this });
  }
}

function redisTls(authority: Authority): RedisTls {
  const { certificate, privateKey } = authority.server("redis", [REDIS_ALIAS, "127.0.0.1", "localhost"]);
  const end = authority.period.notAfter.toISOString();
  return { certificate, key: privateKey, ca: authority.certificate, end };
}
