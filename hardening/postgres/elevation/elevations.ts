/**
 * Elevated access that ends by itself: the SQL that makes a server's elevated logins those of the configuration, and
 * the loop that ends their sessions. `VALID UNTIL` ends only the password: a session that is open stays open.
 */
import { fileStatement, fileText } from "../../files";
import type { RoleSpec } from "../roles/roles";
import { identifier, quoted } from "../server/identifiers";
import {
  ELEVATED_PREFIX,
  ELEVATION_FUNCTION,
  ELEVATION_SCHEMA,
  ELEVATION_WATCH,
  elevationFunctionSql,
  literal,
  passwordsKnown,
} from "./elevation-guard";
import { isScramVerifier } from "../roles/scram";

export { ELEVATED_PREFIX, ELEVATION_WATCH, ELEVATION_WATCH_DATABASE } from "./elevation-guard";
/** Sessions of one person at a time. */
const CONNECTION_LIMIT = 3;
/** Milliseconds for a session to end. */
const SESSION_END_MS = 5000;

export interface Elevation {
  /** The person: the login is `elevated_<who>`. */
  readonly who: string;
  /** Whose rights the login has. */
  readonly role: string;
  /** ISO 8601 with a zone. */
  readonly until: string;
  readonly reason: string;
}

export interface ElevationsSqlArgs {
  /** The one that the watch logs in to, in which the statements run: see ELEVATION_WATCH_DATABASE. */
  readonly database: string;
  readonly superuser: string;
  readonly elevations: readonly Elevation[];
  /** SCRAM verifiers by login: of every elevated login, and of the watch where there are any. */
  readonly verifiers: Readonly<Record<string, string>>;
  /**
   * The roles' own verifiers, by role: whoever is elevated may change them, and the watch makes such a change void.
   * @default unguarded
   */
  readonly passwords?: Readonly<Record<string, string>>;
  /** Whose search path and time limits an elevated session starts with. @default the server's */
  readonly roles?: readonly Pick<
    RoleSpec,
    "name" | "searchPaths" | "statementTimeoutMs" | "idleInTransactionSessionTimeoutMs"
  >[];
}

export const elevatedLogin = ({ who }: Pick<Elevation, "who">): string => identifier("who", `${ELEVATED_PREFIX}${who}`);

/** One line of the log: a reason is free text. */
const printable = (text: string): string => text.replaceAll(/\s+/g, " ");

/** Whether an elevation is over. */
export const isOver = ({ until }: Pick<Elevation, "until">, now: Date): boolean => Date.parse(until) <= now.getTime();

/**
 * Before all else, each a transaction of its own: sessions of whoever is not declared any more, or for another role,
 * end, and nobody gets in again. One that began in between, or that holds locks, would be in the way of the rest.
 */
export function renderElevationEndSql(elevations: readonly Elevation[]): string[][] {
  const declared = elevations.map((elevation) => `(${literal(elevatedLogin(elevation))}, ${literal(elevation.role)})`);
  const stale = `starts_with(r.rolname, ${literal(ELEVATED_PREFIX)})${
    declared.length === 0
      ? ""
      : `
    AND NOT EXISTS (SELECT FROM (VALUES ${declared.join(", ")}) declared (login, role)
      JOIN pg_roles g ON g.rolname = declared.role
      JOIN pg_auth_members m ON m.roleid = g.oid WHERE m.member = r.oid AND declared.login = r.rolname)`
  }`;
  const endSessions = `DO $$
DECLARE stale record;
BEGIN
  FOR stale IN SELECT a.pid, r.rolname FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid WHERE ${stale} LOOP
    PERFORM pg_terminate_backend(stale.pid, ${SESSION_END_MS});
    RAISE LOG 'rampart: elevation ended: the session % of % was ended', stale.pid, stale.rolname;
  END LOOP;
END $$`;
  return [
    [
      endSessions,
      `DO $$
DECLARE stale record;
BEGIN
  FOR stale IN SELECT r.rolname FROM pg_roles r WHERE ${stale} AND r.rolcanlogin LOOP
    EXECUTE format('ALTER ROLE %I NOLOGIN', stale.rolname);
  END LOOP;
  -- What somebody did with the password of a role ends here, too.
  IF to_regprocedure('${ELEVATION_FUNCTION}()') IS NOT NULL THEN PERFORM ${ELEVATION_FUNCTION}(); END IF;
END $$`,
    ],
    [endSessions],
  ];
}

