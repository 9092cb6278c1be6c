#!/bin/sh
## How the Postgres container starts: in front of the official image's own entrypoint. `sh /etc/rampart/start.sh` is the
## container's entrypoint, without a command.
##
## The image sets POSTGRES_PASSWORD at the first start only, so a rotated password, or the volume of a stack that was
## destroyed, would lock the provider out. Before each later start the password is therefore set to the file's content,
## in single-user mode: no client can connect meanwhile, and the password travels through a pipe, never through an
## argument or a log.
# Written by Rampart. Sets the superuser's password to the content of POSTGRES_PASSWORD_FILE, then starts PostgreSQL.
set -eu
umask 077
# PID 1 has no default signal handlers: without this, a stop in the first second would wait for SIGKILL.
trap 'exit 143' INT TERM

fail() {
  printf 'rampart: %s\n' "$*" >&2
  exit 1
}

PGDATA=${PGDATA:-/var/lib/postgresql/data}
superuser=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$superuser}
export PGDATA
[ -r "${POSTGRES_PASSWORD_FILE:-}" ] || fail 'POSTGRES_PASSWORD_FILE names no readable file'
password=$(cat "$POSTGRES_PASSWORD_FILE")
case $password in
  '' | *[!A-Za-z0-9]*) fail 'the password in POSTGRES_PASSWORD_FILE is not made of letters and digits only' ;;
esac
case $superuser$database in
  *[!a-z0-9_]*) fail 'POSTGRES_USER and POSTGRES_DB have to be lower-case letters, digits and _' ;;
esac

. ./install-live.sh

install_live

# Reads SQL, one statement a line. Statements are kept out of the log, which would otherwise show one that failed.
# A server that was killed leaves a lock file with this process's id: PostgreSQL takes it for its own ancestor's.
single_user() {
  PG_GRANDPARENT_PID=$$ postgres --single -D "$PGDATA" \
    -c config_file=/etc/rampart/postgresql.conf -c hba_file=/var/run/postgresql/pg_hba.conf \
    -c log_statement=none -c log_min_error_statement=panic -c log_min_duration_statement=-1 -c lc_messages=C \
    -c password_encryption=scram-sha-256 -c session_preload_libraries= template1
}

if [ -s "$PGDATA/PG_VERSION" ]; then
  volume_major=$(cat "$PGDATA/PG_VERSION")
  server_major=$(postgres --version)
  server_major=${server_major#*) }
  server_major=${server_major%%[!0-9]*}
  [ "$volume_major" = "$server_major" ] || fail "the data volume is PostgreSQL $volume_major's and this image is \
PostgreSQL $server_major: nothing was changed; put the old image back, or follow docs/upgrades.md"

  # The answers come inside the transaction: if ALTER ROLE fails, they fail too.
  answer=$(printf '%s\n' \
    'BEGIN' \
    "ALTER ROLE \"$superuser\" WITH SUPERUSER LOGIN PASSWORD '$password'" \
    "SELECT 'done' AS rampart_password" \
    "SELECT 'done' AS rampart_initdb FROM pg_database WHERE datname = 'template0'" \
    "SELECT 'done' AS rampart_database FROM pg_database WHERE datname = '$database'" \
    'COMMIT' | single_user) || fail 'PostgreSQL could not open the data volume; its messages are above'
  case $answer in
    *'rampart_password = "done"'*) ;;
    *)
      fail "the password of \"$superuser\" could not be set;" \
        "if the volume was made for another superuser, name that one"
      ;;
  esac
  case $answer in
    *'rampart_initdb = "done"'*) ;;
    *)
      fail 'the first start of this data volume was interrupted before it held any data;' \
        'remove the volume and start again'
      ;;
  esac
  case $answer in
    *'rampart_database = "done"'*) ;;
    # The image makes the database at the first start only; an interrupted one is finished here.
    *)
      printf 'CREATE DATABASE "%s" OWNER "%s"\n' "$database" "$superuser" | single_user >/dev/null ||
        fail "the database \"$database\" could not be created"
      ;;
  esac
  # The image would read it into the server's environment, where nothing needs it any more.
  unset POSTGRES_PASSWORD_FILE
fi
unset password

exec docker-entrypoint.sh postgres \
  -c config_file=/etc/rampart/postgresql.conf -c hba_file=/var/run/postgresql/pg_hba.conf
