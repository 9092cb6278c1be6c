/** How psql in a container of its own finds the server, and where its files lie: of no secret but the paths. */
import { SERVER_UID } from "../server/user";
import { POSTGRES_ALIAS, POSTGRES_PORT } from "../server/url";
import type { Tmpfs } from "../../container/workload";

/** Where files lie that must be gone with the container. */
const FILES = "/run/rampart";
export const CLIENT_FILES = { passwords: `${FILES}/pgpass`, ca: `${FILES}/ca.pem` } as const;

/** What such a container writes to: only the server's user reads the first. */
export const CLIENT_TMPFS: readonly Tmpfs[] = [
  { path: FILES, sizeMiB: 1, mode: "0700", uid: SERVER_UID, gid: SERVER_UID },
  { path: "/tmp", sizeMiB: 16 },
];

/**
 * libpq's environment: paths and names only.
 * @param tls whether the server takes TLS, and CLIENT_FILES.ca is there to verify it
 * @param applicationName what the server's log shows
 */
export function clientEnvironment(tls: boolean, applicationName: string): Record<string, string> {
  return {
    PGHOST: POSTGRES_ALIAS,
    PGPORT: String(POSTGRES_PORT),
    PGPASSFILE: CLIENT_FILES.passwords,
    PGCONNECT_TIMEOUT: "10",
    PGAPPNAME: applicationName,
    ...(tls ? { PGSSLMODE: "verify-full", PGSSLROOTCERT: CLIENT_FILES.ca } : { PGSSLMODE: "disable" }),
    PSQL_HISTORY: "/dev/null",
    HOME: "/tmp",
  };
}

/** A line of a password file (.pgpass), where `:` and `\` are escaped. */
export function passwordLine(role: string, password: string): string {
  const escaped = password.replace(/[\\:]/g, (character) => `\\${character}`);
  return `*:*:*:${role}:${escaped}\n`;
}
