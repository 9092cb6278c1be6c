#!/bin/sh
## Where the two directories are, the component says: what is delivered has these.
# Has the running gateway serve the routes that lie in its volume. New names of servers and their weights are told to
# the running process, which loses no connection; anything else is read by a new process, which takes the listeners of
# the old one.
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

# The servers, a line each: `section server name weight`. A line of the file that names no server stands for v1, v2 …
wanted() {
  while read -r section count alias server weight; do
    if [ -n "$server" ]; then
      echo "$section $server $alias ${weight:--}"
    else
      number=1
      while [ "$number" -le "$count" ]; do
        echo "$section v$number $alias -"
        number=$((number + 1))
      done
    fi
  done <"$routes/servers"
}

# Tells the process that takes connections now the names of its servers, and lists what it told: `section server
# address-before name-before name`. A process that has read its configuration anew knows the names, and had no address
# before. The process before has not all of the servers.
tell() {
  wanted | while read -r section server alias _; do
    name=$(state "$section" "$server" 18)
    if [ "$name" = "$alias" ]; then
      echo "$section $server - $alias $alias"
    elif [ -n "$name" ]; then
      echo "$section $server $(state "$section" "$server" 5) $name $alias"
      ask "set server $section/$server fqdn $alias" >/dev/null
    elif [ "$1" = all ]; then
      echo "$section $server - $alias $alias"
    fi
  done
}

# Whether a server has taken an address of its new name. The old container still runs, so the new one has another
# address, unless somebody has removed the old one.
moved() {
  address=$(state "$1" "$2" 5)
  case $address in '' | - | 0.0.0.0) return 1 ;; esac
  [ "$address" != "$3" ] || getent hosts "$4" | grep -q "^$address "
}

# All are told first, and then waited for.
arrived() {
  echo "$told" | while read -r section server before _ alias; do
    [ -z "$section" ] || patiently moved "$section" "$server" "$before" "$alias" ||
      { echo "$alias has no address after 20 s" >&2; exit 1; }
  done
}

# The containers before serve on, and the next try begins at the beginning.
lead_back() {
  echo "$told" | while read -r section server _ name alias; do
    [ "$name" = "$alias" ] || ask "set server $section/$server fqdn $name" >/dev/null
  done
}

# All servers, or those that the process has.
lead() {
  told=$(tell "$1")
  arrived || { lead_back; exit 1; }
}

# Servers that go while their section stays: they get no request any more. Lists them.
leave() {
  list=$(wanted)
  for section in $(echo "$list" | cut -d ' ' -f 1 | sort -u); do
    for server in $(ask "show servers state $section" | awk '$1 ~ /^[0-9]+$/ && NF > 4 { print $4 }'); do
      echo "$list" | grep -q "^$section $server " && continue
      echo "$section/$server"
      ask "set server $section/$server state maint" >/dev/null
    done
  done
}

# How many of a hundred requests a canary gets. It is looked at afterwards, as the control port's words are many.
weigh() {
  wanted | while read -r section server _ weight; do
    [ "$weight" != - ] || continue
    ask "set server $section/$server weight $weight" >/dev/null
    [ "$(state "$section" "$server" 8)" = "$weight" ] ||
      { echo "$section/$server did not take its weight $weight" >&2; exit 1; }
  done
}

if ! serves; then
  if ! said=$(haproxy -c -f "$base" -f "$routes" 2>&1); then
    echo "$said" >&2
    exit 1
  fi
  # The process before still gets requests for some seconds, over connections that are open, and looks up no name any
  # more: so it is led to what stays before it goes.
  lead known
  left=$(leave)
  kill -USR2 1
  if ! patiently serves; then
    echo 'the gateway did not read the new routes within 20 s' >&2
    for server in $left; do ask "set server $server state ready" >/dev/null; done
    lead_back
    exit 1
  fi
fi
lead all
weigh
