#!/bin/sh
## The container that restores for practice: on no network, with no secret, into a server of its own that it throws
## away.
##
## `drill.sh run` is the container's process, `drill.sh now [SNAPSHOT]` runs a drill and waits for it, `drill.sh health`
## judges.
# Written by Rampart.
# shellcheck source=common.sh ##
. /etc/rampart/common.sh
own=$state/drill
data=/drill/data
socket=/tmp/socket
export PGHOST="$socket" PGDATABASE=postgres

sql() { psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 "$@"; }

stop_server() {
  [ ! -e "$data/postmaster.pid" ] || pg_ctl stop --pgdata="$data" --mode=immediate --silent
  rm -rf "$data"
}

# start_server SUPERUSER: one that listens on no address, and need not survive a crash.
start_server() {
  stop_server
  mkdir -p "$socket" && chmod 0700 "$socket" || return 1
  ## What a crash could lose is of no worth here, and the memory is the container's own.
  options="-c listen_addresses='' -c unix_socket_directories=$socket -c max_connections=10 \
    -c fsync=off -c full_page_writes=off -c synchronous_commit=off -c wal_level=minimal -c max_wal_senders=0 \
    -c archive_mode=off -c autovacuum=off -c max_parallel_maintenance_workers=0 -c max_parallel_workers=0 \
    -c shared_buffers=$((RAMPART_MEMORY_MIB / 8))MB -c maintenance_work_mem=$((RAMPART_MEMORY_MIB / 8))MB \
    -c shared_memory_type=mmap -c dynamic_shared_memory_type=mmap"
  if initdb --pgdata="$data" --username="$1" --auth-local=trust --auth-host=reject --no-sync >/tmp/server.log 2>&1 &&
    pg_ctl start --pgdata="$data" --silent --wait --timeout=120 --log=/tmp/server.log --options="$options" >/dev/null
  then
    return 0
  fi
  tail -n 5 /tmp/server.log
  return 1
}

# restore_database DATABASE DUMPS: into the throw-away server, and its manifest out of that.
restore_database() {
  pg_restore --create --exit-on-error --dbname=postgres "$2/$1.dump" || return 1
  psql --no-psqlrc --dbname="$1" --file=/etc/rampart/manifest.sql >/tmp/found.manifest || return 1
  cat /etc/rampart/compare-head.sql "$2/$1.manifest" /etc/rampart/compare-middle.sql /tmp/found.manifest \
    /etc/rampart/compare-tail.sql |
    sql >/tmp/compared || return 1
  # The last line has the figures, those before it are differences.
  sed '$d' /tmp/compared >>/tmp/differences
  tail -n 1 /tmp/compared | sed 's/^{/{"database": "'"$1"'", /' >>/tmp/figures
}

# restore_all DUMPS
restore_all() {
  superuser=$(text "$1/info.json" superuser)
  case $superuser in '' | *[!a-z0-9_]*) echo 'the backup does not say who its superuser is'; return 1 ;; esac
  databases=$(sed -n 's/.*"databases":\[\([^]]*\)\].*/\1/p' "$1/info.json" | tr -d '"' | tr ',' ' ')
  [ -n "$databases" ] || { echo 'the backup holds no database'; return 1; }
  start_server "$superuser" || return 1
  export PGUSER="$superuser"
  # The bootstrap superuser is there already, by the same name: grants that it made are its own.
  sed "/^CREATE ROLE \"*$superuser\"*;$/d" "$1/globals.sql" | sql --output=/dev/null || return 1
  for database in $databases; do
    restore_database "$database" "$1" || { echo "database $database was not restored"; return 1; }
  done
}

# What the dump and the server restored from it may take: by the newest backup, whichever is drilled.
room() {
  bytes=$(number "$state/store/good" bytes)
  ## The dump, and the server at RESTORED_FACTOR of space.ts: two times the dump, with its indexes.
  room_for 'a drill' $((${bytes:-0} * 3 / 1048576)) "${data%/*}"
}

# wants SNAPSHOT: says to the store what to restore.
wants() {
  printf '%s\n' "$1" | put "$own/snapshot"
  printf '%s\n' "$epoch" | put "$own/wants"
}

# fetch TOKEN: waits until the store has put the dumps there.
fetch() {
  waited=0
  while [ ! -e "/restored/$1" ]; do
    if [ -e "$state/store/refused-$1" ]; then
      cat "$state/store/refused-$1"
      return 1
    fi
    if [ -e "$state/store/closed" ]; then
      text "$state/store/closed" error
      return 1
    fi
    ## Six hours.
    if [ "$waited" -ge 21600 ]; then
      echo 'the container backup-store did not restore the snapshot in time; see its log'
      return 1
    fi
    sleep 1
    waited=$((waited + 1))
  done
}

