#!/bin/sh
# install.sh look|install ROOT PARSER NAME TEXT [NAME TEXT]...
# Writes AppArmor profiles to ROOT/etc/apparmor.d and loads them with PARSER; ROOT is "/" but for a test. "look" changes
# nothing. Prints what is so, one fact a line: a kind, a key and a value, with tabs between them. The last line is
# "end".
# Each profile is a fact "file" (new, changed or same) and a fact "mode" (what the kernel says, or "none"). What keeps
# the profiles from being installed is a fact "fault", and then nothing is written.
set -eu
umask 022
LC_ALL=C
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export LC_ALL PATH

action=$1
root=${2%/}
parser=$3
shift 3
directory=$root/etc/apparmor.d
loaded=$root/sys/kernel/security/apparmor/profiles

fact() { printf '%s\t%s\t%s\n' "$1" "$2" "$3"; }
fault() {
  fact fault "$1" "$2"
  fact end '' ''
  exit 0
}

file_state() {
  if [ ! -e "$directory/$1" ]; then
    echo new
  elif printf '%s' "$2" | cmp -s - "$directory/$1"; then
    echo same
  else
    echo changed
  fi
}

# A line of the kernel's list is: rampart-api (enforce)
mode_of() {
  mode=$(sed -n "s/^$1 (\\(.*\\))\$/\\1/p" "$loaded")
  echo "${mode:-none}"
}

[ "$(id -u)" = 0 ] || fault not-root "$(id -un)"
[ -e "$loaded" ] || fault no-apparmor "$loaded"
command -v "$parser" >/dev/null 2>&1 || fault no-parser "$parser"

fact host name "$(uname -n)"
if [ "$action" = install ]; then
  # Every text is compiled before the first is written: a file that does not compile would fail at each boot.
  all=$#
  while [ "$all" -gt 0 ]; do
    printf '%s' "$2" | "$parser" --skip-kernel-load --skip-cache >&2 || fault refused "$1"
    set -- "$@" "$1" "$2"
    shift 2
    all=$((all - 2))
  done
  mkdir -p "$directory"
fi

names=
all=$#
while [ "$all" -gt 0 ]; do
  state=$(file_state "$1" "$2")
  fact file "$1" "$state"
  if [ "$action" = install ] && [ "$state" != same ]; then
    # Tools that read the directory pass over a name that begins with a dot.
    printf '%s' "$2" >"$directory/.$1.new"
    chmod 644 "$directory/.$1.new"
    mv -f "$directory/.$1.new" "$directory/$1"
  fi
  names="$names $1"
  set -- "$@" "$1" "$2"
  shift 2
  all=$((all - 2))
done

if [ "$action" = install ]; then
  for name in $names; do
    "$parser" -r "$directory/$name" >&2 || fault not-loaded "$name"
  done
fi
for name in $names; do fact mode "$name" "$(mode_of "$name")"; done
fact end '' ''
