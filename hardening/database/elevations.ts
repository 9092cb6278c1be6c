/**
 * Elevated access that ends by itself: the SQL that makes a server's elevated logins those of the configuration, and the
 * loop that ends their sessions. `VALID UNTIL` ends the password alone: whoever is in stays in.
 */
import { identifier, quoted } from "./identifiers";

export const ELEVATED_PREFIX = "elevated_";
/** Logs in to end sessions that are past their time: it may call one function, and nothing else. */
export const ELEVATION_WATCH = "elevation_watch";
/** Seconds between two looks. */
export const ELEVATION_WATCH_SECONDS = 5;
/** Sessions of one person at a time. */
const CONNECTION_LIMIT = 3;
const SCHEMA = "rampart";
const FUNCTION = `${SCHEMA}.end_elevations`;

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
  /** The first database of the stack, which the watch logs in to. */
  readonly database: string;
  readonly superuser: string;
  readonly elevations: readonly Elevation[];
  /** SCRAM verifiers by login: of every elevated login, and of the watch where there are any. */
  readonly verifiers: Readonly<Record<string, string>>;
}

export const elevatedLogin = ({ who }: Pick<Elevation, "who">): string => identifier("who", `${ELEVATED_PREFIX}${who}`);

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
/** One line of the log: a reason is free text. */
const printable = (text: string): string => text.replaceAll(/\s+/g, " ");

/** Whether an elevation is over. */
export const isOver = ({ until }: Pick<Elevation, "until">, now: Date): boolean => Date.parse(until) <= now.getTime();

/**
 * For each of the stack's databases, before `renderElevationsSql`: what a login that is not declared any more made there
 * goes to the role that it was for. DROP ROLE would otherwise refuse.
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
    ...elevations.flatMap((elevation) => elevationStatements(elevation, verifierOf(args, elevatedLogin(elevation)))),
    ...(elevations.length === 0 ? watchRemoval() : watchStatements(args)),
  ];
}

/** Elevated logins that are not declared, each with the role that inherits what it made. */
function staleLogins(elevations: readonly Elevation[]): string {
  const declared = elevations.map((elevation) => literal(elevatedLogin(elevation)));
  return `SELECT r.rolname, coalesce((SELECT g.rolname FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid LIMIT 1), 'migrator') AS heir
    FROM pg_roles r WHERE starts_with(r.rolname, ${literal(ELEVATED_PREFIX)}) AND r.rolname <> ALL (ARRAY[${declared.join(", ")}]::text[])`;
}

function verifierOf(args: ElevationsSqlArgs, login: string): string {
  const verifier = args.verifiers[login];
  if (verifier === undefined || !/^SCRAM-SHA-256\$\d+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+$/.test(verifier)) throw new Error(`verifiers.${login}: has to be a SCRAM-SHA-256 verifier`);
  return verifier;
}

