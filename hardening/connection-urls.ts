/** Connection URLs for services and jobs. Passwords are alphanumeric, so nothing is ever escaped. */
import { alphanumericPassword, identifier } from "./postgres/server/identifiers";

function host(property: string, value: string): string {
  if (!/^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(value)) {
    throw new Error(`${property}: "${value}" is not a host name or an IPv4 address`);
  }
  return value;
}

function port(property: string, value: number): number {
  if (!Number.isInteger(value) || value < 1 || value > 65_535) {
    throw new Error(`${property}: ${value} is not a port; use 1 to 65535`);
  }
  return value;
}

function query(parameters: Readonly<Record<string, string | undefined>>): string {
  const pairs = Object.entries(parameters)
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${encodeURIComponent(value)}`]))
    .sort();
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}

export interface PostgresUrlArgs {
  readonly host: string;
  /** @default 5432 */
  readonly port?: number;
  readonly database: string;
  readonly role: string;
  readonly password: string;
  /** libpq's sslmode. @default "disable" */
  readonly sslMode?: "disable" | "verify-full";
  /** Path of the CA certificate in the client's container, for verify-full. */
  readonly sslRootCert?: string;
  /** Shown in pg_stat_activity and in the log. */
  readonly applicationName?: string;
}

/** `postgresql://role:password@host:port/database?…` as libpq, node-postgres, JDBC's wrappers and Prisma read it. */
export function postgresUrl(args: PostgresUrlArgs): string {
  const sslMode = args.sslMode ?? "disable";
  if (sslMode === "verify-full" && args.sslRootCert === undefined) {
    throw new Error("sslRootCert: none given; sslMode verify-full needs the path of the CA certificate");
  }
  const authority = `${identifier("role", args.role)}:${alphanumericPassword("password", args.password)}@${host("host", args.host)}`;
  const parameters = query({
    application_name: args.applicationName,
    sslmode: sslMode,
    sslrootcert: sslMode === "verify-full" ? args.sslRootCert : undefined,
  });
  return `postgresql://${authority}:${port("port", args.port ?? 5432)}/${identifier("database", args.database)}${parameters}`;
}

export interface RedisUrlArgs {
  readonly host: string;
  /** @default 6379 */
  readonly port?: number;
  readonly user: string;
  readonly password: string;
  /** Whether to speak TLS (`rediss:`). @default false */
  readonly tls?: boolean;
}

/** `redis://user:password@host:port/0` */
export function redisUrl(args: RedisUrlArgs): string {
  if (!/^[a-z0-9][a-z0-9_-]{0,62}$/.test(args.user)) {
    throw new Error(`user: "${args.user}" is not a name; use lower-case letters, digits, "-" and "_"`);
  }
  const authority = `${args.user}:${alphanumericPassword("password", args.password)}@${host("host", args.host)}`;
  return `${args.tls === true ? "rediss" : "redis"}://${authority}:${port("port", args.port ?? 6379)}/0`;
}