/**
 * For each of the stack's databases, before `renderElevationsSql`: what a login that is not declared any more made
 * there goes to the role that it was for. DROP ROLE would otherwise refuse.
 */
export function renderElevationOwnershipSql(elevations: readonly Elevation[]): string[] {
  return [
    `DO $$
DECLARE stale record;
BEGIN
  FOR stale IN ${staleLogins(elevations)} LOOP
    EXECUTE format('REASSIGN OWNED BY %I TO %I', stale.rolname, stale.heir);
    EXECUTE format('DROP OWNED BY %I', stale.rolname);
  END LOOP;
END $$`,
  ];
}

/** Makes the elevated logins exactly those given. Everything that begins or ends is a line of the server's log. */
export function renderElevationsSql(args: ElevationsSqlArgs): string[] {
  const { elevations } = args;
  return [
    `DO $$
DECLARE stale record;
BEGIN
  FOR stale IN ${staleLogins(elevations)} LOOP
    EXECUTE format('ALTER ROLE %I NOLOGIN', stale.rolname);
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = stale.rolname;
    EXECUTE format('DROP ROLE %I', stale.rolname);
    RAISE LOG 'rampart: elevation ended: % is not declared any more', stale.rolname;
  END LOOP;
END $$`,
    ...elevations.flatMap((elevation) => [
      ...elevationStatements(elevation, verifierOf(args, elevatedLogin(elevation))),
      ...sessionSettings(args, elevation),
    ]),
    ...(elevations.length === 0 ? watchRemoval() : watchStatements(args)),
  ];
}

/** Elevated logins that are not declared, each with the role that inherits what it made. */
function staleLogins(elevations: readonly Elevation[]): string {
  const declared = elevations.map((elevation) => literal(elevatedLogin(elevation)));
  return `SELECT r.rolname, coalesce((SELECT g.rolname FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
      WHERE m.member = r.oid LIMIT 1), 'migrator') AS heir
    FROM pg_roles r WHERE starts_with(r.rolname, ${literal(ELEVATED_PREFIX)})
      AND r.rolname <> ALL (ARRAY[${declared.join(", ")}]::text[])`;
}

function verifierOf(args: ElevationsSqlArgs, login: string): string {
  const verifier = args.verifiers[login];
  if (verifier === undefined || !isScramVerifier(verifier))
    throw new Error(`verifiers.${login}: has to be a SCRAM-SHA-256 verifier`);
  return verifier;
}

function elevationStatements(elevation: Elevation, verifier: string): string[] {
  const login = elevatedLogin(elevation);
  const name = quoted(login);
  const role = quoted(identifier("role", elevation.role));
  const until = literal(new Date(elevation.until).toISOString());
  const announced = literal(
    printable(
      `${login} may act as ${elevation.role} until ${new Date(elevation.until).toISOString()}: ${elevation.reason}`,
    ),
  );
  return [
    createIfMissing(login),
    `ALTER ROLE ${name} WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS INHERIT ` +
      `CONNECTION LIMIT ${CONNECTION_LIMIT} PASSWORD '${verifier}' VALID UNTIL ${until}`,
    // Another role than before: the membership of the former ends, and with it what sessions had through it.
    `DO $$
DECLARE former record;
BEGIN
  FOR former IN SELECT g.rolname FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
    WHERE m.member = ${literal(login)}::regrole AND g.rolname <> ${literal(elevation.role)} LOOP
    EXECUTE format('REVOKE %I FROM %I', former.rolname, ${literal(login)});
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ${literal(login)};
  END LOOP;
END $$`,
    `GRANT ${role} TO ${name}`,
    // What it makes belongs to the role, and every statement of it is in the log: a setting that it cannot change.
    `ALTER ROLE ${name} SET role TO ${role}`,
    `ALTER ROLE ${name} SET log_statement TO 'all'`,
    `COMMENT ON ROLE ${name} IS ${announced}`,
    `DO $$ BEGIN RAISE LOG 'rampart: elevation granted: %', ${announced}; END $$`,
  ];
}

