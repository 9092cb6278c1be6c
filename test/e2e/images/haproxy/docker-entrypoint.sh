#!/bin/sh
# Written for the stand-in image, after the contract of the official haproxy image's entrypoint.
set -e

if [ "${1#-}" != "$1" ]; then
  set -- haproxy "$@"
fi

# -W: master and worker, so that a signal can reload; -db: stay in the foreground, whatever the file says.
if [ "$1" = haproxy ]; then
  shift
  set -- haproxy -W -db "$@"
fi

exec "$@"
