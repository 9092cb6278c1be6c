/**
 * The function that the watch calls, which ends what is over. PostgreSQL lets everybody change the password of the role
 * that they act as; without more, whoever is elevated for an hour leaves with the login of a role that has no end. So
 * the function knows digests of the passwords that the stack declares, and one that it does not know is void.
 *
 * The digests stand in a comment on the watch's login: shared by all databases, so that a restore brings no old ones
 * back, and no table, which a dump could not read. What is digested has a random salt and is no password: it may be
 * seen.
 */
import { createHash } from "node:crypto";
import { fileStatement, withParts } from "../../files";
import { identifier } from "../server/identifiers";

export const ELEVATED_PREFIX = "elevated_";
/** Logs in to end sessions that are past their time: it may call one function, and nothing else. */
export const ELEVATION_WATCH = "elevation_watch";
/**
 * Where its function is, and where it logs in: no database of the stack's own, which a restore may replace by one from
 * before.
 */
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
  IF position(${literal(digest(verifier))} IN known) = 0 THEN
    EXECUTE format('COMMENT ON ROLE ${ELEVATION_WATCH} IS %L', known || ${literal(` ${digest(verifier)}`)});
  END IF;
END $$`,
  ];
}

const NO_ROLES = "ARRAY[]::text[]";

/**
 * Creates the function.
 * @param roles Whose passwords are guarded
 */
export function elevationFunctionSql(roles: readonly string[]): string {
  const guarded = roles.map((role) => literal(identifier("passwords", role)));
  return withParts(fileStatement(__dirname, "end-elevations.sql"), {
    [NO_ROLES]: `ARRAY[${guarded.join(", ")}]::text[]`,
  });
}
