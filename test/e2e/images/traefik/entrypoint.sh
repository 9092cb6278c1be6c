#!/bin/sh
# Written for the stand-in image, after the contract of the official traefik image's entrypoint.
set -e

# `docker run traefik --log.level=DEBUG`
if [ "${1#-}" != "$1" ]; then
  set -- traefik "$@"
fi

# `docker run traefik version`: a subcommand of traefik's. Anything else is a program of its own.
if [ "$1" != traefik ]; then
  if traefik "$1" --help >/dev/null 2>&1; then
    set -- traefik "$@"
  else
    echo "= '$1' is not a Traefik command: assuming shell execution." >&2
  fi
fi

exec "$@"
