## Runs the SQL on its standard input in the old server's own container, in a session that may write although the
## databases are read-only.
PGPASSWORD=$(cat /run/secrets/postgres_password)
export PGPASSWORD PGOPTIONS='-c default_transaction_read_only=off'
exec psql -X -q -A -t -v ON_ERROR_STOP=1 -h 127.0.0.1 -U "$POSTGRES_USER" -d postgres
