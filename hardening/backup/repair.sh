# `store.sh repair look|mend|end`: parts of `rampart backup repair`, which says what they print in a person's words.
# Each holds the repository for itself. They print facts, one a line: `clean`, `errors N`, `index`, `pack ID`,
# `snapshot ID` (its own file is damaged), `hit ID` (a backup that has content in what is damaged), `forgotten ID`,
# `began`. Exit codes: 1, something failed; 3, a repair is at work; 4, the repository does not open.
# Written by Rampart. Sourced by store.sh.
# shellcheck disable=SC2034,SC2154 ##
repairing=/tmp/repairing
turning=/tmp/turning
copies=$restored/repair

# Whether a command that repairs is at work: the turns of the container's process wait for it.
being_repaired() { pid=$(cat "$repairing" 2>/dev/null) && [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; }

# hold: from here on no turn begins, and the one that had begun is over.
hold() {
  being_repaired || rm -f "$repairing"
  if ! (set -C && echo $$ >"$repairing") 2>/dev/null; then
    echo 'another repair of this repository is at work' >&2
    exit 3
  fi
  trap 'rm -rf "$work_directory" "$repairing"' EXIT
  while [ -e "$turning" ]; do sleep 1; done
}

# reach: whether the repository opens. Never makes one.
reach() {
  errors=$work_directory/errors
  code=0
  limit='timeout 45'
  run_restic cat config >/dev/null 2>"$errors" || code=$?
  limit=
  [ "$code" -ne 0 ] || return 0
  closed_because "$code"
  echo "$reason" >&2
  exit 4
}

# give_up STEP: says what restic wrote last.
give_up() {
  echo "$1 failed: $(grep -v '^{"message_type":"s' "$errors" | tail -n 3 | json_text)" >&2
  exit 1
}

# read_all: reads every byte, into $work_directory/check. Fails where something is damaged; $index says whether the
# index is, which hides the rest.
read_all() {
  index=
  ## Nobody else changes anything meanwhile. A repository with much damage has a line for each blob, and /tmp is small:
  ## what names a pack or a snapshot is kept, and a little of the rest.
  run_restic check --no-lock --read-data --json 2>&1 | awk '
    /"message_type":"summary"/ { print; next }
    /"message":"pack / || /failed to load snapshot/ || others++ < 20 { print substr($0, 1, 400) }
  ' >"$work_directory/check"
  if ! grep -q '"message_type":"summary"' "$work_directory/check"; then
    grep -q '^{"message_type":"error"' "$work_directory/check" || {
      cp "$work_directory/check" "$errors"
      [ -s "$errors" ] || echo 'restic ended without a word' >"$errors"
      give_up 'reading the repository'
    }
  fi
  ! grep -q '"suggest_repair_index":true' "$work_directory/check" || index=yes
  grep -q '^{"message_type":"error"' "$work_directory/check" || return 0
  return 1
}

found_packs() {
  sed -n 's/.*"broken_packs":\[\([^]]*\)\].*/\1/p' "$work_directory/check" | tr -d '"' | tr ',' '\n' | sed '/^$/d'
}
## What is not there at all is in no list of what can be salvaged.
named_packs() {
  { found_packs; sed -n 's/.*"message":"pack \([0-9a-f]\{64\}\).*/\1/p' "$work_directory/check"; } | sort -u
}
named_snapshots() {
  sed -n 's/.*"message":"error: failed to load snapshot \([0-9a-f]*\):.*/\1/p' "$work_directory/check" | sort -u
}

# lacking: the backups that cannot be restored whole, by what the index knows.
lacking() {
  run_restic repair snapshots --dry-run --no-lock --tag rampart >"$work_directory/lacking" 2>"$errors" ||
    give_up 'looking for what lacks content'
  awk '/^snapshot / { id = $2 } /^would (save|delete|remove)/ { print id }' "$work_directory/lacking" | sort -u
}

# hit: backups with content in damaged packs, which the index still knows. It names more than will be lost: a pack can
# be damaged in part.
hit() {
  packs=$(named_packs)
  if [ -n "$packs" ]; then
    # A word for each pack.
    # shellcheck disable=SC2086
    run_restic find --no-lock --json --tag rampart --pack $packs 2>&1 | tr '{' '\n' |
      sed -n 's/.*"snapshot":"\([0-9a-f]\{8\}\).*/\1/p; s/.*belongs to snapshot \([0-9a-f]\{8\}\).*/\1/p'
  fi
  lacking
}

# tell: the facts of what was read.
tell() {
  echo "errors $(number "$work_directory/check" num_errors)"
  [ -z "$index" ] || echo index
  named_packs | sed 's/^/pack /'
  named_snapshots | sed 's/^/snapshot /'
  [ -n "$index" ] || hit | sort -u | sed 's/^/hit /'
}

repair_look() {
  hold
  reach
  [ ! -e "$own/repair" ] || echo began
  if read_all; then echo clean; else tell; fi
}

# room_for_copies: of the damaged packs, and of what is salvaged from them where the repository is on this host.
room_for_copies() {
  kib=0
  for pack in $(found_packs); do
    if [ "$RAMPART_REPOSITORY" = /repository ]; then
      size=$(du -k "/repository/data/$(printf %.2s "$pack")/$pack" 2>/dev/null | awk '{ print $1 * 2 }')
    else
      ## The largest pack that restic makes unless it is told otherwise: 16 MiB, and a blob of 8.
      size=24576
    fi
    kib=$((kib + ${size:-0}))
  done
  room_for 'the repair' $((kib / 1024 + 1)) "$restored" >&2
}

repair_mend() {
  hold
  reach
  if read_all; then
    [ -e "$own/repair" ] || { echo clean; return 0; }
    echo began
    return 0
  fi
  now | put "$own/repair"
  run_restic unlock --quiet >/dev/null 2>&1
  run_restic repair index --retry-lock 5m >"$errors" 2>&1 || give_up 'repairing the index'
  if [ -n "$index" ]; then
    echo index
    read_all || true
    index=
  fi
  tell
  room_for_copies || exit 1
  packs=$(found_packs)
  if [ -n "$packs" ]; then
    ## restic puts copies of the packs where it stands, and does not write over one.
    mkdir -p "$copies/$(now)" && cd "$copies/$(now)" || exit 1
    # A word for each pack.
    # shellcheck disable=SC2086
    run_restic repair packs --retry-lock 5m $packs >"$errors" 2>&1 || give_up 'repairing the packs'
  fi
  ## restic has no command that removes a snapshot whose file it cannot read.
  if [ "$RAMPART_REPOSITORY" = /repository ]; then
    for snapshot in $(named_snapshots); do rm -f "/repository/snapshots/$snapshot"*; done
  fi
}

# repair_end: after the backup that brought back what the database still has. What lacks content even so is no backup.
repair_end() {
  hold
  reach
  list=$(lacking) || exit 1
  if [ -n "$list" ]; then
    # A word for each backup.
    # shellcheck disable=SC2086
    run_restic forget --retry-lock 5m $list >"$errors" 2>&1 || give_up 'forgetting what lacks content'
    echo "$list" | sed 's/^/forgotten /'
  fi
  run_restic prune --retry-lock 5m >"$errors" 2>&1 || give_up 'removing what no backup needs'
  if ! read_all; then
    tell
    exit 1
  fi
  checked "$(now)" "$(number "$own/check" part)"
  rm -rf "$own/repair" "$own/failed" "$copies"
  echo clean
}

repair() {
  case ${1:-} in
    look) repair_look ;;
    mend) repair_mend ;;
    end) repair_end ;;
    *) echo 'usage: store.sh repair look|mend|end' >&2; exit 2 ;;
  esac
}