# drill SNAPSHOT
drill() {
  epoch=$(now)
  say "a restore drill begins"
  : >/tmp/differences
  : >/tmp/figures
  dumps=/restored/$epoch
  error=
  restore_began=$(now)
  if room >/tmp/errors && wants "$1" && fetch "$epoch" >/tmp/errors 2>&1; then
    restore_began=$(now)
    restore_all "$dumps" >/tmp/errors 2>&1 || error=$(json_text </tmp/errors)
  else
    error=$(json_text </tmp/errors)
  fi
  snapshot=$(cat "$dumps/snapshot" 2>/dev/null)
  taken=$(text "$dumps/info.json" time)
  stop_server >/dev/null 2>&1
  rm -f "$own/wants"
  count=$(wc -l </tmp/differences)
  ok=true
  if [ -n "$error" ] || [ "$count" -gt 0 ] || [ ! -s /tmp/figures ]; then ok=false; fi
  ## A result tells at most 50 differences, and how many there are.
  {
    printf '{"ok":%s,"epoch":%s,"time":"%s","snapshot":"%s","taken":"%s",' \
      "$ok" "$epoch" "$(iso "$epoch")" "$snapshot" "$taken"
    printf '"seconds":%s,"restoreSeconds":%s,"error":"%s",' \
      "$(($(now) - epoch))" "$(($(now) - restore_began))" "$error"
    printf '"databases":[%s],"differenceCount":%s,"differences":[%s]}\n' \
      "$(paste -sd, /tmp/figures)" "$((count))" "$(head -n 50 /tmp/differences | paste -sd, -)"
  } | put "$own/result"
  { tail -n 99 "$own/results" 2>/dev/null; cat "$own/result"; } | put "$own/results"
  if [ "$ok" = true ]; then
    say "RESTORE DRILL PASSED: $(cat "$own/result")"
  else
    say "RESTORE DRILL FAILED: $(cat "$own/result")"
  fi
}

# Whether one is due: the first follows the first backup.
due() {
  [ "$RAMPART_DRILL_EVERY_DAYS" -gt 0 ] || return 1
  [ -e "$state/store/good" ] || return 1
  last=$(number "$own/result" epoch)
  age=$(($(now) - ${last:-0}))
  ## Six hours after a failed drill on the schedule, the next attempt.
  wait=$((RAMPART_DRILL_EVERY_DAYS * 86400))
  ! grep -q '"ok":false' "$own/result" 2>/dev/null || wait=21600
  [ "$age" -ge "$wait" ]
}

run() {
  started
  mkdir -p "$own"
  rm -f "$own/wants" "$own/request"
  rm -rf "$data"
  while :; do
    if [ -e "$own/request" ]; then
      snapshot=$(cat "$own/request")
      rm -f "$own/request"
      work drill "${snapshot:-latest}"
    elif due; then
      work drill latest
    fi
    work sleep 2
  done
}

# drill_now [SNAPSHOT]: asks the container's process for a drill, and waits for its result.
drill_now() {
  case ${1:-latest} in latest | *[!0-9a-f]*) wanted=latest ;; *) wanted=$1 ;; esac
  sleep 1
  asked=$(now)
  printf '%s\n' "$wanted" | put "$own/request"
  while :; do
    done_at=$(number "$own/result" epoch)
    if [ "${done_at:-0}" -ge "$asked" ]; then
      cat "$own/result"
      grep -q '^{"ok":true,' "$own/result"
      return
    fi
    sleep 1
  done
}

health() {
  if grep -q '"ok":false' "$own/result" 2>/dev/null; then
    echo "the restore drill of $(text "$own/result" time) failed: $(text "$own/result" error)" \
      "$(number "$own/result" differenceCount) differences; see this container's log"
    in_grace
    return
  fi
  last=$(number "$own/result" epoch)
  if [ "$RAMPART_DRILL_EVERY_DAYS" -gt 0 ] && [ -n "$last" ] &&
    [ $(($(now) - last)) -gt $(((RAMPART_DRILL_EVERY_DAYS + 1) * 86400)) ]; then
    echo "the last restore drill was at $(text "$own/result" time), more than $RAMPART_DRILL_EVERY_DAYS days ago"
    in_grace
    return
  fi
  if [ -n "$last" ]; then
    echo "the restore drill of $(text "$own/result" time) passed"
  else
    echo 'there was no restore drill yet'
  fi
}

case ${1:-run} in
  run) run ;;
  now) drill_now "${2:-latest}" ;;
  health) health ;;
  *) echo 'usage: drill.sh run|now [SNAPSHOT]|health' >&2; exit 2 ;;
esac
