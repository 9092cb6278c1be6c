/** Postgres' data lies, as a rule, on the disk that backups, drills and restores write to: a full one stops the database. */

/** MiB that they leave free. */
export const RESERVE_MIB = 512;
/** A restored database, with its indexes, beside its dump, which holds no index. */
export const RESTORED_FACTOR = 2;
const MIB = 1024 ** 2;

/** MiB that may be written when dumps of so many bytes are restored. */
export const restoredMiB = (dumpBytes: number): number => Math.ceil((dumpBytes * RESTORED_FACTOR) / MIB);

/**
 * POSIX sh. `room_for WHAT MIB DIRECTORY` succeeds where that much can be written there and the reserve is still free, and says
 * on standard output why not. `bounded DIRECTORY COMMAND…` runs a command none of whose files can grow into the reserve.
 */
export const spaceFunctions = (): string => `free_mib() { df -Pk "$1" | awk 'NR == 2 { print int($4 / 1024) }'; }
room_for() {
  free=$(free_mib "$3")
  [ "\${free:-0}" -lt $(($2 + ${RESERVE_MIB})) ] || return 0
  echo "$1 may take $2 MiB and has to leave ${RESERVE_MIB} MiB to Postgres, and the disk has \${free:-0} MiB free: make room (docs/backups.md)"
  return 1
}
# The limit is one of the process and of what it starts; in blocks of 512 bytes. A write beyond it is an error, and no signal.
bounded() (
  free=$(free_mib "$1")
  shift
  trap '' XFSZ
  ulimit -f $(((free - ${RESERVE_MIB}) * 2048))
  "$@"
)
`;
