#!/bin/sh
## The container that stores: only it has the repository and its password, and it cannot reach the database.
##
## `store.sh run` is the container's process and `store.sh health` judges. The rest is for commands: `list` and `cat`
## read snapshots, `init` begins a new repository where one that was known is lost, `restic` is restic with the
## repository's settings, `repair` is in repair.sh. Exit codes of restic's: 10, there is no repository; 12, the password
## is wrong (restic, "Scripting").
# Written by Rampart.
# shellcheck source=common.sh ##
. /etc/rampart/common.sh
own=$state/store
whole=/scratch/whole
restored=/restored
work_directory=/tmp/store-$$

RESTIC_REPOSITORY=$RAMPART_REPOSITORY
RESTIC_PASSWORD_FILE=/run/secrets/restic_password
RESTIC_CACHE_DIR=$restored/cache
RESTIC_PROGRESS_FPS=0.01
TMPDIR=$restored/tmp
export RESTIC_REPOSITORY RESTIC_PASSWORD_FILE RESTIC_CACHE_DIR RESTIC_PROGRESS_FPS TMPDIR
sftp_arguments=
mkdir -p "$own" "$RESTIC_CACHE_DIR" "$TMPDIR"
mkdir -p "$work_directory" && chmod 0700 "$work_directory" "$RESTIC_CACHE_DIR" "$TMPDIR"
trap 'rm -rf "$work_directory"' EXIT

for variable in $RAMPART_CREDENTIALS; do
  file=/run/secrets/$(echo "$variable" | tr '[:upper:]' '[:lower:]')
  case $variable in
    # ssh takes a key that ends in a line feed, and is the user's own.
    SFTP_PRIVATE_KEY) (umask 077 && printf '%s\n' "$(cat "$file")" >"$work_directory/key") ;;
    SFTP_KNOWN_HOSTS) printf '%s\n' "$(cat "$file")" >"$work_directory/known_hosts" ;;
    RESTIC_CACERT) export RESTIC_CACERT="$file" ;;
    *)
      value=$(cat "$file")
      export "$variable=$value"
      ;;
  esac
done
# Nothing of the image's or a user's own ssh configuration, and never a host whose key is not known.
if [ -e "$work_directory/key" ]; then
  sftp_arguments="-F /dev/null -i $work_directory/key -o IdentitiesOnly=yes -o BatchMode=yes"
  sftp_arguments="$sftp_arguments -o StrictHostKeyChecking=yes -o UserKnownHostsFile=$work_directory/known_hosts"
  sftp_arguments="$sftp_arguments -o GlobalKnownHostsFile=/dev/null -o ConnectTimeout=15"
  sftp_arguments="$sftp_arguments -o ServerAliveInterval=15 -o ServerAliveCountMax=4"
fi

# With a limit in front of it, where it has one: two words by design.
limit=
run_restic() {
  # shellcheck disable=SC2086
  if [ -n "$sftp_arguments" ]; then $limit restic -o sftp.args="$sftp_arguments" "$@"; else $limit restic "$@"; fi
}

# Why the repository did not open: of attempts that were all in vain, what the last one was told.
refusal() {
  last=$(sed -n 's/.* returned error, retrying after [^:]*: //p' "$errors" | tail -n 1 | json_text)
  printf '%s' "${last:-$(json_text <"$errors")}"
}

# failed STEP: what restic wrote last is why; its lines of JSON say it again, if it said anything else.
failed() {
  error=$(grep -v '^{"message_type":' "$errors" | json_text)
  error=${error:-$(json_text <"$errors")}
  printf '{"epoch":%s,"time":"%s","step":"%s","error":"%s","at":%s}\n' \
    "${pending:-0}" "$(iso "$(now)")" "$1" "${error:-no message}" "$(now)" | put "$own/failed"
  say "$1 failed: ${error:-no message}"
  return 1
}

# What was good, stored or checked is in another repository: this one has yet to get its first backup, at once.
begin_with() {
  rm -f "$own/good" "$own/stored" "$own/failed" "$own/check" "$own/prune"
  printf '%s\n' "$RAMPART_REPOSITORY" | put "$own/opened"
}

