## The password is the container's own file: it is in no argument, and never leaves the container.
set -eu
PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
PGUSER=$POSTGRES_USER
PGHOST=/var/run/postgresql
PGOPTIONS='-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0'
PGOPTIONS="$PGOPTIONS -c default_transaction_read_only=off"
export PGPASSWORD PGUSER PGHOST PGOPTIONS
sql() { psql --no-psqlrc --quiet --no-align --tuples-only --no-password --set=ON_ERROR_STOP=1 "$@"; }
