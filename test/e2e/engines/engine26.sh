#!/usr/bin/env bash
# engine26.sh start|stop|status|purge DIR
# engine26.sh exec DIR -- COMMAND...
#
# A second, newer Docker engine (Debian 13's, 26.1) beside the machine's own, so that the end-to-end tests can run
# against both. It needs root, mmdebstrap and, for its registry, ../images/build.sh once (for the images).
#
#   start   makes DIR/rootfs if need be (half a minute, once), starts the engine and its registry
#   exec    runs a command of the HOST's in the engine's network namespace, with DOCKER_HOST set
#   stop    ends the engine, its containers and its registry; the images in DIR/data stay for the next start
#   purge   stop, and DIR is gone
#
# What is its own, and why:
#
# - A root file system from mmdebstrap: the newer programs need newer libraries than the host may have.
# - A mount namespace, entered with pivot_root and not chroot. runc enters the containers' namespaces again for
#   `docker exec` and for every health check, and what it finds as the root of the mount namespace is what it uses:
#   after only a chroot that is still the host's, and health checks ran against the wrong file system.
# - A network namespace: two engines in one would fight over docker0, the iptables chains and the published ports.
#   Its loopback and bridges are out of the host's reach, and need no veth pair: the tests go in there instead, with
#   `exec`. A command that runs there sees the host's files, the engine through its socket, published ports on
#   127.0.0.1 and containers at their bridge addresses, exactly as on the host of an ordinary engine.
# - A registry in that namespace, since 127.0.0.1:5000 there is not the host's. It serves the same storage, so the
#   references and digests are the same.
# - Not its own: the PID namespace (the host can signal the engine), the user namespace and the cgroup hierarchy, in
#   which its containers lie under /rampart-engine26.
#
# A bind mount's source is looked up by the engine, in ITS root. So the directories that tests name there (the
# repository, the temporary directory, DIR) are mounted in it under the same paths; RAMPART_ENGINE_SHARE adds more,
# separated by colons.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../../.." && pwd)
registry=$here/../images/registry.sh
cgroup=rampart-engine26

die() {
  printf 'engine26: %s\n' "$*" >&2
  exit 1
}
say() { printf 'engine26: %s\n' "$*"; }
usage() {
  echo "usage: engine26.sh start|stop|status|purge DIR | engine26.sh exec DIR -- COMMAND..." >&2
  exit 2
}

