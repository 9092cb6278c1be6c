#!/usr/bin/env bash
# registry.sh start|stop|status: a registry on 127.0.0.1 for the stand-in images.
#
# A registry is what gives an image a digest, and Rampart deploys by digest. It listens only on the loopback
# address: engines take that address without TLS, and nobody else can reach it.
#
# Its storage is a directory in the cache, so several registries can serve the same images: an engine in a network
# namespace of its own (../engines/engine26.sh) has its own loopback, and this script, run in that namespace, starts
# a second registry there under the same name and thus the same references.
set -euo pipefail

port=${RAMPART_E2E_REGISTRY_PORT:-5000}
cache=${RAMPART_E2E_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rampart-e2e}
storage=${RAMPART_E2E_REGISTRY_STORAGE:-$cache/registry}
# One file for each network namespace: the same port in another namespace is another registry.
namespace=$(readlink /proc/self/ns/net)
state=$cache/run/registry-${namespace//[^0-9]/}-$port

answers() {
  curl -fsS --noproxy '*' --max-time 2 -o /dev/null "http://127.0.0.1:$port/v2/" 2>/dev/null
}

# The process that `start` began, if it is still that one: only a number may have passed to another program.
running() {
  local pid
  pid=$(cat "$state.pid" 2>/dev/null) && grep -qz -- "$state.yml" "/proc/$pid/cmdline" 2>/dev/null && echo "$pid"
}

start() {
  if answers; then
    echo "registry: one answers on 127.0.0.1:$port already"
    return
  fi
  mkdir -p "$storage" "$cache/run"
  cat >"$state.yml" <<YAML
version: 0.1
log: { level: warn, accesslog: { disabled: true } }
storage:
  filesystem: { rootdirectory: "$storage" }
  delete: { enabled: true }
http: { addr: "127.0.0.1:$port" }
YAML
  # A session of its own, and none of this script's open files: it outlives the script, and must not hold its locks.
  setsid docker-registry serve "$state.yml" >"$state.log" 2>&1 </dev/null 3>&- 9>&- &
  echo $! >"$state.pid"
  for _ in $(seq 100); do
    if answers; then
      echo "registry: started on 127.0.0.1:$port, storage in $storage"
      return
    fi
    sleep 0.1
  done
  echo "registry: did not start; its log is $state.log" >&2
  exit 1
}

stop() {
  local pid
  if pid=$(running); then
    kill "$pid"
    for _ in $(seq 100); do
      [ -e "/proc/$pid" ] || break
      sleep 0.1
    done
    echo "registry: stopped"
  else
    echo "registry: none that this script started is running here"
  fi
  rm -f "$state".{pid,yml,log}
}

case ${1:-} in
  start) start ;;
  stop) stop ;;
  status)
    answers || { echo "registry: none on 127.0.0.1:$port"; exit 1; }
    echo "registry: answers on 127.0.0.1:$port"
    ;;
  *)
    echo "usage: registry.sh start|stop|status" >&2
    exit 2
    ;;
esac
