#!/bin/sh
## The watch's container: never ends, and connects again when the server comes back. Its health check reads the time of
## /tmp/looked.
# Written by Rampart. Ends the sessions of elevations that are over.
set -u
trap 'kill $! 2>/dev/null; exit 0' INT TERM

# Arguments are shown to everybody on the host: the password goes into a file in memory, and the URL without it.
url=$(cat /run/secrets/watch_url)
login=${url#*://}
login=${login%%@*}
(umask 077 && printf '*:*:*:*:%s\n' "${login#*:}" >/tmp/pgpass)

watch() {
  PGPASSFILE=/tmp/pgpass PGCONNECT_TIMEOUT=10 PGOPTIONS='-c statement_timeout=0' \
    psql --no-psqlrc --quiet --dbname="${url%%://*}://${login%%:*}@${url#*@}" 2>&1 <<'SQL' |
\ir watch.sql
SQL
    while read -r line; do
      case $line in
        *'NOTICE:  looked') : >/tmp/looked ;;
        *) printf '%s\n' "$line" ;;
      esac
    done
}

while :; do
  watch &
  wait $!
  sleep 2
done
