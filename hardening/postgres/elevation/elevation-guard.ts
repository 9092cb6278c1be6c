/**
 * The function that the watch calls, which ends what is over. PostgreSQL lets everybody change the password of the role
 * that they act as; without more, whoever is elevated for an hour leaves with the login of a role that has no end. So the
 * function knows digests of the passwords that the stack declares, and one that it does not know is void.
 *
 * The digests stand in a comment on the watch's login: shared by all databases, so that a restore brings no old ones back,
 * and no table, which a dump could not read. What is digested has a random salt and is no password: it may be seen.
 */
import { createHash } from "node:crypto";
import { identifier } from "../server/identifiers";

export const ELEVATED_PREFIX = "elevated_";
/** Logs in to end sessions that are past their time: it may call one function, and nothing else. */
export const ELEVATION_WATCH = "elevation_watch";
/** Where its function is, and where it logs in: no database of the stack's own, which a restore may replace by one from before. */
export const ELEVATION_WATCH_DATABASE = "postgres";
export const ELEVATION_SCHEMA = "rampart";
export const ELEVATION_FUNCTION = `${ELEVATION_SCHEMA}.end_elevations`;

/** Serialises changes of the comment, as roles are updated side by side. */
const LOCK = 4_118_507;

export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const digest = (verifier: string): string => createHash("sha256").update(verifier).digest("hex");

/** The comment on the watch's login; none: nothing is guarded. */
export function passwordsKnown(verifiers: readonly string[]): string {
  return verifiers.length === 0 ? "NULL" : literal(`passwords of roles: ${verifiers.map(digest).sort().join(" ")}`);
}

/** Before a role gets another password from the stack: the watch takes both, until `renderElevationsSql` says which. */
export function renderPasswordAnnouncedSql(verifier: string): string[] {
  return [
    `DO $$
DECLARE known text;
BEGIN
  PERFORM pg_advisory_xact_lock(${LOCK});
  known := (SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = ${literal(ELEVATION_WATCH)});
  IF position(${literal(digest(verifier))} IN known) = 0 THEN EXECUTE format('COMMENT ON ROLE ${ELEVATION_WATCH} IS %L', known || ${literal(` ${digest(verifier)}`)}); END IF;
END $$`,
  ];
}

/**
 * Its owner ends sessions, so that the watch needs no right over anybody's: no pg_signal_backend.
 * @param roles Whose passwords are guarded
 */
export function elevationFunctionSql(roles: readonly string[]): string {
  const guarded = roles.map((role) => literal(identifier("passwords", role)));
  return `CREATE OR REPLACE FUNCTION ${ELEVATION_FUNCTION}() RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
DECLARE
  over record;
  known text := (SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = ${literal(ELEVATION_WATCH)});
  changed name[] := ARRAY(SELECT rolname FROM pg_authid WHERE rolname = ANY (ARRAY[${guarded.join(", ")}]::text[]) AND position(encode(sha256(convert_to(rolpassword, 'UTF8')), 'hex') IN known) = 0 ORDER BY 1);
BEGIN
  PERFORM pg_stat_clear_snapshot();
  -- Sessions first: one that holds a lock on its own role must not be what keeps itself alive.
  FOR over IN
    SELECT a.pid, coalesce(r.rolname, 'a login that was dropped') AS login FROM pg_stat_activity a LEFT JOIN pg_roles r ON r.oid = a.usesysid
    WHERE a.backend_type = 'client backend' AND a.usesysid IS NOT NULL AND a.pid <> pg_backend_pid()
      AND (r.oid IS NULL OR r.rolname = ANY (changed) OR (starts_with(r.rolname, ${literal(ELEVATED_PREFIX)})
        AND (NOT r.rolcanlogin OR r.rolvaliduntil <= clock_timestamp() OR EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid AND g.rolname = ANY (changed)))))
    ORDER BY 2, 1
  LOOP
    IF pg_terminate_backend(over.pid) THEN
      RAISE LOG 'rampart: elevation ended: the session % of % was ended', over.pid, over.login;
      RETURN NEXT format('ended session %s of %s', over.pid, over.login);
    END IF;
  END LOOP;
  -- Said once, whether or not anybody was in: who may not log in is over.
  FOR over IN SELECT rolname AS login FROM pg_roles WHERE starts_with(rolname, ${literal(ELEVATED_PREFIX)}) AND rolcanlogin AND rolvaliduntil <= clock_timestamp() ORDER BY 1 LOOP
    BEGIN
      EXECUTE format('ALTER ROLE %I NOLOGIN', over.login);
      RAISE LOG 'rampart: elevation ended: the time of % is over', over.login;
      RETURN NEXT format('the time of %s is over', over.login);
    EXCEPTION WHEN OTHERS THEN RAISE LOG 'rampart: %: %', over.login, SQLERRM;
    END;
  END LOOP;
  FOR over IN SELECT unnest(changed) AS login LOOP
    BEGIN
      EXECUTE format('ALTER ROLE %I PASSWORD NULL', over.login);
      RAISE LOG 'rampart: the password of % was changed by somebody: it is void until "pulumi up --refresh"', over.login;
      RETURN NEXT format('the changed password of %s is void', over.login);
    EXCEPTION WHEN OTHERS THEN RAISE LOG 'rampart: %: %', over.login, SQLERRM;
    END;
  END LOOP;
END $$`;
}
