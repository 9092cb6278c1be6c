# The check that follows each backup. Written by Rampart. Sourced by store.sh.
# shellcheck disable=SC2154 ##
# checked READ PART: notes that the repository is in order, when its data was read last, and which part of it.
checked() {
  printf '{"ok":true,"time":"%s","epoch":%s,"readEpoch":%s,"part":%s}\n' \
    "$(iso "$(now)")" "$(now)" "$1" "${2:-0}" | put "$own/check"
}

# small: whether the repository is one of which every byte is read each day.
small() {
  run_restic stats --mode raw-data --json --no-lock >"$work_directory/stats" 2>/dev/null || return 1
  size=$(number "$work_directory/stats" total_size)
  ## 1 GiB, as config/schema/backup.ts and docs/backups.md say.
  [ -n "$size" ] && [ "$size" -le $((1024 * 1048576)) ]
}

# Structure of the whole repository each time; its data once a day: all of it, or a part, another one each day.
check() {
  read_at=$(number "$own/check" readEpoch)
  part=$(number "$own/check" part)
  part=${part:-0}
  before=$part
  ## By restic at most 256 parts; at least 20 hours from one to the next, so that daily backups each read one.
  parts=$(((100 + RAMPART_READ_PERCENT - 1) / RAMPART_READ_PERCENT))
  if [ $(($(now) - ${read_at:-0})) -lt 72000 ]; then
    set --
  elif [ "$parts" -le 1 ] || small; then
    read_at=$(now)
    set -- --read-data
  else
    part=$((part % parts + 1))
    read_at=$(now)
    set -- --read-data-subset="$part/$parts"
  fi
  # Nobody else changes this stack's snapshots meanwhile, and a lock that a killed process left must not stop a check.
  if run_restic check --no-lock --quiet "$@" >"$errors" 2>&1; then
    checked "$read_at" "$part"
    return 0
  fi
  error=$(json_text <"$errors")
  # What was not read well is read again.
  printf '{"ok":false,"time":"%s","epoch":%s,"readEpoch":0,"part":%s,"error":"%s"}\n' \
    "$(iso "$(now)")" "$(now)" "$before" "$error" | put "$own/check"
  return 1
}
