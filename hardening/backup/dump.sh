#!/bin/sh
## The container that dumps: only it can read the database, and it has no way to the repository.
##
## `dump.sh run` is the container's process; `dump.sh now` takes a backup and waits for it; `dump.sh health` judges.
## A dump is due when the newest good backup is older than the last time of day that is set: after a time in which the
## stack was down, that is at once.
# Written by Rampart.
# shellcheck source=common.sh ##
. /etc/rampart/common.sh
own=$state/dump
scratch=/scratch
whole=/scratch/whole

# The last passed time of day that is set, as an epoch.
slot() {
  hours=${RAMPART_AT%:*}
  minutes=${RAMPART_AT#*:}
  time=$(now)
  at=$((time - time % 86400 + ${hours#0} * 3600 + ${minutes#0} * 60))
  [ "$at" -le "$time" ] || at=$((at - 86400))
  echo "$at"
}

due() {
  slot=$(slot)
  [ "$(cat "$own/since")" -lt "$slot" ] || return 1
  good=$(number "$state/store/good" epoch)
  [ "${good:-0}" -lt "$slot" ] || return 1
  # One that waits to be stored: the store tries again by itself.
  pending=$(cat "$whole/epoch" 2>/dev/null || echo 0)
  [ "$pending" -lt "$slot" ] || return 1
  failed=$(number "$own/failed" epoch)
  ## Ten minutes after a failed dump, the next attempt.
  [ $(($(now) - ${failed:-0})) -ge 600 ]
}

# connect DATABASE: a connection string without the password, which goes into a file that libpq reads.
connect() {
  url=$(cat "/run/secrets/database_url_$1") || return 1
  rest=${url#*://}
  credentials=${rest%%@*}
  (umask 077 && printf '*:*:*:*:%s\n' "${credentials#*:}" >/tmp/pgpass)
  PGPASSFILE=/tmp/pgpass
  PGCONNECT_TIMEOUT=15
  RAMPART_CONNECTION=postgresql://${credentials%%:*}@${rest#*@}
  export PGPASSFILE PGCONNECT_TIMEOUT RAMPART_CONNECTION
}

ask() {
  psql --no-psqlrc --quiet --no-align --tuples-only --no-password --set=ON_ERROR_STOP=1 \
    --dbname="$RAMPART_CONNECTION" --command="$1"
}

# dump_database DATABASE DIRECTORY: its rows and its manifest, out of one snapshot. What is wrong goes to standard
# error.
dump_database() {
  connect "$1" || return 1
  RAMPART_FILE=$2/$1.dump
  RAMPART_RESULT=/tmp/pg_dump.result
  export RAMPART_FILE RAMPART_RESULT
  rm -f "$RAMPART_RESULT" "$RAMPART_RESULT.log" "$RAMPART_RESULT.pid"
  if ! psql --no-psqlrc --no-password --set=manifest="$2/$1.manifest" --dbname="$RAMPART_CONNECTION" \
    --file=/etc/rampart/dump.sql; then
    # pg_dump may still be at work in the background; it would go on writing into a directory that is given up.
    kill "$(cat "$RAMPART_RESULT.pid")" 2>/dev/null
    cat "$RAMPART_RESULT.log" >&2 2>/dev/null
    return 1
  fi
  if [ "$(cat "$RAMPART_RESULT")" != 0 ]; then
    cat "$RAMPART_RESULT.log" >&2
    return 1
  fi
  [ -s "$RAMPART_FILE" ] && [ -s "$2/$1.manifest" ]
}

# dump_all DIRECTORY EPOCH
dump_all() {
  first=${RAMPART_DATABASES%% *}
  for database in $RAMPART_DATABASES; do
    room_for 'a dump' 1 "$scratch" >&2 || return 1
    if ! bounded "$scratch" dump_database "$database" "$1"; then
      echo "database $database could not be dumped" >&2
      return 1
    fi
  done
  connect "$first" || return 1
  pg_dumpall --dbname="$RAMPART_CONNECTION" --database="$first" --no-password --globals-only --no-role-passwords \
    --file="$1/globals.sql" || return 1
  version=$(ask "SELECT current_setting('server_version')") || return 1
  superuser=$(ask 'SELECT rolname FROM pg_roles WHERE oid = 10') || return 1
  # A word for each database.
  # shellcheck disable=SC2086
  databases=$(printf '"%s",' $RAMPART_DATABASES)
  printf '{"format":1,"stack":"%s","epoch":%s,"time":"%s","databases":[%s],"server":"%s","superuser":"%s"}\n' \
    "$RAMPART_STACK" "$2" "$(iso "$2")" "${databases%,}" "$version" "$superuser" >"$1/info.json" || return 1
  printf '%s\n' "$2" >"$1/epoch"
}

# take_backup REASON
take_backup() {
  epoch=$(now)
  directory=$scratch/$epoch.partial
  say "a dump begins ($1)"
  if mkdir "$directory" && dump_all "$directory" "$epoch" 2>/tmp/errors; then
    bytes=$(du -sk "$directory" | awk '{ print $1 * 1024 }')
    rm -rf "$whole"
    mv "$directory" "$whole"
    rm -f "$own/failed"
    printf '{"epoch":%s,"time":"%s","seconds":%s,"bytes":%s}\n' \
      "$epoch" "$(iso "$epoch")" "$(($(now) - epoch))" "$bytes" | put "$own/last"
    say "the dump is whole after $(($(now) - epoch)) s, $bytes bytes, and waits to be stored"
  else
    ! grep -q 'File too large' /tmp/errors ||
      room_for 'the rest of the dump' "$(free_mib "$scratch")" "$scratch" >>/tmp/errors
    error=$(json_text </tmp/errors)
    rm -rf "$directory"
    error=${error:-the scratch volume cannot be written}
    printf '{"epoch":%s,"time":"%s","error":"%s"}\n' "$epoch" "$(iso "$epoch")" "$error" | put "$own/failed"
    say "the dump failed: $error"
  fi
}

tick() {
  # While the store reads the dump, nothing touches it.
  [ ! -e "$state/store/storing" ] || return 0
  # A dump is plain text: it goes as soon as it is stored.
  pending=$(cat "$whole/epoch" 2>/dev/null || echo 0)
  good=$(number "$state/store/good" epoch)
  if [ "$pending" -gt 0 ] && [ "$pending" -le "${good:-0}" ]; then rm -rf "$whole"; fi
  if [ -e "$own/request" ]; then
    rm -f "$own/request"
    work take_backup 'asked for'
  elif due; then
    work take_backup 'on schedule'
  fi
}

run() {
  started
  mkdir -p "$own"
  [ -s "$own/since" ] || now | put "$own/since"
  # What a dump that was cut off left behind; a request goes with it, as nobody waits for it any more.
  rm -rf "$scratch"/*.partial "$own/request"
  say "backups of $RAMPART_DATABASES are due daily at $RAMPART_AT UTC"
  while :; do
    tick
    work sleep 2
  done
}

# Asks the container's process for a backup, and waits until it is stored or has failed.
take_now() {
  sleep 1
  asked=$(now)
  : >"$own/request"
  while :; do
    good=$(number "$state/store/good" epoch)
    if [ "${good:-0}" -ge "$asked" ]; then
      cat "$state/store/good"
      return 0
    fi
    for failure in "$own/failed" "$state/store/failed"; do
      failed=$(number "$failure" epoch)
      if [ "${failed:-0}" -ge "$asked" ]; then
        cat "$failure"
        return 1
      fi
    done
    # The dump is there, and the repository does not open: it would wait for as long as that takes.
    if [ -e "$state/store/closed" ] && [ "$(cat "$whole/epoch" 2>/dev/null || echo 0)" -ge "$asked" ]; then
      printf '{"step":"opening the repository","error":"%s"}\n' "$(text "$state/store/closed" error)"
      return 1
    fi
    sleep 1
  done
}

health() {
  if [ -e "$own/failed" ] && ! in_grace; then
    echo "the last dump failed at $(text "$own/failed" time): $(text "$own/failed" error)"
    return 1
  fi
  if too_old && ! in_grace; then
    echo "$age_message"
    return 1
  fi
  echo "$age_message"
}

case ${1:-run} in
  run) run ;;
  now) take_now ;;
  health) health ;;
  *) echo "usage: dump.sh run|now|health" >&2; exit 2 ;;
esac
