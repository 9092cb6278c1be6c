/** `postgresql.conf` as data: every setting with the reason for it, sized from the container's memory. */

import { DATABASE_ROLES, SERVICE_ROLES, type DatabaseRole } from "../roles/roles";

export { renderPgHba, type PgHbaArgs } from "./pg-hba";

export interface PostgresSizingArgs {
  /** The container's memory limit in MiB. */
  readonly memoryMiB: number;
  /** The connection limits of all roles that may log in, the superuser apart. */
  readonly connectionLimits: readonly number[];
  /**
   * The limits of those of them whose login a rotation replaces. While it lasts the old and the new login exist side by
   * side, each with the limit; between rotations what an operator opens as the role itself takes the second place. Such
   * connections get a place, but no memory of their own: services that move from one to the other do not work on both.
   * @default none
   */
  readonly rotatingConnectionLimits?: readonly number[];
}

export interface PostgresSizing {
  readonly maxConnections: number;
  /** Of these, the last ones, which only the superuser gets: roles at their limits cannot lock the provider out. */
  readonly superuserReservedConnections: number;
  readonly sharedBuffersMiB: number;
  readonly effectiveCacheSizeMiB: number;
  readonly maintenanceWorkMemMiB: number;
  readonly workMemKiB: number;
  /**
   * What the container's /dev/shm has to hold: parallel queries keep their hash tables there. Docker's own 64 MiB is
   * soon too small.
   */
  readonly shmMiB: number;
  /** The smallest PIDs limit under which every connection can be served. */
  readonly minimumPids: number;
}

/** The provider (up to 4 connections at a time), a backup, an operator and some room. */
export const SUPERUSER_RESERVED_CONNECTIONS = 8;
const MINIMUM_MEMORY_MIB = 128;
const MINIMUM_WORK_MEM_KIB = 1024;
/** A query's sorts and hashes may take several times work_mem: two at a time on every connection have to fit. */
const WORK_MEM_PER_CONNECTION = 2;
/**
 * Postmaster, checkpointer, writers, launchers, three autovacuum and eight parallel workers, the start script, health
 * checks.
 */
const OTHER_PROCESSES = 32;

/**
 * Sizes that fit `memoryMiB` with every connection in use, a rotation's apart.
 * Source: PostgreSQL "Resource Consumption": shared_buffers a quarter of the memory, effective_cache_size up to three
 * quarters; maintenance_work_mem a sixteenth, since three autovacuum workers may take it at once.
 */
export function postgresSizing({
  memoryMiB,
  connectionLimits,
  rotatingConnectionLimits = [],
}: PostgresSizingArgs): PostgresSizing {
  if (!Number.isSafeInteger(memoryMiB) || memoryMiB < MINIMUM_MEMORY_MIB) {
    throw new Error(
      `memoryMiB: ${memoryMiB} is not enough for PostgreSQL; use a whole number, at least ${MINIMUM_MEMORY_MIB}`,
    );
  }
  const wrong = [...connectionLimits, ...rotatingConnectionLimits].find(
    (limit) => !Number.isSafeInteger(limit) || limit < 1,
  );
  if (connectionLimits.length === 0 || wrong !== undefined) {
    throw new Error(
      `connectionLimits: ${wrong ?? "none"} is not allowed; use whole numbers, at least 1, one for each role`,
    );
  }
  const total = (limits: readonly number[]): number => limits.reduce((sum, limit) => sum + limit, 0);
  const usualConnections = total(connectionLimits) + SUPERUSER_RESERVED_CONNECTIONS;
  const maxConnections = usualConnections + total(rotatingConnectionLimits);
  const sharedBuffersMiB = Math.floor(memoryMiB / 4);
  const maintenanceWorkMemMiB = Math.min(1024, Math.floor(memoryMiB / 16));
  const leftKiB = (memoryMiB - sharedBuffersMiB - maintenanceWorkMemMiB) * 1024;
  const workMemKiB = Math.floor(leftKiB / (usualConnections * WORK_MEM_PER_CONNECTION));
  if (workMemKiB < MINIMUM_WORK_MEM_KIB) {
    const neededMiB =
      Math.ceil((MINIMUM_WORK_MEM_KIB * WORK_MEM_PER_CONNECTION * usualConnections * 16) / (11 * 1024)) + 2;
    throw new Error(
      `memoryMiB: ${memoryMiB} is not enough for ${usualConnections} connections; ` +
        `give PostgreSQL at least ${neededMiB}, or lower the roles' connection limits`,
    );
  }
  return {
    maxConnections,
    superuserReservedConnections: SUPERUSER_RESERVED_CONNECTIONS,
    sharedBuffersMiB,
    effectiveCacheSizeMiB: Math.floor((memoryMiB * 3) / 4),
    maintenanceWorkMemMiB,
    workMemKiB,
    shmMiB: Math.max(64, Math.floor(memoryMiB / 4)),
    minimumPids: maxConnections + OTHER_PROCESSES,
  };
}

