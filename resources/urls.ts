/** The URLs by which programs reach the stack's servers: secret, as each holds a password. */
import * as pulumi from "@pulumi/pulumi";
import { databaseNames, databaseVariable, type LoadedConfig } from "../config";
import { SECRETS_PATH } from "../hardening/container/workload";
import { POSTGRES_ALIAS, POSTGRES_PORT, postgresUrl } from "../hardening/postgres/server/url";
import { REDIS_ALIAS, redisUrl } from "../hardening/redis/url";

/** Where the secret DATABASE_CA lies in a container. */
const DATABASE_CA_PATH = `${SECRETS_PATH}/database_ca`;

/** A role of PostgreSQL that can log in. */
export interface Login {
  readonly name: pulumi.Input<string>;
  readonly password: pulumi.Output<string>;
}

/** @param applicationName What PostgreSQL's log and pg_stat_activity show. */
export function databaseUrl(database: string, login: Login, applicationName: string): pulumi.Output<string> {
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

/** The server as postgres_exporter takes it, which has user and password apart: `host:port/database?parameters`. */
export const exporterServer = (database: string): string =>
  `${POSTGRES_ALIAS}:${POSTGRES_PORT}/${database}?` +
  `application_name=monitor&sslmode=verify-full&sslrootcert=${encodeURIComponent(DATABASE_CA_PATH)}`;

/** A login's URL of each of the stack's databases, by its name. */
export function databaseUrls(
  config: LoadedConfig,
  login: Login,
  applicationName: string,
): Record<string, pulumi.Output<string>> {
  return Object.fromEntries(databaseNames(config).map((name) => [name, databaseUrl(name, login, applicationName)]));
}

/** A login's URL of each database, by the variable that leads a migration there. */
export function migrationUrls(config: LoadedConfig, login: Login): Record<string, pulumi.Output<string>> {
  const urls = Object.entries(databaseUrls(config, login, "migration"));
  const variable = (name: string): string => (name === config.database.name ? "DATABASE_URL" : databaseVariable(name));
  return Object.fromEntries(urls.map(([name, url]) => [variable(name), url]));
}

/** A service's URL of Redis, where it is a user of its own. */
export function cacheUrl(
  config: LoadedConfig,
  service: string,
  password: pulumi.Output<string> | undefined,
): pulumi.Output<string> {
  const tls = config.redis.tls;
  const url = password?.apply((text) => redisUrl({ host: REDIS_ALIAS, user: service, password: text, tls }));
  return url ?? pulumi.output("");
}
