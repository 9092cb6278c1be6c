\.
CREATE TEMPORARY VIEW e AS SELECT line::jsonb ->> 0 AS kind, line::jsonb ->> 1 AS key, line::jsonb -> 2 AS value
  FROM expected;
CREATE TEMPORARY VIEW f AS SELECT line::jsonb ->> 0 AS kind, line::jsonb ->> 1 AS key, line::jsonb -> 2 AS value
  FROM found;
CREATE TEMPORARY VIEW sequences AS
  SELECT b.key, least((b.value ->> 'value')::numeric, (a.value ->> 'value')::numeric) AS low,
    greatest((b.value ->> 'value')::numeric, (a.value ->> 'value')::numeric) AS high
  FROM e b JOIN e a ON a.kind = 'sequence after' AND a.key = b.key WHERE b.kind = 'sequence before';
CREATE TEMPORARY VIEW differences AS
  SELECT coalesce(e.kind, f.kind) AS what, coalesce(e.key, f.key) AS name, e.value AS expected, f.value AS found
  FROM (SELECT * FROM e WHERE kind <> 'info' AND kind !~ '^sequence ') e
  FULL JOIN (SELECT * FROM f WHERE kind <> 'info' AND kind !~ '^sequence ') f ON e.kind = f.kind AND e.key = f.key
  WHERE e.value IS DISTINCT FROM f.value
  UNION ALL
  SELECT 'sequence', s.key, jsonb_build_object('from', s.low, 'to', s.high), f.value
  FROM sequences s LEFT JOIN f ON f.kind = 'sequence after' AND f.key = s.key
  WHERE f.key IS NULL OR NOT (f.value ->> 'value')::numeric BETWEEN s.low AND s.high
  UNION ALL
  -- A manifest without tables and roles compares well with anything: it is a fault of its own.
  SELECT 'manifest', 'facts', to_jsonb('some'::text), to_jsonb(count(*)) FROM e
    HAVING count(*) FILTER (WHERE kind IN ('role', 'schema', 'database')) < 3;
SELECT jsonb_build_object('what', what, 'name', name, 'expected', expected, 'found', found)::text FROM differences
  ORDER BY what, name;
SELECT jsonb_build_object(
  'facts', (SELECT count(*) FROM e),
  'tables', (SELECT count(*) FROM e WHERE kind = 'rows'),
  'rows', (SELECT coalesce(sum((value ->> 'rows')::numeric), 0) FROM e WHERE kind = 'rows'),
  'policies', (SELECT count(*) FROM e WHERE kind = 'policy'),
  'roles', (SELECT count(*) FROM e WHERE kind = 'role'),
  'differences', (SELECT count(*) FROM differences))::text;