# closed_because CODE: sets $reason to why restic did not open the repository.
closed_because() {
  case $1 in
    10)
      reason="the repository $RAMPART_REPOSITORY is gone, with every backup in it;"
      reason="$reason bring it back, or begin a new one: docs/backups.md"
      ;;
    12)
      reason="the password does not open the repository $RAMPART_REPOSITORY; nothing was changed in it."
      reason="$reason It wants the password that it was made with:"
      reason="$reason docs/backups.md (When the password does not open it)"
      ;;
    *) reason="the repository $RAMPART_REPOSITORY cannot be read: $(refusal)" ;;
  esac
}

# Whether the repository can be read. A new one is made where none was ever seen: one that was there and is gone, or
# that this password does not open, is for a person to look at.
open_repository() {
  code=0
  ## restic tries for 15 minutes whatever a server refuses, an unknown authority and a wrong key, too, and says nothing
  ## meanwhile that a health check could tell.
  limit='timeout 45'
  run_restic cat config >/dev/null 2>"$errors" || code=$?
  limit=
  if [ "$code" -eq 10 ] && [ "$(cat "$own/opened" 2>/dev/null)" != "$RAMPART_REPOSITORY" ]; then
    code=0
    run_restic init >"$errors" 2>&1 || code=$?
    [ "$code" -ne 0 ] || say "a new repository was made in $RAMPART_REPOSITORY"
  fi
  if [ "$code" -eq 0 ]; then
    [ "$(cat "$own/opened" 2>/dev/null)" = "$RAMPART_REPOSITORY" ] || begin_with
    rm -f "$own/closed"
    return 0
  fi
  closed_because "$code"
  printf '{"time":"%s","code":%s,"error":"%s"}\n' "$(iso "$(now)")" "$code" "$reason" | put "$own/closed"
  say "$reason"
  return 1
}

# shellcheck source=check.sh ##
. ./check.sh

prune() {
  # Three words by design.
  # shellcheck disable=SC2086
  set -- $RAMPART_KEEP
  run_restic unlock --quiet >/dev/null 2>&1
  ## All of one day before the newest are kept: one taken by hand before a risky change must outlive that night's.
  if run_restic forget --quiet --host "$RAMPART_STACK" --tag rampart --group-by host \
    --keep-within 1d --keep-daily "$1" --keep-weekly "$2" --keep-monthly "$3" \
    --prune --retry-lock 1m >"$errors" 2>&1; then
    printf '{"ok":true,"epoch":%s}\n' "$(now)" | put "$own/prune"
    return 0
  fi
  since=$(number "$own/prune" since)
  error=$(json_text <"$errors")
  printf '{"ok":false,"epoch":%s,"since":%s,"time":"%s","error":"%s"}\n' \
    "$(now)" "${since:-$(now)}" "$(iso "$(now)")" "$error" | put "$own/prune"
  say "old backups could not be removed: $error"
}

# kept_already: whether the dump that waits has its snapshot, and was only not checked: another each minute helps
# nobody.
kept_already() {
  [ "$(number "$own/stored" epoch)" = "$pending" ] && snapshot=$(text "$own/stored" snapshot) &&
    run_restic cat snapshot "$snapshot" >/dev/null 2>&1
}

# What an attempt that failed wrote belongs to no snapshot. On a full disk of the host's it would take the room of the
# database; the next attempt writes it all again.
sweep_up() {
  [ "$RAMPART_REPOSITORY" = /repository ] || return 0
  run_restic unlock --remove-all --quiet >/dev/null 2>&1
  run_restic prune --quiet --max-repack-size 0 >/dev/null 2>&1 ||
    say 'what the attempt left in the repository could not be removed'
}

# room: for what a backup adds to a repository on this host. At first that is the whole dump, later about as much as the
# last time.
room() {
  [ "$RAMPART_REPOSITORY" = /repository ] || return 0
  added=$(number "$own/good" added)
  if [ -n "$added" ]; then
    needed=$((added * 2 / 1048576))
  else
    needed=$(du -sk "$whole" | awk '{ print int($1 / 1024) }')
  fi
  room_for 'storing the backup' "$needed" /repository 2>"$errors" >&2
}

