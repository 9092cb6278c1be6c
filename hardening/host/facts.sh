#!/bin/sh
# facts.sh [SOCKET [ROOT [ask]]]
# Writes what is so on this host, one fact a line: a kind, a key and a value, with tabs between them. The last line is
# "end". SOCKET is the engine's socket and ROOT its directory. With "ask" the engine is asked from here. Changes
# nothing, and needs no tool but a POSIX shell: what a missing tool or a missing right keeps hidden is a fact of the
# kind "hidden", with the reason as its value.
set -u
LC_ALL=C
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export LC_ALL PATH

fact() { printf '%s\t%s\t%s\n' "$1" "$2" "$3"; }
hidden() { fact hidden "$1" "$2"; }
has() { command -v "$1" >/dev/null 2>&1; }
lines() {
  while IFS= read -r line || [ -n "$line" ]; do fact "$1" "$2" "$line"; done
}
first_line() { { IFS= read -r line <"$1"; } 2>/dev/null && printf '%s' "$line"; }
is_root() { [ "$(id -u)" = 0 ]; }
needs_root() { is_root || { hidden "$1" 'only root sees it'; return 1; }; }
needs_tool() { has "$2" || { hidden "$1" "there is no $2"; return 1; }; }

system() {
  fact system os "$(uname -s)"
  fact system kernel "$(uname -r)"
  fact system build "$(uname -v)"
  fact system name "$(uname -n)"
  fact system uid "$(id -u)"
  fact system init "$(first_line /proc/1/comm)"
  fact system socket "$socket"
  fact system root "$root"
  if [ -r /proc/version_signature ]; then fact system signature "$(first_line /proc/version_signature)"; fi
  if [ -r /sys/kernel/security/lsm ]; then fact system lsm "$(first_line /sys/kernel/security/lsm)"; fi
  for file in /.dockerenv /run/.containerenv; do
    if [ -e "$file" ]; then fact system inside "$file"; fi
  done
  if [ -r /etc/os-release ]; then
    sed -n 's/^\(ID\|ID_LIKE\|VERSION_ID\|VERSION_CODENAME\|PRETTY_NAME\)=/\1\t/p' /etc/os-release |
      while IFS="$(printf '\t')" read -r key value; do fact os "$key" "$value"; done
  fi
  # Of a kernel that was removed a directory can be left, without this file.
  kernels=$(find /lib/modules -mindepth 2 -maxdepth 2 -name modules.dep 2>/dev/null | sed 's#/modules.dep$##; s#.*/##')
  fact system installed-kernel "$(printf '%s' "$kernels" | sort -V 2>/dev/null | tail -n 1)"
}

