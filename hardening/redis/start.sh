#!/bin/sh
## The users in force at the last moment and those that the stack declares, as one: the declared win, and keep what
## further passwords they had, so that a restart in the middle of a rotation serves both. Only a user's name and whole
## hashes are taken from the saved file, so nothing that is broken in it reaches Redis.
# Written by Rampart. Starts Redis with the users that the stack declares and the passwords that were in force.
set -eu
umask 077
export LC_ALL=C
desired=/etc/rampart-live/users.acl
saved=/data/users.acl
password_file=/tmp/rampart-admin

[ -s "$desired" ] || { echo "rampart: $desired is missing or empty" >&2; exit 1; }

# The administration's password is made at each start, and is nowhere but in this container's memory.
password=$(head -c 32 /dev/urandom | sha256sum | cut -c 1-64)
hash=$(printf %s "$password" | sha256sum | cut -c 1-64)
rm -f "$password_file"
printf %s "$password" >"$password_file"

users() {
  before=$saved
  [ -r "$before" ] || before=/dev/null
  awk '
    pass == 1 {
      if ($1 != "user") next
      for (i = 3; i <= NF; i++) if ($i ~ /^#[0-9a-f]+$/ && length($i) == 65) kept[$2] = kept[$2] " " $i
      next
    }
    $2 == "default" || $2 == "health" { print; next }
    $1 == "user" { print $0 kept[$2] }
  ' pass=1 "$before" pass=2 "$desired"
  rules='+ping +acl|whoami +acl|list +acl|setuser +acl|deluser +acl|save +client|list +client|kill'
  echo "user rampart reset on #$hash $rules"
}

target=$saved
if users >"$saved.new" && mv "$saved.new" "$saved"; then :; else
  rm -f "$saved.new" || :
  target=$password_file.users
  echo "rampart: $saved cannot be written (is the disk full?); changes of users last until the next start" >&2
  users >"$target"
fi
exec redis-server /etc/rampart/redis.conf --aclfile "$target"
