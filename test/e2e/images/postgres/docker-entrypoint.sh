#!/usr/bin/env bash
# Written for the stand-in image. It follows the contract that the official postgres image documents: the same
# environment names, the same order (initdb, a server only on the socket, database, init scripts, then the real
# server), and the same refusals.
set -Eeo pipefail

# file_env VAR [DEFAULT]: VAR, or the content of the file that VAR_FILE names; both at once is a mistake.
file_env() {
  local var=$1 file_var=${1}_FILE value=${2:-}
  if [ -n "${!var:-}" ] && [ -n "${!file_var:-}" ]; then
    printf >&2 'error: both %s and %s are set (but are exclusive)\n' "$var" "$file_var"
    exit 1
  fi
  if [ -n "${!var:-}" ]; then
    value=${!var}
  elif [ -n "${!file_var:-}" ]; then
    value=$(<"${!file_var}")
  fi
  export "$var=$value"
  unset "$file_var"
}

# `postgres --version` and the like must answer without a database.
wants_help() {
  local arg
  for arg; do
    case $arg in
      -'?' | --help | --describe-config | -V | --version) return 0 ;;
    esac
  done
  return 1
}

create_directories() {
  mkdir -p "$PGDATA"
  # Fails on a directory that another uid owns; initdb then says so more clearly.
  chmod 00700 "$PGDATA" || :
  mkdir -p /var/run/postgresql || :
  chmod 03775 /var/run/postgresql 2>/dev/null || :
  if [ "$(id -u)" = 0 ]; then
    find "$PGDATA" \! -user postgres -exec chown postgres '{}' +
    find /var/run/postgresql \! -user postgres -exec chown postgres '{}' +
  fi
}

verify_minimum_env() {
  if [ -z "$POSTGRES_PASSWORD" ] && [ "$POSTGRES_HOST_AUTH_METHOD" != trust ]; then
    cat >&2 <<-'MSG'
		Error: Database is uninitialized and superuser password is not specified.
		       You must specify POSTGRES_PASSWORD to a non-empty value for the
		       superuser. For example, "-e POSTGRES_PASSWORD=password" on "docker run".

		       You may also use "POSTGRES_HOST_AUTH_METHOD=trust" to allow all
		       connections without a password. This is *not* recommended.
	MSG
    exit 1
  fi
}

run_sql() {
  # Only the socket: nothing of the caller's PGHOST may send the setup to another server. A second --dbname, in the
  # arguments, wins.
  PGHOST=/var/run/postgresql PGHOSTADDR='' psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --no-password \
    --no-psqlrc --dbname "$POSTGRES_DB" "$@"
}

create_database() {
  if [ "$POSTGRES_DB" != postgres ]; then
    local have
    have=$(run_sql --dbname postgres --set db="$POSTGRES_DB" --tuples-only \
      <<<"SELECT 1 FROM pg_database WHERE datname = :'db';")
    [ -n "$have" ] || run_sql --dbname postgres --set db="$POSTGRES_DB" <<<'CREATE DATABASE :"db";'
  fi
}

run_init_files() {
  local f
  for f; do
    case $f in
      *.sh)
        if [ -x "$f" ]; then
          printf '%s: running %s\n' "$0" "$f"
          "$f"
        else
          printf '%s: sourcing %s\n' "$0" "$f"
          # shellcheck source=/dev/null
          . "$f"
        fi
        ;;
      *.sql)
        printf '%s: running %s\n' "$0" "$f"
        run_sql -f "$f"
        ;;
      *.sql.gz)
        printf '%s: running %s\n' "$0" "$f"
        gunzip -c "$f" | run_sql
        ;;
      *) printf '%s: ignoring %s\n' "$0" "$f" ;;
    esac
    printf '\n'
  done
}

initialise() {
  verify_minimum_env
  # Read before anything is made, so that an unreadable directory fails early and not half way.
  ls /docker-entrypoint-initdb.d/ >/dev/null

  eval 'initdb --username="$POSTGRES_USER" --pwfile=<(printf "%s\n" "$POSTGRES_PASSWORD") '"$POSTGRES_INITDB_ARGS"
  {
    printf '\n'
    [ "$POSTGRES_HOST_AUTH_METHOD" != trust ] || printf '# warning trust is enabled for all connections\n'
    printf 'host all all all %s\n' "$POSTGRES_HOST_AUTH_METHOD"
  } >>"$PGDATA/pg_hba.conf"

  # No TCP while this one runs: a client that gets an answer is talking to the finished server.
  export PGPASSWORD=${PGPASSWORD:-$POSTGRES_PASSWORD}
  PGUSER=${PGUSER:-$POSTGRES_USER} pg_ctl -D "$PGDATA" -w start \
    -o "$(printf '%q ' "${@:2}" -c listen_addresses='' -p "${PGPORT:-5432}")"
  create_database
  run_init_files /docker-entrypoint-initdb.d/*
  PGUSER=${PGUSER:-postgres} pg_ctl -D "$PGDATA" -m fast -w stop
  unset PGPASSWORD
  printf '\nPostgreSQL init process complete; ready for start up.\n\n'
}

# The official server was compiled to keep its socket in /var/run/postgresql, this one in /tmp. Said on the command
# line, unless the arguments or the configuration file name the directory themselves.
names_socket_directory() {
  local arg file=$PGDATA/postgresql.conf
  for arg; do
    case $arg in
      *unix_socket_directories* | *unix-socket-directories*) return 0 ;;
      config_file=* | config-file=* | --config_file=* | --config-file=*) file=${arg#*=} ;;
      -cconfig_file=*) file=${arg#*=} ;;
    esac
  done
  grep -qs '^[[:space:]]*unix_socket_directories' "$file"
}

main() {
  if [ "${1:0:1}" = '-' ]; then
    set -- postgres "$@"
  fi
  if [ "$1" = postgres ] && ! wants_help "$@"; then
    file_env POSTGRES_PASSWORD
    file_env POSTGRES_USER postgres
    file_env POSTGRES_DB "$POSTGRES_USER"
    file_env POSTGRES_INITDB_ARGS
    create_directories
    if [ "$(id -u)" = 0 ]; then
      exec setpriv --reuid=postgres --regid=postgres --init-groups -- "${BASH_SOURCE[0]}" "$@"
    fi
    names_socket_directory "$@" || set -- "$@" -c unix_socket_directories=/var/run/postgresql
    if [ -s "$PGDATA/PG_VERSION" ]; then
      printf '\nPostgreSQL Database directory appears to contain a database; Skipping initialization\n\n'
    else
      : "${POSTGRES_HOST_AUTH_METHOD:=scram-sha-256}"
      shopt -s nullglob
      initialise "$@"
    fi
  fi
  exec "$@"
}

main "$@"
