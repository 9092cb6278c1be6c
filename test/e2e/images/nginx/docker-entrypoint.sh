#!/bin/sh
# Written for the stand-in image, after the contract of the official nginx image's entrypoint: scripts in
# /docker-entrypoint.d run first, and templates become configuration.
set -e

if [ "$1" = nginx ] || [ "$1" = nginx-debug ]; then
  for f in /docker-entrypoint.d/*; do
    # shellcheck source=/dev/null
    case $f in
      *.envsh) if [ -x "$f" ]; then . "$f"; fi ;;
      *.sh) if [ -x "$f" ]; then "$f"; fi ;;
    esac
  done
  if [ -d /etc/nginx/templates ]; then
    # Only names that the environment has: nginx's own $host and the like must stay.
    names=$(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/${\1}/p' | tr '\n' ' ')
    for f in /etc/nginx/templates/*.template; do
      [ -e "$f" ] || continue
      # The template is no file that this writes: its name has lost its ending.
      # shellcheck disable=SC2094
      envsubst "$names" <"$f" >"/etc/nginx/conf.d/$(basename "$f" .template)"
    done
  fi
fi

exec "$@"
