. ./superuser.sh
. ./names.sh
run <<'SQL'
\ir open.sql
SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1;
SQL
