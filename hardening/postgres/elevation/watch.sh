#!/bin/sh
## The watch's container: never ends, and connects again when the server comes back. Its health check reads the time of
## /tmp/looked.
# Written by Rampart. Ends the sessions of elevations that are over.
set -u
trap 'kill $! 2>/dev/null; exit 0' INT TERM

watch() {
  PGCONNECT_TIMEOUT=10 PGOPTIONS='-c statement_timeout=0' \
    psql --no-psqlrc --quiet --dbname="$(cat /run/secrets/watch_url)" 2>&1 <<'SQL' |
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
