#!/bin/sh
## Arguments: beginnings of keys. Rampart's own user may not read keys; it may make a user. The one that is made here
## may find and delete the keys of these prefixes only, has a password of this moment, and is deleted at the end.
# Written by Rampart. Deletes the keys that begin so, and prints a line `<prefix> <number>` for each.
set -euf
export LC_ALL=C

admin() {
  REDISCLI_AUTH=$(cat /tmp/rampart-admin) redis-cli -p 6379 --user rampart --no-auth-warning "$@"
}

password=$(head -c 32 /dev/urandom | sha256sum | cut -c 1-64)
hash=$(printf %s "$password" | sha256sum | cut -c 1-64)
own() {
  REDISCLI_AUTH=$password redis-cli -p 6379 --user rampart-respond --no-auth-warning "$@"
}

leave() {
  admin ACL DELUSER rampart-respond >/dev/null
}
trap leave EXIT

patterns=
for prefix in "$@"; do patterns="$patterns ~$prefix*"; done
# A prefix has no spaces.
# shellcheck disable=SC2086
answer=$(admin ACL SETUSER rampart-respond reset on "#$hash" $patterns +scan +unlink)
[ "$answer" = OK ] || { echo "Redis did not take the user that deletes: $answer" >&2; exit 1; }

cursor=$(own SCAN 0 COUNT 1 | head -n 1)
case $cursor in
  '' | *[!0-9]*)
    echo "Redis did not let the user look for keys: $cursor" >&2
    exit 1
    ;;
esac
for prefix in "$@"; do
  # A key may have quotes and backslashes: it is a quoted word of redis-cli's. Every answer has to be a number. A
  # session that begins meanwhile may stay.
  if ! count=$(own --scan --pattern "$prefix*" | sed 's/["\\]/\\&/g; s/.*/UNLINK "&"/' | own |
    awk '!/^[0-9]+$/ { wrong = 1 } { sum += $1 } END { print sum + 0; exit wrong }'); then
    echo "keys that begin with $prefix could not be deleted" >&2
    exit 1
  fi
  echo "$prefix $count"
done
