. ./superuser.sh
{
  cat <<'SQL'
CREATE TEMPORARY TABLE expected (line text);
COPY expected FROM STDIN (FORMAT csv, QUOTE E'\x01', ESCAPE E'\x01', DELIMITER E'\x02');
SQL
  cat
  cat <<'SQL'
\.
CREATE TEMPORARY TABLE missing AS SELECT line::jsonb ->> 1 AS name FROM expected
  WHERE line::jsonb ->> 0 = 'role' AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = line::jsonb ->> 1);
SELECT format('CREATE ROLE %I NOLOGIN', name) FROM missing \gexec
SELECT name FROM missing ORDER BY name;
SQL
} | sql --dbname=postgres