make_snapshot() {
  room || { failed 'storing the backup'; return 1; }
  say "the dump of $(iso "$pending") is being stored"
  ## During a repair the backup before may be damaged: nothing is taken over from it.
  if [ -e "$own/repair" ]; then set -- --force; else set --; fi
  if ! run_restic backup "$@" --quiet --json --host "$RAMPART_STACK" \
    --time "$(date -u -d "@$pending" '+%Y-%m-%d %H:%M:%S')" \
    --tag rampart --tag "installation-$installation" --group-by host,tags "$whole" \
    >"$work_directory/summary" 2>"$errors"; then
    failed 'storing the backup'
    return 1
  fi
  snapshot=$(text "$work_directory/summary" snapshot_id)
  [ -n "$snapshot" ] || { failed 'storing the backup'; return 1; }
  printf '{"epoch":%s,"snapshot":"%s","bytes":%s,"added":%s}\n' "$pending" "$snapshot" \
    "$(number "$work_directory/summary" total_bytes_processed)" \
    "$(number "$work_directory/summary" data_added_packed)" | put "$own/stored"
}

store() {
  began=$(now)
  if ! kept_already; then
    make_snapshot || { sweep_up; return 1; }
  fi
  # During a repair older backups lack content, which this one may bring back; the repair's end checks everything.
  [ -e "$own/repair" ] || check || { failed 'the check of the repository'; return 1; }
  printf '{"epoch":%s,"time":"%s","snapshot":"%s","bytes":%s,"added":%s,"seconds":%s}\n' \
    "$pending" "$(iso "$pending")" "$snapshot" \
    "$(number "$own/stored" bytes)" "$(number "$own/stored" added)" "$(($(now) - began))" | put "$own/good"
  # From here on the dump may go.
  rm -f "$own/failed" "$own/storing"
  bytes="$(number "$own/good" bytes) bytes, of which $(number "$own/good" added) are new in the repository"
  say "stored as snapshot $snapshot: $bytes, in $(number "$own/good" seconds) s"
  [ -e "$own/repair" ] || prune
}

newest_snapshot() {
  known=$(text "$own/good" snapshot)
  if [ -n "$known" ]; then
    echo "$known"
  else
    run_restic snapshots --json --host "$RAMPART_STACK" --tag rampart --latest 1 2>"$errors" |
      sed -n 's/.*"id":"\([0-9a-f]\{64\}\)".*/\1/p'
  fi
}

# restore_for TOKEN: what the drill asks for, into a directory of that name; it has no way to the repository of its own.
restore_for() {
  wanted=$(cat "$state/drill/snapshot" 2>/dev/null)
  case $wanted in '' | latest) wanted=$(newest_snapshot) ;; esac
  if [ -z "$wanted" ]; then
    echo 'there is no backup to restore' | put "$own/refused-$1"
    return 0
  fi
  say "snapshot $wanted is restored for a drill"
  rm -rf "$restored/$1.partial"
  if run_restic restore "$wanted:$whole" --quiet --target "$restored/$1.partial" >"$errors" 2>&1; then
    # Of the group that the drill shares, whatever the dump's own permissions were.
    chmod -R g+rX "$restored/$1.partial"
    printf '%s\n' "$wanted" >"$restored/$1.partial/snapshot"
    mv "$restored/$1.partial" "$restored/$1"
  else
    json_text <"$errors" | put "$own/refused-$1"
    rm -rf "$restored/$1.partial"
  fi
}

