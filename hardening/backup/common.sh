## What the scripts of the three containers share. POSIX sh, for BusyBox and dash alike.
# Written by Rampart. Sourced by the scripts beside it.
set -u
umask 027
LC_ALL=C
TZ=UTC
export LC_ALL TZ
state=/state

now() { date -u +%s; }
iso() { date -u -d "@$1" +%Y-%m-%dT%H:%M:%SZ; }
say() { printf '%s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*"; }

# Standard input as the inside of a JSON string: one line, not too long.
json_text() { tr '\000-\037' ' ' | sed 's/  */ /g; s/^ //; s/ $//' | tail -c 1500 | sed 's/\\/\\\\/g; s/"/\\"/g'; }

# number FILE KEY, text FILE KEY: a value out of a one-line JSON object; nothing where there is none.
number() { sed -n 's/.*"'"$2"'":\([0-9][0-9]*\).*/\1/p' "$1" 2>/dev/null | tail -n 1; }
text() { sed -n 's/.*"'"$2"'":"\(\([^"\\]\|\\.\)*\)".*/\1/p' "$1" 2>/dev/null | tail -n 1; }

# put FILE: standard input, there whole or not at all.
put() { cat >"$1.part" && mv "$1.part" "$1"; }

. ./space.sh

# A part of the work in the background, so that a stop is answered at once: the shell only reacts between commands.
work() {
  "$@" &
  worker=$!
  wait "$worker"
}

# PID 1 has no default signal handlers. When it ends, the engine ends every other process of the container.
trap 'say "stopped"; exit 0' INT TERM

# Seconds since this container started, by a file that dies with it.
started() {
  if [ ! -e /tmp/started ]; then now >/tmp/started; fi
}
## For 900 seconds an old backup, or a repository that does not answer, is not yet a fault.
in_grace() { [ $(($(now) - $(cat /tmp/started 2>/dev/null || now))) -lt 900 ]; }

# How old the newest good backup is, in words, and whether that is too old: sets $age_message.
too_old() {
  good=$(number "$state/store/good" epoch)
  limit=$((RAMPART_MAX_AGE_HOURS * 3600))
  if [ -z "$good" ]; then
    since=$(cat "$state/dump/since" 2>/dev/null || now)
    age_message="there is no backup yet; the first one is due at $RAMPART_AT UTC"
    [ $(($(now) - since)) -gt "$limit" ] || return 1
    age_message="there is no good backup, $((($(now) - since) / 3600)) hours after the first start"
    return 0
  fi
  age_message="the newest good backup is of $(iso "$good"), $((($(now) - good) / 3600)) hours ago"
  [ $(($(now) - good)) -gt "$limit" ] || return 1
  age_message="$age_message: more than $RAMPART_MAX_AGE_HOURS"
}
