import { alphanumericPassword, hostName, portNumber } from "../../values";
import { identifier } from "./identifiers";

/** The server's DNS name on `internal`. */
export const POSTGRES_ALIAS = "postgres";
export const POSTGRES_PORT = 5432;

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
  const login = `${identifier("role", args.role)}:${alphanumericPassword("password", args.password)}`;
  const authority = `${login}@${hostName("host", args.host)}:${portNumber("port", args.port ?? POSTGRES_PORT)}`;
  const parameters = query({
    application_name: args.applicationName,
    sslmode: sslMode,
    sslrootcert: sslMode === "verify-full" ? args.sslRootCert : undefined,
  });
  return `postgresql://${authority}/${identifier("database", args.database)}${parameters}`;
}

function query(parameters: Readonly<Record<string, string | undefined>>): string {
  const pairs = Object.entries(parameters)
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${encodeURIComponent(value)}`]))
    .sort();
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}
