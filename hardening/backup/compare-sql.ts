/** Compares two manifests (see manifest-sql.ts) inside of psql, so that a container without any other tool can. */
import { SERVER_KINDS } from "./manifest-sql";

/** Whether the facts of the server (roles, memberships, settings) are compared too. */
export type Scope = "all" | "database";

// A JSON line has no control characters, so these can be neither a quote nor a delimiter by accident.
const COPY_OPTIONS = `(FORMAT csv, QUOTE E'\\x01', ESCAPE E'\\x01', DELIMITER E'\\x02')`;

/** Before the expected manifest's lines. */
export const compareHead = (): string => `\\set QUIET 1
\\set ON_ERROR_STOP 1
\\pset format unaligned
\\pset tuples_only on
SET client_min_messages = warning;
SET statement_timeout = 0;
CREATE TEMPORARY TABLE expected (line text);
CREATE TEMPORARY TABLE found (line text);
COPY expected FROM STDIN ${COPY_OPTIONS};
`;

/** Between the expected manifest's lines and the found one's. */
export const compareMiddle = (): string => `\\.
COPY found FROM STDIN ${COPY_OPTIONS};
`;

/** After the found manifest's lines: writes one JSON object a difference, and at last one with the figures. */
export function compareTail(scope: Scope): string {
  const left = scope === "all" ? "" : ` AND kind NOT IN (${SERVER_KINDS.map((kind) => `'${kind}'`).join(", ")})`;
  return `\\.
CREATE TEMPORARY VIEW e AS SELECT line::jsonb ->> 0 AS kind, line::jsonb ->> 1 AS key, line::jsonb -> 2 AS value FROM expected;
CREATE TEMPORARY VIEW f AS SELECT line::jsonb ->> 0 AS kind, line::jsonb ->> 1 AS key, line::jsonb -> 2 AS value FROM found;
CREATE TEMPORARY VIEW sequences AS
  SELECT b.key, least((b.value ->> 'value')::numeric, (a.value ->> 'value')::numeric) AS low, greatest((b.value ->> 'value')::numeric, (a.value ->> 'value')::numeric) AS high
  FROM e b JOIN e a ON a.kind = 'sequence after' AND a.key = b.key WHERE b.kind = 'sequence before';
CREATE TEMPORARY VIEW differences AS
  SELECT coalesce(e.kind, f.kind) AS what, coalesce(e.key, f.key) AS name, e.value AS expected, f.value AS found
  FROM (SELECT * FROM e WHERE kind <> 'info' AND kind !~ '^sequence '${left}) e
  FULL JOIN (SELECT * FROM f WHERE kind <> 'info' AND kind !~ '^sequence '${left}) f ON e.kind = f.kind AND e.key = f.key
  WHERE e.value IS DISTINCT FROM f.value
  UNION ALL
  SELECT 'sequence', s.key, jsonb_build_object('from', s.low, 'to', s.high), f.value
  FROM sequences s LEFT JOIN f ON f.kind = 'sequence after' AND f.key = s.key
  WHERE f.key IS NULL OR NOT (f.value ->> 'value')::numeric BETWEEN s.low AND s.high
  UNION ALL
  -- A manifest without tables and roles compares well with anything: it is a fault of its own.
  SELECT 'manifest', 'facts', to_jsonb('some'::text), to_jsonb(count(*)) FROM e HAVING count(*) FILTER (WHERE kind IN ('role', 'schema', 'database')) < 3;
SELECT jsonb_build_object('what', what, 'name', name, 'expected', expected, 'found', found)::text FROM differences ORDER BY what, name;
SELECT jsonb_build_object(
  'facts', (SELECT count(*) FROM e),
  'tables', (SELECT count(*) FROM e WHERE kind = 'rows'),
  'rows', (SELECT coalesce(sum((value ->> 'rows')::numeric), 0) FROM e WHERE kind = 'rows'),
  'policies', (SELECT count(*) FROM e WHERE kind = 'policy'),
  'roles', (SELECT count(*) FROM e WHERE kind = 'role'),
  'differences', (SELECT count(*) FROM differences))::text;
`;
}