# Every process dockerd: its arguments, its user, and the configuration as it sees it.
engines() {
  for comm in /proc/[0-9]*/comm; do
    [ "$(first_line "$comm")" = dockerd ] || continue
    pid=${comm#/proc/}
    pid=${pid%/comm}
    uid=$(stat -c %u "/proc/$pid" 2>/dev/null)
    fact engine "$pid" "$uid"
    arguments=$(tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null)
    printf '%s\n' "$arguments" | lines engine-argument "$pid"
    file=$(printf '%s\n' "$arguments" | sed -n 's/^--config-file=//p; /^--config-file$/{n;p;}')
    if [ -z "$file" ] && [ "$uid" = 0 ]; then file=/etc/docker/daemon.json; fi
    if [ -z "$file" ]; then file=$(getent passwd "$uid" | cut -d: -f6)/.config/docker/daemon.json; fi
    fact engine-file "$pid" "$file"
    prefix=
    own=$(readlink "/proc/$pid/ns/mnt" 2>/dev/null)
    if [ -n "$own" ] && [ "$own" != "$(readlink /proc/self/ns/mnt)" ] && [ -d "/proc/$pid/root/etc" ]; then
      prefix=/proc/$pid/root
      fact engine-elsewhere "$pid" "$own"
    fi
    if [ -r "$prefix$file" ]; then
      lines engine-config "$pid" <"$prefix$file"
      # Where its certificates are, for the facts about files.
      found=$(sed -n 's/.*"tls\(cacert\|cert\|key\)" *: *"\([^" ]*\)".*/\2/p' "$prefix$file")
      certificates="$certificates $found"
    elif [ -e "$prefix$file" ]; then
      hidden "engine-config-$pid" "$file cannot be read"
    fi
    certificates="$certificates $(printf '%s\n' "$arguments" | sed -n 's/^--tls\(cacert\|cert\|key\)=//p')"
  done
}

about_file() {
  found=$(stat -L -c '%U:%G %a %F' "$1" 2>/dev/null) && fact file "$1" "$found"
}

unit_file() {
  path=
  if has systemctl; then path=$(systemctl show -p FragmentPath "$1" 2>/dev/null | sed 's/^FragmentPath=//'); fi
  for each in "$path" "/etc/systemd/system/$1" "/lib/systemd/system/$1" "/usr/lib/systemd/system/$1"; do
    if [ -n "$each" ] && [ -e "$each" ]; then
      fact unit "$1" "$each"
      about_file "$each"
      return
    fi
  done
}

files() {
  for file in "$socket" /run/containerd/containerd.sock /run/docker/containerd/containerd.sock /run/containerd \
    /etc/docker /etc/docker/daemon.json /etc/default/docker /etc/sysconfig/docker /etc/containerd/config.toml "$root" \
    /usr/bin/dockerd /usr/sbin/dockerd /usr/bin/containerd /usr/bin/containerd-shim /usr/bin/containerd-shim-runc-v1 \
    /usr/bin/containerd-shim-runc-v2 /usr/bin/runc /usr/sbin/runc; do
    about_file "$file"
  done
  unit_file docker.service
  unit_file docker.socket
  for file in $certificates; do
    fact certificate "$file" engine
    about_file "$file"
  done
  if [ -d /etc/docker/certs.d ]; then
    if [ -r /etc/docker/certs.d ]; then
      find /etc/docker/certs.d -type f 2>/dev/null | while IFS= read -r file; do
        fact certificate "$file" registry
        about_file "$file"
      done
    else
      hidden registry-certificates '/etc/docker/certs.d cannot be read'
    fi
  fi
}

passwd() { if has getent; then getent passwd; else cat /etc/passwd; fi; }
users() {
  passwd | awk -F: '$3 == 0 { print $1 }' | lines users root
  group=$(stat -L -c %G "$socket" 2>/dev/null || echo docker)
  # A number of a rootless engine's, which has no name here.
  if [ "$group" = UNKNOWN ]; then group=$(stat -L -c %g "$socket"); fi
  entry=$(if has getent; then getent group "$group"; else grep "^$group:" /etc/group; fi)
  fact group "$group" "$entry"
  gid=$(printf '%s' "$entry" | cut -d: -f3)
  if [ -n "$gid" ] && [ "$gid" != 0 ]; then
    passwd | awk -F: -v gid="$gid" '$4 == gid { print $1 }' | lines users "$group"
  fi
}

audit() {
  needs_tool audit auditctl || return 0
  needs_root audit || return 0
  if rules=$(auditctl -l 2>&1); then
    fact audit-rules read yes
    printf '%s\n' "$rules" | lines audit rule
  else
    hidden audit "auditctl -l: $(printf '%s' "$rules" | head -n 1)"
  fi
}

sysctls() {
  for name in kernel.dmesg_restrict kernel.kptr_restrict kernel.unprivileged_bpf_disabled net.core.bpf_jit_harden \
    kernel.yama.ptrace_scope kernel.randomize_va_space kernel.perf_event_paranoid kernel.kexec_load_disabled \
    kernel.core_pattern \
    fs.protected_hardlinks fs.protected_symlinks fs.protected_fifos fs.protected_regular fs.suid_dumpable \
    net.ipv4.ip_forward net.ipv4.tcp_syncookies \
    net.ipv4.conf.all.rp_filter net.ipv4.conf.default.rp_filter \
    net.ipv4.conf.all.accept_redirects net.ipv4.conf.default.accept_redirects \
    net.ipv4.conf.all.send_redirects net.ipv4.conf.default.send_redirects \
    net.ipv4.conf.all.accept_source_route net.ipv4.conf.default.accept_source_route \
    net.ipv6.conf.all.accept_redirects net.ipv6.conf.default.accept_redirects \
    net.ipv6.conf.all.accept_source_route net.ipv6.conf.all.disable_ipv6; do
    path=/proc/sys/$(printf '%s' "$name" | tr . /)
    if [ ! -e "$path" ]; then
      fact no-sysctl "$name" "this kernel has none"
    elif value=$(cat "$path" 2>/dev/null); then
      fact sysctl "$name" "$value"
    else
      hidden "sysctl-$name" 'only root sees it'
    fi
  done
}

swap() {
  [ -r /proc/swaps ] || { hidden swap '/proc/swaps cannot be read'; return 0; }
  fact swaps read yes
  sed 1d /proc/swaps | while read -r path kind _; do
    device=$(readlink -f "$path" 2>/dev/null)
    device=${device##*/}
    case $device in zram*) kind=zram ;; esac
    case $(first_line "/sys/class/block/$device/dm/uuid") in CRYPT-*) kind=encrypted ;; esac
    fact swap "$path" "$kind"
  done
}

