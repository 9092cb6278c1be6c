#!/bin/sh
## Where the two directories are, the component says: what is delivered has these.
# Has the running gateway serve the routes that lie in its volume. New names of servers are told to the running process,
# which loses no connection; anything else is read by a new process, which takes the listeners of the old one.
set -eu

base=/etc/rampart/haproxy.cfg
routes=/routes
shape=$(cat "$routes/shape")

# Whether the process that takes new connections has read routes of this shape.
serves() { wget -q -O /dev/null "http://127.0.0.1:8084/rampart/routes/$shape" 2>/dev/null; }

# Asks the process over its control port, which only this container reaches.
ask() { printf '%s\n' "$1" | busybox nc 127.0.0.1 8083; }

# Polls a question for at most 20 s.
patiently() {
  tries=0
  until "$@"; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || return 1
    sleep 0.2
  done
}

# Whether each server of a section has an address that its name stands for.
resolved() {
  addresses=$(getent hosts "$2" | awk '{ print $1 }')
  [ -n "$addresses" ] || return 1
  ask "show servers state $1" | awk -v addresses="$addresses" '
    BEGIN { count = split(addresses, list, "\n"); for (i = 1; i <= count; i++) known[list[i]] = 1 }
    /^[0-9]+ [^ ]+ [0-9]+ / { servers++; if (!($5 in known)) stale++ }
    END { exit servers > 0 && stale == 0 ? 0 : 1 }
  '
}

if ! serves; then
  if ! said=$(haproxy -c -f "$base" -f "$routes" 2>&1); then
    echo "$said" >&2
    exit 1
  fi
  kill -USR2 1
  patiently serves || { echo 'the gateway did not read the new routes within 20 s' >&2; exit 1; }
fi

while read -r section count alias; do
  server=1
  while [ "$server" -le "$count" ]; do
    ask "set server $section/v$server fqdn $alias" >/dev/null
    server=$((server + 1))
  done
  patiently resolved "$section" "$alias" || { echo "$alias has no address after 20 s" >&2; exit 1; }
done <"$routes/servers"
