#!/bin/sh
# Written for the stand-in image, after the contract of the official redis image's entrypoint.
set -e

# `docker run redis --maxmemory 64mb` and `docker run redis /etc/redis.conf` both mean redis-server.
if [ "${1#-}" != "$1" ] || [ "${1%.conf}" != "$1" ]; then
  set -- redis-server "$@"
fi

if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
  find . \! -user redis -exec chown redis '{}' +
  exec setpriv --reuid=redis --regid=redis --init-groups -- "$0" "$@"
fi

# Data files are nobody else's business, unless the caller already chose a mask.
if [ "$(umask)" = 0022 ]; then
  umask 0077
fi

# The official image is compiled with protected mode off by default; Debian's has it on, which would refuse every
# client outside the container. Only the default is changed: a configuration that names it keeps its word.
if [ "$1" = redis-server ]; then
  named=no
  for arg; do
    case $arg in
      --protected-mode) named=yes ;;
      *.conf) if grep -q '^[[:space:]]*protected-mode' "$arg" 2>/dev/null; then named=yes; fi ;;
    esac
  done
  case $* in
    *--version* | *--help* | *' -v' | *' -h') named=yes ;;
  esac
  if [ "$named" = no ]; then
    set -- "$@" --protected-mode no
  fi
fi

exec "$@"