function elevationStatements(elevation: Elevation, verifier: string): string[] {
  const login = elevatedLogin(elevation);
  const name = quoted(login);
  const role = quoted(identifier("role", elevation.role));
  const until = literal(new Date(elevation.until).toISOString());
  const announced = literal(printable(`${login} may act as ${elevation.role} until ${new Date(elevation.until).toISOString()}: ${elevation.reason}`));
  return [
    createIfMissing(login),
    `ALTER ROLE ${name} WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS INHERIT CONNECTION LIMIT ${CONNECTION_LIMIT} PASSWORD '${verifier}' VALID UNTIL ${until}`,
    // Another role than before: the membership of the former ends, and with it what sessions had through it.
    `DO $$
DECLARE former record;
BEGIN
  FOR former IN SELECT g.rolname FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = ${literal(login)}::regrole AND g.rolname <> ${literal(elevation.role)} LOOP
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

function createIfMissing(login: string): string {
  return `DO $$ BEGIN IF to_regrole(${literal(login)}) IS NULL THEN CREATE ROLE ${quoted(login)}; END IF; END $$`;
}

function watchStatements(args: ElevationsSqlArgs): string[] {
  const watch = quoted(ELEVATION_WATCH);
  const superuser = quoted(identifier("superuser", args.superuser));
  return [
    createIfMissing(ELEVATION_WATCH),
    `ALTER ROLE ${watch} WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS INHERIT CONNECTION LIMIT 2 PASSWORD '${verifierOf(args, ELEVATION_WATCH)}' VALID UNTIL 'infinity'`,
    `CREATE SCHEMA IF NOT EXISTS ${SCHEMA}`,
    `ALTER SCHEMA ${SCHEMA} OWNER TO ${superuser}`,
    `REVOKE ALL ON SCHEMA ${SCHEMA} FROM PUBLIC`,
    // Its owner ends sessions, so that the watch needs no right over anybody's: no pg_signal_backend.
    `CREATE OR REPLACE FUNCTION ${FUNCTION}() RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE over record;
BEGIN
  PERFORM pg_stat_clear_snapshot();
  FOR over IN
    SELECT a.pid, coalesce(r.rolname, 'a login that was dropped') AS login FROM pg_stat_activity a LEFT JOIN pg_roles r ON r.oid = a.usesysid
    WHERE a.backend_type = 'client backend' AND a.usesysid IS NOT NULL AND a.pid <> pg_backend_pid()
      AND (r.oid IS NULL OR (starts_with(r.rolname, ${literal(ELEVATED_PREFIX)}) AND (NOT r.rolcanlogin OR r.rolvaliduntil <= clock_timestamp())))
  LOOP
    IF pg_terminate_backend(over.pid) THEN
      RAISE LOG 'rampart: elevation ended: the session % of % was ended', over.pid, over.login;
      RETURN NEXT format('ended session %s of %s', over.pid, over.login);
    END IF;
  END LOOP;
END $$`,
    `ALTER FUNCTION ${FUNCTION}() OWNER TO ${superuser}`,
    `REVOKE ALL ON FUNCTION ${FUNCTION}() FROM PUBLIC`,
    `GRANT CONNECT ON DATABASE ${quoted(identifier("database", args.database))} TO ${watch}`,
    `GRANT USAGE ON SCHEMA ${SCHEMA} TO ${watch}`,
    `GRANT EXECUTE ON FUNCTION ${FUNCTION}() TO ${watch}`,
  ];
}

function watchRemoval(): string[] {
  return [
    `DROP FUNCTION IF EXISTS ${FUNCTION}()`,
    `DO $$ BEGIN IF to_regrole('${ELEVATION_WATCH}') IS NOT NULL THEN
  PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${ELEVATION_WATCH}';
  DROP OWNED BY ${ELEVATION_WATCH};
  DROP ROLE ${ELEVATION_WATCH};
END IF; END $$`,
  ];
}

/** The watch's loop, in one session: a login every few seconds would fill the server's log. */
export const ELEVATION_WATCH_SQL = `DO $$
DECLARE ended text;
BEGIN
  LOOP
    FOR ended IN SELECT ${FUNCTION}() LOOP RAISE NOTICE '%', ended; END LOOP;
    RAISE NOTICE 'looked';
    COMMIT;
    PERFORM pg_sleep(${ELEVATION_WATCH_SECONDS});
  END LOOP;
END $$`;

/** Where the watch notes that it looked; its health check reads the time of it. */
const HEARTBEAT = "/tmp/looked";

/** The watch's container: a POSIX sh script that never ends, and connects again when the server comes back. */
export function elevationWatchScript(urlFile: string): string {
  return `#!/bin/sh
# Written by Rampart. Ends the sessions of elevations that are over.
set -u
trap 'kill $! 2>/dev/null; exit 0' INT TERM

watch() {
  PGCONNECT_TIMEOUT=10 PGOPTIONS='-c statement_timeout=0' psql --no-psqlrc --quiet --dbname="$(cat ${urlFile})" 2>&1 <<'SQL' |
${ELEVATION_WATCH_SQL};
SQL
    while read -r line; do
      case $line in
        *'NOTICE:  looked') : >${HEARTBEAT} ;;
        *) printf '%s\\n' "$line" ;;
      esac
    done
}

while :; do
  watch &
  wait $!
  sleep 2
done
`;
}

/** Docker's form: unhealthy when it has not looked for half a minute. */
export const ELEVATION_WATCH_HEALTH_CHECK: readonly string[] = ["CMD-SHELL", `[ $(( $(date +%s) - $(stat -c %Y ${HEARTBEAT}) )) -lt 30 ]`];