disk() {
  at=$root
  while [ ! -d "$at" ] && [ "$at" != / ]; do at=$(dirname "$at"); done
  if space=$(df -Pk "$at" 2>/dev/null); then
    printf '%s\n' "$space" | tail -n 1 | awk '{ print $2, $4, $1 }' | lines disk blocks
    df -Pk / 2>/dev/null | tail -n 1 | awk '{ print $2, $4, $1 }' | lines disk root
  else
    hidden disk "df $at does not answer"
  fi
  df -Pi "$at" 2>/dev/null | tail -n 1 | awk '{ print $2, $4, $1 }' | lines disk inodes
}

clock() {
  if has timedatectl && value=$(timedatectl show -p NTPSynchronized --value 2>/dev/null) && [ -n "$value" ]; then
    fact clock timedatectl "$value"
  fi
  if has chronyc && value=$(chronyc -n tracking 2>/dev/null); then
    fact clock chronyc "$(printf '%s\n' "$value" | sed -n 's/^Leap status *: *//p')"
  fi
  if has ntpq && value=$(ntpq -pn 2>/dev/null); then
    if printf '%s\n' "$value" | grep -q '^\*'; then fact clock ntpq yes; else fact clock ntpq no; fi
  fi
  if has adjtimex && value=$(adjtimex --print 2>/dev/null); then
    fact clock adjtimex "$(printf '%s\n' "$value" | sed -n 's/^ *status: *\([0-9]*\).*/\1/p')"
  fi
}

