free_mib() { df -Pk "$1" | awk 'NR == 2 { print int($4 / 1024) }'; }
## room_for WHAT MIB DIRECTORY succeeds where that much can be written there and the reserve is still free, and says on
## standard output why not. The reserve of 512 MiB is RESERVE_MIB of space.ts.
room_for() {
  free=$(free_mib "$3")
  [ "${free:-0}" -lt $(($2 + 512)) ] || return 0
  echo "$1 may take $2 MiB and has to leave 512 MiB to Postgres," \
    "and the disk has ${free:-0} MiB free: make room (docs/backups.md)"
  return 1
}
## bounded DIRECTORY COMMAND...: runs a command none of whose files can grow into the reserve.
# The limit is one of the process and of what it starts; in blocks of 512 bytes. A write beyond it is an error, and no
# signal.
bounded() (
  free=$(free_mib "$1")
  shift
  trap '' XFSZ
  ulimit -f $(((free - 512) * 2048))
  "$@"
)
