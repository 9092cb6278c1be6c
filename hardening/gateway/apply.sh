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

# A field of a server's state: 5 is its address, 18 the name that it follows.
state() { ask "show servers state $1" | awk -v server="$2" -v field="$3" '$4 == server { print $field }'; }

# Whether a server has taken an address of its new name. The old container still runs, so the new one has another
# address, unless somebody has removed the old one.
moved() {
  address=$(state "$1" "$2" 5)
  case $address in '' | - | 0.0.0.0) return 1 ;; esac
  [ "$address" != "$3" ] || getent hosts "$4" | grep -q "^$address "
}

if ! serves; then
  if ! said=$(haproxy -c -f "$base" -f "$routes" 2>&1); then
    echo "$said" >&2
    exit 1
  fi
  kill -USR2 1
  patiently serves || { echo 'the gateway did not read the new routes within 20 s' >&2; exit 1; }
fi

# All are told first, and then waited for: `section server address-before name`, a line each.
told=$(
  while read -r section count alias; do
    number=1
    while [ "$number" -le "$count" ]; do
      server=v$number
      number=$((number + 1))
      [ "$(state "$section" "$server" 18)" != "$alias" ] || continue
      echo "$section $server $(state "$section" "$server" 5) $alias"
      ask "set server $section/$server fqdn $alias" >/dev/null
    done
  done <"$routes/servers"
)
[ -n "$told" ] || exit 0
echo "$told" | while read -r section server before alias; do
  if ! patiently moved "$section" "$server" "$before" "$alias"; then
    echo "$alias has no address after 20 s" >&2
    exit 1
  fi
done