/** They go by the login, and not by the role that it becomes. */
function sessionSettings({ roles = [] }: ElevationsSqlArgs, elevation: Elevation): string[] {
  const name = quoted(elevatedLogin(elevation));
  return roles
    .filter((role) => role.name === elevation.role)
    .flatMap((role) => [
      ...(role.searchPaths.length === 0
        ? []
        : [
            `ALTER ROLE ${name} SET search_path TO ` +
              `${role.searchPaths.map((path) => quoted(identifier("searchPaths", path))).join(", ")}`,
          ]),
      `ALTER ROLE ${name} SET statement_timeout TO ${role.statementTimeoutMs}`,
      `ALTER ROLE ${name} SET idle_in_transaction_session_timeout TO ${role.idleInTransactionSessionTimeoutMs}`,
    ]);
}

function createIfMissing(login: string): string {
  return `DO $$ BEGIN IF to_regrole(${literal(login)}) IS NULL THEN CREATE ROLE ${quoted(login)}; END IF; END $$`;
}

function watchStatements(args: ElevationsSqlArgs): string[] {
  const watch = quoted(ELEVATION_WATCH);
  const superuser = quoted(identifier("superuser", args.superuser));
  return [
    createIfMissing(ELEVATION_WATCH),
    `ALTER ROLE ${watch} WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS INHERIT ` +
      `CONNECTION LIMIT 2 PASSWORD '${verifierOf(args, ELEVATION_WATCH)}' VALID UNTIL 'infinity'`,
    `CREATE SCHEMA IF NOT EXISTS ${ELEVATION_SCHEMA}`,
    `ALTER SCHEMA ${ELEVATION_SCHEMA} OWNER TO ${superuser}`,
    `REVOKE ALL ON SCHEMA ${ELEVATION_SCHEMA} FROM PUBLIC`,
    elevationFunctionSql(Object.keys(args.passwords ?? {})),
    `COMMENT ON ROLE ${watch} IS ${passwordsKnown(Object.values(args.passwords ?? {}))}`,
    `ALTER FUNCTION ${ELEVATION_FUNCTION}() OWNER TO ${superuser}`,
    `REVOKE ALL ON FUNCTION ${ELEVATION_FUNCTION}() FROM PUBLIC`,
    `GRANT CONNECT ON DATABASE ${quoted(identifier("database", args.database))} TO ${watch}`,
    `GRANT USAGE ON SCHEMA ${ELEVATION_SCHEMA} TO ${watch}`,
    `GRANT EXECUTE ON FUNCTION ${ELEVATION_FUNCTION}() TO ${watch}`,
  ];
}

function watchRemoval(): string[] {
  return [
    `DROP FUNCTION IF EXISTS ${ELEVATION_FUNCTION}()`,
    `DO $$ BEGIN IF to_regrole('${ELEVATION_WATCH}') IS NOT NULL THEN
  PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${ELEVATION_WATCH}';
  DROP OWNED BY ${ELEVATION_WATCH};
  DROP ROLE ${ELEVATION_WATCH};
END IF; END $$`,
  ];
}

/** The watch's loop, which never ends. */
export const ELEVATION_WATCH_SQL = fileStatement(__dirname, "watch.sql");

/** Where the watch notes that it looked; its health check reads the time of it. */
const HEARTBEAT = "/tmp/looked";

/** What the watch's container runs; it finds the URL of its login as /run/secrets/watch_url. */
export const elevationWatchScript = (): string => fileText(__dirname, "watch.sh");

/** Docker's form: unhealthy when it has not looked for half a minute. */
export const ELEVATION_WATCH_HEALTH_CHECK: readonly string[] = [
  "CMD-SHELL",
  `[ $(( $(date +%s) - $(stat -c %Y ${HEARTBEAT}) )) -lt 30 ]`,
];
