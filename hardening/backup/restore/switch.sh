. ./superuser.sh
. ./names.sh
trap 'open' EXIT
open() { run <<'SQL'
\ir open.sql
SQL
}
run <<'SQL'
CREATE TEMPORARY TABLE swap AS SELECT max(name) FILTER (WHERE n % 3 = 1) AS live,
    max(name) FILTER (WHERE n % 3 = 2) AS restored, max(name) FILTER (WHERE n % 3 = 0) AS before
  FROM string_to_table(:'names', E'\n') WITH ORDINALITY AS given (name, n) GROUP BY (n - 1) / 3;
SELECT format('ALTER DATABASE %I WITH ALLOW_CONNECTIONS false', live) FROM swap \gexec
SELECT s.live || ' ' || count(pg_terminate_backend(a.pid, 10000)) FROM swap s
  LEFT JOIN pg_stat_activity a ON a.datname IN (s.live, s.restored) GROUP BY s.live ORDER BY s.live;
BEGIN;
SELECT format('ALTER DATABASE %I RENAME TO %I', live, before) FROM swap \gexec
SELECT format('ALTER DATABASE %I RENAME TO %I', restored, live) FROM swap \gexec
COMMIT;
SELECT format('ALTER DATABASE %I WITH ALLOW_CONNECTIONS true', before) FROM swap \gexec
SQL