# A restored dump is plain text, too: it goes as soon as the drill no longer asks for it.
serve_drill() {
  token=$(cat "$state/drill/wants" 2>/dev/null)
  case $token in *[!0-9]*) token= ;; esac
  for left in "$restored"/[0-9]* "$own"/refused-*; do
    name=${left##*/}
    name=${name#refused-}
    if [ "${name%.partial}" != "${token:-none}" ] && [ -e "$left" ]; then rm -rf "$left"; fi
  done
  if [ -n "$token" ] && [ ! -e "$restored/$token" ] && [ ! -e "$own/refused-$token" ]; then restore_for "$token"; fi
}

tick() {
  if [ "$ready" != yes ]; then
    [ $(($(now) - tried)) -ge 60 ] || return 0
    tried=$(now)
    if open_repository; then ready=yes; else return 0; fi
  fi
  pending=$(cat "$whole/epoch" 2>/dev/null || echo 0)
  good=$(number "$own/good" epoch)
  if [ "$pending" -gt "${good:-0}" ]; then
    last=$(number "$own/failed" epoch)
    at=$(number "$own/failed" at)
    ## A minute after a failure, the next attempt. A quarter of an hour after a check that failed: it may read a quarter
    ## of a repository that is far away.
    retry=60
    [ "$(number "$own/stored" epoch)" != "$pending" ] || retry=900
    if [ "${last:-0}" -ne "$pending" ] || [ $(($(now) - ${at:-0})) -ge "$retry" ]; then
      : >"$own/storing"
      # Another repository, or none, since the last time: said before anything is written.
      if open_repository; then
        store
      else
        text "$own/closed" error >"$errors"
        failed 'opening the repository'
        ready=no
      fi
      rm -f "$own/storing"
    fi
  elif [ ! -e "$own/repair" ] && [ "$(text "$own/prune" error)" != '' ] &&
    [ $(($(now) - $(number "$own/prune" epoch))) -ge 1800 ]; then
    prune
  fi
  serve_drill
}

# shellcheck source=repair.sh ##
. ./repair.sh

# One turn in the background, so that a stop is answered at once; what it has to keep is in files.
turn() {
  : >"$turning"
  being_repaired || tick
  rm -f "$turning"
  echo "$ready $tried" >"$work_directory/turn"
}

run() {
  started
  errors=$work_directory/errors
  [ -s "$own/installation" ] || sed 's/-.*//' /proc/sys/kernel/random/uuid | put "$own/installation"
  installation=$(cat "$own/installation")
  rm -rf "$own/storing" "$restored"/*.partial "$restored"/tmp/*
  # Where only this container uses the repository, a lock can only be one that a killed process left.
  [ "$RAMPART_REPOSITORY" != /repository ] || run_restic unlock --remove-all --quiet >/dev/null 2>&1
  ready=no
  tried=0
  while :; do
    work turn
    read -r ready tried <"$work_directory/turn"
    work sleep 2
  done
}

health() {
  code=$(number "$own/closed" code)
  # A wrong password, and a repository that was never seen: faults of the configuration, which an update has to tell.
  if [ -n "$code" ] && { [ "$code" -eq 12 ] || [ "$code" -eq 10 ] || [ ! -e "$own/opened" ] || ! in_grace; }; then
    text "$own/closed" error
    return 1
  fi
  if [ ! -e "$own/opened" ]; then
    echo 'the repository was not opened yet'
    return 1
  fi
  if in_grace; then
    echo "the repository is open"
    return 0
  fi
  if [ -e "$own/repair" ] && ! being_repaired; then
    echo "a repair of the repository, begun at $(iso "$(cat "$own/repair")"), has not come to its end:" \
      "npx rampart backup repair $RAMPART_STACK"
    return 1
  fi
  if grep -q '"ok":false' "$own/check" 2>/dev/null; then
    echo "the check of the repository failed at $(text "$own/check" time): $(text "$own/check" error)"
    return 1
  fi
  if [ -e "$own/failed" ]; then
    echo "$(text "$own/failed" step) failed at $(text "$own/failed" time): $(text "$own/failed" error)"
    return 1
  fi
  since=$(number "$own/prune" since)
  if [ -n "$since" ] && [ $(($(now) - since)) -gt 86400 ]; then
    echo "old backups could not be removed for a day: $(text "$own/prune" error)"
    return 1
  fi
  if too_old; then
    echo "$age_message"
    return 1
  fi
  echo "$age_message"
}

case ${1:-run} in
  run) run ;;
  health) health ;;
  ## The pruning of old backups holds the repository for itself: a command that reads waits for its end.
  list) run_restic snapshots --json --tag rampart --retry-lock 5m ;;
  cat) run_restic dump --quiet --retry-lock 5m "$2" "$whole/$3" ;;
  tar) run_restic dump --quiet --retry-lock 5m --archive tar "$2:$whole" / ;;
  restic) shift; run_restic "$@" ;;
  repair) shift; repair "$@" ;;
  init) run_restic init && begin_with ;;
  *) echo 'usage: store.sh run|health|list|cat SNAPSHOT FILE|tar SNAPSHOT|restic ARGUMENTS|repair|init' >&2; exit 2 ;;
esac
