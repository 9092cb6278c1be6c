## What every script begins with: the superuser's password from the mounted file, over TCP on the container's own
## loopback. default_transaction_read_only=off is for this session only; the databases stay read-only for everyone else.
set -eu
umask 077
printf '*:*:*:%s:%s\n' "$POSTGRES_USER" "$(cat /run/secrets/postgres_password)" > /run/rampart/pgpass
export PGPASSFILE=/run/rampart/pgpass PGHOST=127.0.0.1 PGPORT=5432 PGUSER="$POSTGRES_USER" PGCONNECT_TIMEOUT=10
PGOPTIONS='-c default_transaction_read_only=off -c statement_timeout=0 -c lock_timeout=0'
export PGOPTIONS="$PGOPTIONS -c idle_in_transaction_session_timeout=0"
