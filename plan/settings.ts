/** What a configuration says of routes, services, servers and operation, for the rules that look at it. */
import {
  corsOf,
  IMAGE_PINS,
  imageReferences,
  keyPrefixes,
  ownOrigins,
  routeUrl,
  sendsAlerts,
  usesDatabase,
  type ImageRole,
  type JobConfig,
  type LoadedConfig,
  type RouteConfig,
  type ServiceConfig,
} from "../config";
import { registryOf } from "../hardening/container/image";
import { defined } from "../hardening/defined";
import type { DatabaseSettings, RouteFacts, ServiceFacts, SettingFacts } from "../hardening/rules";
import { rateASecond } from "./summary/routes";

const byName = <T>(record: Readonly<Record<string, T>>): [string, T][] =>
  Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));

export function settingFacts(config: LoadedConfig): SettingFacts {
  const { edge, images, logging, migration } = config;
  const services = byName(config.services);
  return {
    routes: services.flatMap(([name, { routes }]) =>
      routes.map((route) => routeFacts(config, `${config.name}-${name}`, route)),
    ),
    services: [
      ...services.map(([name, service]) => serviceFacts(config, name, service)),
      ...byName(config.jobs).map(([name, job]) => jobFacts(config, name, job)),
      ...(migration === undefined || !usesDatabase(config)
        ? []
        : [
            {
              resource: `${config.name}-migration`,
              name: "migration",
              environment: migration.environment,
              internalByChoice: false,
              keyPrefixes: [],
            },
          ]),
    ],
    connections: edge.connections,
    trustedProxies: edge.trustedProxies,
    images: byName(images).flatMap(([role, reference]) =>
      reference === undefined ? [] : [{ role, reference, pin: IMAGE_PINS[role as ImageRole] }],
    ),
    registries: [...new Set(imageReferences(config).map(registryOf))].sort(),
    logMiB: logging.maxSizeMiB * logging.maxFiles,
    alerts: config.monitoring === false ? "none" : sendsAlerts(config) ? "sent" : "shown",
    ...defined({ database: usesDatabase(config) ? databaseSettings(config) : undefined }),
  };
}

function routeFacts(config: LoadedConfig, resource: string, route: RouteConfig): RouteFacts {
  const { rateLimit, inFlight, maxBodyMiB, maxHeaderKiB, timeouts, webSocket, access } = route;
  const cors = corsOf(config, route);
  const own = ownOrigins(config);
  return {
    resource,
    route: routeUrl(config, route),
    requestsPerSecond: rateASecond(rateLimit),
    burst: rateLimit.burst,
    inFlight,
    maxBodyMiB,
    maxHeaderKiB,
    timeouts,
    webSocket,
    ...defined({
      cors: cors && {
        foreign: cors.allowedOrigins.filter((origin) => !own.includes(origin)),
        credentials: cors.allowCredentials,
      },
      access: access && {
        sources: access.sources,
        secondProof: access.basicAuth !== undefined || access.forwardAuth !== undefined,
        ...defined({ reason: access.reason }),
      },
    }),
  };
}

function serviceFacts(config: LoadedConfig, name: string, service: ServiceConfig): ServiceFacts {
  const { environment, internal, routes, data, cache, healthCheck } = service;
  const { intervalSeconds, retries, timeoutSeconds } = healthCheck;
  return {
    resource: `${config.name}-${name}`,
    name,
    environment,
    internalByChoice: internal && routes.length > 0 && data === "none" && cache === false,
    hangSeconds: intervalSeconds * retries + timeoutSeconds,
    keyPrefixes: cache === false ? [] : keyPrefixes(name, cache),
  };
}

/** A job ends, and its deadline says when at the latest: nothing asks whether it hangs. */
const jobFacts = (
  config: LoadedConfig,
  name: string,
  { cache, data, environment, internal }: JobConfig,
): ServiceFacts => ({
  resource: `${config.name}-${name}`,
  name,
  environment,
  internalByChoice: internal && data === "none" && cache === false,
  keyPrefixes: cache === false ? [] : keyPrefixes(name, cache),
});

function databaseSettings({ database }: LoadedConfig): DatabaseSettings {
  const { statementTimeoutMs, idleInTransactionTimeoutMs, connectionLimits, elevationMaximumHours, backups } = database;
  const scopes = [...(database.tenancy === undefined ? [] : [database.tenancy]), ...tenancies(database.databases)];
  return {
    statementTimeoutMs,
    idleInTransactionTimeoutMs,
    connections: connectionLimits,
    elevationMaximumHours,
    backups,
    ...defined({
      tenancy: database.tenancy && {
        shared: [...new Set(scopes.flatMap(({ sharedTables = [] }) => sharedTables))].sort(),
        exceptions: scopes.flatMap(({ exceptions }) => exceptions),
      },
    }),
  };
}

const tenancies = (databases: LoadedConfig["database"]["databases"]) =>
  byName(databases).map(([, { tenancy }]) => tenancy);
