/** How the Postgres container starts: start.sh, in front of the official image's own entrypoint. */
import { SECRETS_PATH } from "../../container/workload";
import { fileText, withParts } from "../../files";
import { POSTGRES_PORT } from "./url";

/** Where the container finds what Rampart mounts. */
export const POSTGRES_PATHS = {
  config: "/etc/rampart/postgresql.conf",
  start: "/etc/rampart/start.sh",
  reload: "/etc/rampart/reload.sh",
  data: "/var/lib/postgresql/data",
  /** The server's own tmpfs: its socket, and what of the live files only its user may read. */
  socket: "/var/run/postgresql",
  /** What may change while the server runs: see reload.sh. */
  live: SECRETS_PATH,
  hba: "/var/run/postgresql/pg_hba.conf",
  certificate: "/var/run/postgresql/server.crt",
  key: "/var/run/postgresql/server.key",
} as const;

/** The files of the live volume. */
export const POSTGRES_LIVE_FILES = {
  hba: "pg_hba.conf",
  password: "postgres_password",
  certificate: "server.crt",
  key: "server.key",
  ca: "ca.crt",
} as const;
/** POSTGRES_INITDB_ARGS: scram from the first second on, and pages that tell when the disk lied. */
export const POSTGRES_INITDB_ARGS = "--auth-host=scram-sha-256 --auth-local=scram-sha-256 --data-checksums";

/**
 * Docker's form. Over TCP, since the socket also answers while the image still initialises; named, since the default
 * user name would be looked up in /etc/passwd.
 */
export function postgresHealthCheck(superuser: string): readonly string[] {
  return [
    "CMD",
    "pg_isready",
    "--quiet",
    "--host=127.0.0.1",
    `--port=${POSTGRES_PORT}`,
    `--username=${superuser}`,
    "--dbname=postgres",
  ];
}

export interface PostgresStartScriptArgs {
  /** @default POSTGRES_PATHS.config */
  readonly configFile?: string;
  /** @default POSTGRES_PATHS.live */
  readonly liveDirectory?: string;
  /** @default POSTGRES_PATHS.socket */
  readonly runDirectory?: string;
}

export function plainPath(property: string, value: string): string {
  if (!/^\/[A-Za-z0-9_./-]+$/.test(value)) {
    throw new Error(`${property}: "${value}" is not a plain absolute path`);
  }
  return value;
}

/** The script; a stack's is the file as it is. */
export const postgresStartScript = (args: PostgresStartScriptArgs = {}): string =>
  withParts(fileText(__dirname, "start.sh"), {
    [POSTGRES_PATHS.config]: plainPath("configFile", args.configFile ?? POSTGRES_PATHS.config),
    [POSTGRES_PATHS.live]: plainPath("liveDirectory", args.liveDirectory ?? POSTGRES_PATHS.live),
    [POSTGRES_PATHS.socket]: plainPath("runDirectory", args.runDirectory ?? POSTGRES_PATHS.socket),
  });
