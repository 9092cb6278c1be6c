#!/bin/sh
## How a running Postgres takes what changed in its live files; `docker exec` runs it. Sets the superuser's password,
## and has the server read pg_hba.conf and its certificate again: no session ends. Afterwards it connects as any client
## would, over TLS and with verification.
# Written by Rampart. Applies /run/secrets to the running server.
set -eu

fail() {
  printf 'rampart: %s\n' "$1" >&2
  exit 1
}

superuser=${POSTGRES_USER:-postgres}
password=$(cat "/run/secrets/postgres_password")
case $password in
  '' | *[!A-Za-z0-9]*) fail 'the password in postgres_password is not made of letters and digits only' ;;
esac
in_force=$(cat "/var/run/postgresql/.superuser" 2>/dev/null) || in_force=$password

# as PASSWORD [PSQL ARGUMENT...]: SQL from the standard input, through the server's own socket.
as() {
  PGPASSWORD=$1
  export PGPASSWORD
  shift
  psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 \
    --host="/var/run/postgresql" --port=5432 --username="$superuser" --dbname=postgres "$@"
}

if [ "$in_force" != "$password" ]; then
  # A run that was cut short may have set it already.
  if ! printf 'SELECT 1\n' | as "$password" >/dev/null 2>&1; then
    # passwordcheck is for people: one in 250 generated passwords has only letters, which it would refuse.
    (
      PGOPTIONS='-c session_preload_libraries='
      export PGOPTIONS
      as "$in_force"
    ) <<SQL || fail 'the password of the superuser could not be changed'
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
SET log_min_duration_statement = -1;
SET password_encryption = 'scram-sha-256';
ALTER ROLE "$superuser" PASSWORD '$password';
SQL
  fi
fi

. ./install-live.sh

install_live
# The postmaster reads its files when the signal arrives, not when the call returns.
printf 'SELECT pg_reload_conf()\n' | as "$password" >/dev/null
sleep 1
faults="SELECT 'line ' || line_number || ': ' || error FROM pg_hba_file_rules WHERE error IS NOT NULL"
errors=$(printf '%s\n' "$faults" | as "$password")
[ -z "$errors" ] || fail "pg_hba.conf has faults, the old one stays in force: $errors"

if [ -f "/run/secrets/ca.crt" ]; then
  PGSSLROOTCERT="/run/secrets/ca.crt"
  PGSSLMODE=verify-full
  export PGSSLROOTCERT PGSSLMODE
  printf 'SELECT 1\n' | as "$password" --host=127.0.0.1 >/dev/null ||
    fail 'the server does not answer over TLS with its certificate; see its log'
fi