ssh() {
  if ! has sshd; then
    fact sshd-program installed no
    return
  fi
  fact sshd-program installed yes
  needs_root sshd || return 0
  if settings=$(sshd -T 2>&1); then
    printf '%s\n' "$settings" | while read -r key value; do fact sshd "$key" "$value"; done
    written=$(cat /etc/ssh/sshd_config /etc/ssh/sshd_config.d/*.conf 2>/dev/null)
    fact sshd-program match "$(printf '%s\n' "$written" | grep -ci '^[[:space:]]*match[[:space:]]')"
  else
    hidden sshd "sshd -T: $(printf '%s' "$settings" | head -n 1)"
  fi
}

network() {
  if has ss; then
    ss -Hlntup 2>/dev/null | awk '{ print $1, $5, $7 }' | lines listener socket
    fact listeners read yes
  else
    hidden listeners 'there is no ss'
  fi
  if needs_root iptables && needs_tool iptables iptables; then
    for chain in INPUT FORWARD DOCKER-USER; do
      if rules=$(iptables -w 2 -S "$chain" 2>/dev/null); then printf '%s\n' "$rules" | lines iptables "$chain"; fi
    done
  fi
  if needs_root nft && needs_tool nft nft; then
    nft list chains 2>/dev/null | grep 'hook input' | lines nft input
  fi
  if has ufw && is_root; then fact firewall ufw "$(ufw status 2>/dev/null | sed -n 's/^Status: //p')"; fi
  if has firewall-cmd && is_root; then fact firewall firewalld "$(firewall-cmd --state 2>/dev/null)"; fi
}

updates() {
  if has apt-config; then
    apt-config dump APT::Periodic 2>/dev/null | lines updates apt
    fact updates unattended-upgrades "$(dpkg-query -W -f '${db:Status-Status}' unattended-upgrades 2>/dev/null)"
  fi
  if has systemctl; then
    for unit in dnf-automatic.timer dnf-automatic-install.timer dnf5-automatic.timer zincati.service \
      transactional-update.timer; do
      state=$(systemctl is-enabled "$unit" 2>/dev/null)
      if [ "$state" = enabled ]; then fact updates-unit "$unit" "$state"; fi
    done
  fi
  for file in /etc/dnf/automatic.conf /etc/dnf/dnf5-plugins/automatic.conf; do
    if [ -r "$file" ]; then
      fact updates-apply "$file" "$(sed -n 's/^ *apply_updates *= *//p' "$file" | tail -n 1)"
    fi
  done
  for file in /run/reboot-required /var/run/reboot-required; do
    if [ -e "$file" ]; then
      fact reboot required "$file"
      break
    fi
  done
  if has needs-restarting; then
    # It ends with 1 for errors, too.
    if needs-restarting -r 2>/dev/null | grep -qi 'reboot is required'; then fact reboot needs-restarting yes; fi
  fi
}

packages() {
  names='docker.io docker-ce docker-engine moby-engine containerd containerd.io runc'
  if has dpkg-query; then
    for name in $names; do
      version=$(dpkg-query -W -f '${db:Status-Status} ${Version}' "$name" 2>/dev/null)
      case $version in "installed "*) fact package "$name" "${version#installed }" ;; esac
    done
  elif has rpm; then
    for name in $names; do
      if version=$(rpm -q --qf '%{VERSION}-%{RELEASE}' "$name" 2>/dev/null); then fact package "$name" "$version"; fi
    done
  fi
}

# What the engine says, for a caller that cannot ask it.
ask() {
  needs_tool said docker || return 0
  if said=$(docker --host "unix://$socket" info --format '{{json .}}' 2>&1); then
    fact said info "$said"
    root=$(docker --host "unix://$socket" info --format '{{.DockerRootDir}}' 2>/dev/null)
    fact said version "$(docker --host "unix://$socket" version --format '{{json .}}' 2>/dev/null)"
    fact said bridge "$(docker --host "unix://$socket" network inspect --format '{{json .}}' bridge 2>/dev/null)"
    docker --host "unix://$socket" ps --format '{{.Names}}\t{{.Ports}}' 2>/dev/null | lines said published
  else
    hidden said "$(printf '%s' "$said" | tail -n 1)"
  fi
}

main() {
  socket=${1:-/var/run/docker.sock}
  root=${2:-/var/lib/docker}
  certificates=
  printf 'rampart-host-facts\t1\t\n'
  if [ "${3:-}" = ask ]; then ask; fi
  system
  if [ "$(uname -s)" = Linux ]; then
    engines
    files
    users
    audit
    sysctls
    swap
    disk
    clock
    ssh
    network
    updates
    packages
  fi
  printf 'end\t\t\n'
}

# Read as a whole before it runs: no command can read the rest of the script as its input.
main "$@" </dev/null
