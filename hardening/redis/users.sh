#!/bin/sh
## `list`: the services' users in force. `stage`: everything that the stack declares is added, nothing is taken away.
## `settle [user=address,...]...`: the users are exactly those declared; the connections of a user that lost a password
## end, but for those from the addresses given. SETUSER is atomic and cuts no connection off (but a subscriber's that
## loses its channel), DELUSER does; ACL LOAD, which up to 7.0 cuts everyone off, is never used.
# Written by Rampart. Changes the users of the running server; run with list, stage or settle.
# shellcheck disable=SC2016 # what is in single quotes is awk's
set -eu
export LC_ALL=C
desired=/etc/rampart-live/users.acl
ended_file=/tmp/rampart-admin.ended
REDISCLI_AUTH=$(cat /tmp/rampart-admin)
export REDISCLI_AUTH

fail() {
  # An error may repeat a rule: no hash of a password gets into a log.
  printf 'rampart: %s\n' "$1" | sed 's/#[0-9a-f]\{1,\}/#.../g' >&2
  exit 1
}

client() {
  redis-cli -p 6379 --user rampart --no-auth-warning "$@" 2>&1
}

# Commands from the standard input, one a line; each answer has to be a status or a number.
execute() {
  commands=$(cat)
  answers=$(printf '%s\n' "$commands" | client) || fail "redis-cli failed: $answers"
  wrong=$(printf '%s\n' "$answers" | grep -Ev '^(OK|[0-9]+)?$' || :)
  [ -z "$wrong" ] || fail "$wrong"
  [ -n "$answers" ] || fail 'Redis did not answer'
}

# A server that has just been started may still be loading its data.
tries=0
until answer=$(client ping) && [ "$answer" = PONG ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 60 ] || fail "Redis does not answer: $answer"
  sleep 0.5
done
current=$(client ACL LIST)

# pass 1: the users in force; pass 2: those declared.
with_current() {
  printf '%s\n' "$current" | awk "$1" pass=1 - pass=2 "$desired"
}

case ${1:-} in
  list)
    printf '%s\n' "$current" | awk '$2 != "default" && $2 != "health" && $2 != "rampart" { print $2 }'
    ;;
  stage)
    {
      with_current '
        pass == 1 { known[$2] = 1; next }
        $1 != "user" || $2 == "default" || $2 == "health" { next }
        !($2 in known) { $1 = "ACL SETUSER"; print; next }
        {
          # Passwords, keys, channels and single commands are added; +@all would give what was taken away once.
          line = "ACL SETUSER " $2 " on"
          for (i = 3; i <= NF; i++) if ($i ~ /^[#~&]/ || ($i ~ /^[+]/ && $i !~ /^[+]@/)) line = line " " $i
          print line
        }'
      echo 'ACL SAVE'
    } | execute
    ;;
  settle)
    shift
    # Who loses a password. Kept until their connections have ended, so that an interrupted run is finished by the next.
    ended=$({ cat "$ended_file" 2>/dev/null || :; with_current '
      pass == 1 { for (i = 3; i <= NF; i++) if ($i ~ /^#/) had[$2 " " $i] = 1; next }
      $1 == "user" { names[$2] = 1; for (i = 3; i <= NF; i++) if ($i ~ /^#/) delete had[$2 " " $i] }
      END { for (pair in had) { split(pair, part, " "); if (part[1] in names) print part[1] } }'; } | sort -u)
    printf '%s\n' "$ended" >"$ended_file"
    {
      awk '$1 == "user" { $1 = "ACL SETUSER"; print }' "$desired"
      with_current '
        pass == 2 { if ($1 == "user") wanted[$2] = 1; next }
        $2 != "default" && $2 != "health" && $2 != "rampart" { seen[$2] = 1 }
        END { for (name in seen) if (!(name in wanted)) print "ACL DELUSER " name }'
      echo 'ACL SAVE'
    } | execute
    # Whoever is still connected with a password that has just ended is not one of the services' running containers.
    kills=$(client CLIENT LIST | awk -v ended="$(printf %s "$ended" | tr '\n' ' ')" -v spared="$*" '
      BEGIN {
        n = split(ended, list, " "); for (i = 1; i <= n; i++) lost[list[i]] = 1
        n = split(spared, list, " ")
        for (i = 1; i <= n; i++) {
          split(list[i], pair, "=")
          m = split(pair[2], ip, ",")
          for (j = 1; j <= m; j++) spare[pair[1] " " ip[j]] = 1
        }
      }
      {
        id = address = user = ""
        for (i = 1; i <= NF; i++) {
          if ($i ~ /^id=/) id = substr($i, 4)
          if ($i ~ /^addr=/) { address = substr($i, 6); sub(/:[0-9]+$/, "", address) }
          if ($i ~ /^user=/) user = substr($i, 6)
        }
        if (user in lost && !((user " " address) in spare)) print "CLIENT KILL ID " id
      }')
    [ -z "$kills" ] || printf '%s\n' "$kills" | execute
    rm -f "$ended_file"
    ;;
  *) fail 'usage: list, stage or settle [user=address,...]...' ;;
esac