/** The sizes of a stack's server, whose roles have these limits. */
export function stackSizing(memoryMiB: number, limits: Readonly<Record<DatabaseRole, number>>): PostgresSizing {
  return postgresSizing({
    memoryMiB,
    connectionLimits: DATABASE_ROLES.map((role) => limits[role]),
    rotatingConnectionLimits: SERVICE_ROLES.map((role) => limits[role]),
  });
}

export interface PostgresTls {
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** Forward secrecy and authenticated encryption, for the ECDSA keys that certificates.ts makes. */
const SSL_CIPHERS = [
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
].join(":");

export interface PostgresSettingsArgs {
  readonly sizing: PostgresSizing;
  /** Addresses of the server's own. @default every one that the container has */
  readonly listenAddresses?: readonly string[];
  /** @default off: connections are in clear on the internal network */
  readonly tls?: PostgresTls;
  /** Milliseconds that a statement waits for a lock. @default 10000 */
  readonly lockTimeoutMs?: number;
  /** Milliseconds of idling in a transaction, for whoever has no limit of its own. @default 600000 */
  readonly idleInTransactionSessionTimeoutMs?: number;
  /** MiB of temporary files per session: one bad report does not fill the data volume. @default 4096 */
  readonly tempFileLimitMiB?: number;
  /** Statements slower than this many milliseconds are logged, without their parameters. @default 1000 */
  readonly logMinDurationStatementMs?: number;
}

export interface PostgresSetting {
  readonly name: string;
  readonly value: string | number | boolean;
  readonly why: string;
}

function tlsSettings(tls: PostgresTls | undefined): PostgresSetting[] {
  if (tls === undefined) {
    return [{ name: "ssl", value: false, why: "no certificates are mounted" }];
  }
  return [
    { name: "ssl", value: true, why: "pg_hba.conf takes only hostssl" },
    {
      name: "ssl_ciphers",
      value: SSL_CIPHERS,
      why: "CIS PostgreSQL, weak ciphers: for TLS 1.2, should somebody take it back; TLS 1.3 has suites of its own",
    },
    { name: "ssl_cert_file", value: tls.certificateFile, why: "the stack's own CA signed it" },
    { name: "ssl_key_file", value: tls.keyFile, why: "readable only by the server's user" },
    { name: "ssl_min_protocol_version", value: "TLSv1.3", why: "every client of this stack speaks it" },
  ];
}

/** All settings, sorted by name. What is not here keeps PostgreSQL's default. */
export function postgresSettings(args: PostgresSettingsArgs): PostgresSetting[] {
  const { sizing } = args;
  const settings: PostgresSetting[] = [
    {
      name: "auth_delay.milliseconds",
      value: 500,
      why: "CIS PostgreSQL, authentication delay: guessing passwords is slow",
    },
    { name: "authentication_timeout", value: "30s", why: "who connects and says nothing holds a place, for this long" },
    { name: "autovacuum_work_mem", value: -1, why: "maintenance_work_mem is sized for it" },
    {
      name: "client_connection_check_interval",
      value: "10s",
      why: "a query whose client is gone ends, and lets go of its locks",
    },
    {
      name: "dynamic_shared_memory_type",
      value: "posix",
      why: "/dev/shm is writable and sized even under a read-only root",
    },
    {
      name: "effective_cache_size",
      value: `${sizing.effectiveCacheSizeMiB}MB`,
      why: "three quarters of the container's memory",
    },
    { name: "huge_pages", value: false, why: "a container cannot reserve them" },
    {
      name: "idle_in_transaction_session_timeout",
      value: args.idleInTransactionSessionTimeoutMs ?? 600_000,
      why: "an abandoned transaction holds locks and stops vacuum; roles have shorter ones",
    },
    {
      name: "listen_addresses",
      value: (args.listenAddresses ?? ["*"]).join(","),
      why: "loopback, for health checks, and the address on the internal network; pg_hba.conf decides who",
    },
    {
      name: "lock_timeout",
      value: args.lockTimeoutMs ?? 10_000,
      why: "a migration that waits for a lock blocks everyone behind it",
    },
    { name: "log_checkpoints", value: true, why: "explains stalls" },
    { name: "log_connections", value: true, why: "CIS PostgreSQL, logging: who came in" },
    { name: "log_destination", value: "stderr", why: "the container's log" },
    { name: "log_disconnections", value: true, why: "CIS PostgreSQL, logging: and left" },
    { name: "log_error_verbosity", value: "verbose", why: "CIS PostgreSQL, logging: SQLSTATE and place, to search by" },
    { name: "log_hostname", value: false, why: "CIS PostgreSQL, logging: a name server is slow, and can be wrong" },
    {
      name: "log_line_prefix",
      value: "%m [%p]: [%l-1] db=%d,user=%u,app=%a,client=%h ",
      why: "CIS PostgreSQL, logging: who, where from, when",
    },
    { name: "log_lock_waits", value: true, why: "names the blocker" },
    { name: "log_min_duration_statement", value: args.logMinDurationStatementMs ?? 1_000, why: "slow statements" },
    { name: "log_parameter_max_length", value: 0, why: "parameters are users' data" },
    { name: "log_parameter_max_length_on_error", value: 0, why: "parameters are users' data" },
    {
      name: "log_replication_commands",
      value: true,
      why: "CIS PostgreSQL, replication: there is none, so each is news",
    },
    {
      name: "log_statement",
      value: "ddl",
      why: "CIS PostgreSQL, logging: every change of structure or role; passwords arrive as SCRAM verifiers",
    },
    { name: "log_timezone", value: "UTC", why: "one clock for all logs" },
    { name: "logging_collector", value: false, why: "Docker collects and rotates" },
    {
      name: "maintenance_work_mem",
      value: `${sizing.maintenanceWorkMemMiB}MB`,
      why: "a sixteenth of the container's memory",
    },
    {
      name: "max_connections",
      value: sizing.maxConnections,
      why: "the roles' limits together, those of services twice for a rotation, and the superuser's reserve",
    },
    { name: "password_encryption", value: "scram-sha-256", why: "never md5" },
    {
      name: "session_preload_libraries",
      value: "passwordcheck",
      why: "CIS PostgreSQL, password complexity: for passwords that a person sets; Rampart's own arrive as verifiers",
    },
    { name: "shared_buffers", value: `${sizing.sharedBuffersMiB}MB`, why: "a quarter of the container's memory" },
    { name: "shared_memory_type", value: "mmap", why: "needs nothing of the host's IPC" },
    {
      name: "shared_preload_libraries",
      value: "auth_delay",
      why: "comes with PostgreSQL's contrib, as passwordcheck does",
    },
    { name: "statement_timeout", value: 0, why: "set for each role; the superuser's backups and upgrades have none" },
    {
      name: "superuser_reserved_connections",
      value: sizing.superuserReservedConnections,
      why: "roles at their limits leave the provider a way in",
    },
    { name: "tcp_keepalives_count", value: 6, why: "two minutes after a host or a container vanished," },
    { name: "tcp_keepalives_idle", value: 60, why: "its connections end, and count against no role's limit;" },
    { name: "tcp_keepalives_interval", value: 10, why: "the kernel's own two hours are too long" },
    {
      name: "temp_file_limit",
      value: `${args.tempFileLimitMiB ?? 4096}MB`,
      why: "one bad query does not fill the data volume",
    },
    { name: "timezone", value: "UTC", why: "one clock for all sessions" },
    { name: "unix_socket_directories", value: "/var/run/postgresql", why: "the tmpfs of the container" },
    { name: "unix_socket_permissions", value: "0700", why: "only the server's own user" },
    {
      name: "work_mem",
      value: `${sizing.workMemKiB}kB`,
      why: "two sorts or hashes on every connection of one generation of logins fit the container",
    },
    ...tlsSettings(args.tls),
  ];
  return settings.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function literal(value: PostgresSetting["value"]): string {
  if (typeof value === "boolean") return value ? "on" : "off";
  return typeof value === "number" ? String(value) : `'${value.replaceAll("'", "''")}'`;
}

export function renderPostgresqlConf(settings: readonly PostgresSetting[]): string {
  const lines = settings.flatMap(({ name, value, why }) => [`# ${why}`, `${name} = ${literal(value)}`]);
  return [
    "# Written by Rampart. Mounted read-only; the postgresql.conf in the data directory is not read.",
    ...lines,
    "",
  ].join("\n");
}