[ $# -ge 2 ] || usage
action=$1
[ "$(id -u)" = 0 ] || die 'namespaces and mounts need root'
dir=$(realpath -m "$2")
shift 2
socket=$dir/run/docker.sock
# The kernel's limit on a socket's path, with its final zero.
[ ${#socket} -lt 108 ] || die "$dir is too long a path for a socket"

# The engine is known by its number and its start time: only a number may have passed to another program.
started_at() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }
engine_pid() {
  local pid time
  read -r pid time 2>/dev/null <"$dir/engine.pid" && [ "$(started_at "$pid")" = "$time" ] && echo "$pid"
}
inside() {
  local pid
  pid=$(engine_pid) || die "none is running in $dir"
  nsenter --net="/proc/$pid/ns/net" env -u DOCKER_CONTEXT DOCKER_HOST="unix://$socket" "$@"
}

make_rootfs() {
  [ ! -e "$dir/rootfs.done" ] || return 0
  command -v mmdebstrap >/dev/null || die 'mmdebstrap is missing'
  say "making the root file system in $dir/rootfs"
  rm -rf --one-file-system "$dir/rootfs"
  # procps: `docker top` runs ps. apparmor: where the kernel has it, the engine refuses to start containers without
  # the program that loads its profile.
  mmdebstrap --variant=minbase --include=docker.io,iptables,iproute2,procps,apparmor \
    --dpkgopt=path-exclude=/usr/share/{doc,man,locale,info}/\* \
    trixie "$dir/rootfs" 2>"$dir/rootfs.log" || die "mmdebstrap failed: $(tail -n 20 "$dir/rootfs.log")"
  touch "$dir/rootfs.done"
}

# Runs in the new namespaces and becomes the engine. Everything is mounted below the new root first; then the old
# root goes, and with it every mount of the host's, so that nothing in here keeps one of them busy.
enter() {
  local root=$dir/rootfs share
  mount --bind "$root" "$root"
  mount --rbind /proc "$root/proc"
  # A sysfs of this network namespace: the host's would show the host's interfaces.
  mount -t sysfs sysfs "$root/sys"
  mount --rbind /sys/fs/cgroup "$root/sys/fs/cgroup"
  [ ! -d /sys/kernel/security/apparmor ] || mount --rbind /sys/kernel/security "$root/sys/kernel/security"
  mount --rbind /dev "$root/dev"
  mount -t tmpfs -o mode=755 tmpfs "$root/run"
  mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
  mkdir -p "$root/run/engine" "$root/var/lib/docker"
  mount --bind "$dir/run" "$root/run/engine"
  # On the host's own file system: overlay mounts can't lie on the tmpfs above.
  mount --bind "$dir/data" "$root/var/lib/docker"
  while IFS= read -r -d : share; do
    [ -d "$share" ] || continue
    mkdir -p "$root$share"
    mount --bind "$share" "$root$share"
  done <<<"${TMPDIR:-/tmp}:$repository:$dir/run:${RAMPART_ENGINE_SHARE:-}:"
  ip link set lo up
  cd "$root"
  pivot_root . .
  # `pivot_root . .` lays the old root over the new one: this takes the upper, the old, away.
  umount -l .
  cd /
  # IPv6 by rules of the kernel, where it has them, as Docker does by default from 27 on. The other engine goes without.
  local ipv6=()
  if ip6tables --table nat --list-rules >/dev/null 2>&1; then ipv6=(--experimental --ip6tables); fi
  # Both sockets are the same engine's: the first is where a container that mounts /var/run/docker.sock looks, the
  # second is on the host's file system, where the host reaches it.
  exec env -i PATH=/usr/sbin:/usr/bin HOME=/root dockerd "${ipv6[@]}" --host unix:///run/docker.sock \
    --host unix:///run/engine/docker.sock --cgroup-parent "/$cgroup"
}

start() {
  local pid
  if pid=$(engine_pid); then
    say "runs already, process $pid"
    return
  fi
  mkdir -p "$dir/run" "$dir/data"
  make_rootfs
  rm -f "$socket"
  # A session of its own, so that it outlives this script; `unshare` and `enter` then become the engine by exec, and
  # the number noted here is the engine's.
  setsid unshare --mount --net --propagation private "${BASH_SOURCE[0]}" enter "$dir" \
    >"$dir/engine.log" 2>&1 </dev/null &
  pid=$!
  echo "$pid $(started_at "$pid")" >"$dir/engine.pid"
  for _ in $(seq 300); do
    engine_pid >/dev/null || die "did not start: $(tail -n 20 "$dir/engine.log")"
    if [ -S "$socket" ] && inside docker version --format '{{.Server.Version}}' >/dev/null 2>&1; then
      inside "$registry" start
      say "Docker $(inside docker version --format '{{.Server.Version}}') runs, process $pid, socket $socket"
      return
    fi
    sleep 0.2
  done
  die "does not answer: $(tail -n 20 "$dir/engine.log")"
}

stop() {
  local pid each
  if pid=$(engine_pid); then
    # First, while its namespace can still be named. It is the registry's own script that knows which one it is.
    inside "$registry" stop
    # The engine stops its containers, then itself.
    kill -TERM "$pid"
    for _ in $(seq 600); do
      engine_pid >/dev/null || break
      sleep 0.1
    done
    ! engine_pid >/dev/null || die "process $pid did not end in a minute; its log is $dir/engine.log"
    say 'stopped'
  else
    say "none is running in $dir"
  fi
  rm -f "$dir/engine.pid" "$socket"
  # The engine removes its containers' cgroups but not the parent that it made for them.
  for each in /sys/fs/cgroup/"$cgroup" /sys/fs/cgroup/*/"$cgroup"; do
    [ ! -d "$each" ] || rmdir "$each" 2>/dev/null || :
  done
}

case $action in
  start) start ;;
  stop) stop ;;
  status)
    pid=$(engine_pid) || { say "none is running in $dir"; exit 1; }
    say "Docker $(inside docker version --format '{{.Server.Version}}') runs, process $pid, socket $socket"
    inside "$registry" status
    ;;
  purge)
    stop
    # Only what this script made, and never into something mounted.
    rm -rf --one-file-system "$dir"/{rootfs,data,run} "$dir"/{rootfs.done,rootfs.log,engine.log}
    rmdir "$dir" 2>/dev/null || :
    ;;
  exec)
    if [ "${1:-}" != -- ] || [ $# -lt 2 ]; then usage; fi
    shift
    inside "$@"
    ;;
  enter) enter ;;
  *) usage ;;
esac
