/**
 * The scripts of the Redis container: one starts it with its users, one changes the users of the running server. Both
 * are POSIX sh with the tools that BusyBox and Debian share.
 */
import { REDIS_ADMIN } from "./acl";
import { REDIS_ACL_FILE, REDIS_LIVE_FILES, REDIS_PATHS } from "./conf";

export interface RedisScriptArgs {
  /** Whether Redis takes only TLS. @default false */
  readonly tls?: boolean;
  /** @default 6379 */
  readonly port?: number;
  /** @default REDIS_PATHS.config */
  readonly configFile?: string;
  /** @default REDIS_PATHS.live */
  readonly liveDirectory?: string;
  /** @default REDIS_PATHS.data */
  readonly dataDirectory?: string;
  /** A directory in memory, for the administration's password. @default REDIS_PATHS.scratch */
  readonly scratchDirectory?: string;
}

interface Paths {
  readonly live: string;
  readonly data: string;
  readonly password: string;
}

/** What Rampart's user may do: users, their connections, and with TLS the reading of a renewed certificate. */
export function redisAdminRules(tls: boolean): string {
  const commands = [
    "ping",
    "acl|whoami",
    "acl|list",
    "acl|setuser",
    "acl|deluser",
    "acl|save",
    "client|list",
    "client|kill",
    ...(tls ? ["config|set"] : []),
  ];
  return commands.map((command) => `+${command}`).join(" ");
}

function paths(args: RedisScriptArgs): Paths {
  const checked = (property: string, value: string): string => {
    if (!/^\/[A-Za-z0-9/._-]+$/.test(value))
      throw new Error(`${property}: "${value}" is not an absolute path of letters, digits and / . _ -`);
    return value;
  };
  return {
    live: checked("liveDirectory", args.liveDirectory ?? REDIS_PATHS.live),
    data: checked("dataDirectory", args.dataDirectory ?? REDIS_PATHS.data),
    password: `${checked("scratchDirectory", args.scratchDirectory ?? REDIS_PATHS.scratch)}/rampart-admin`,
  };
}

/**
 * The users in force at the last moment and those that the stack declares, as one: the declared win, and keep what
 * further passwords they had, so that a restart in the middle of a rotation serves both. Only a user's name and whole
 * hashes are taken from the saved file, so nothing that is broken in it reaches Redis.
 */
export function redisStartScript(args: RedisScriptArgs = {}): string {
  const { live, data, password } = paths(args);
  return `#!/bin/sh
# Written by Rampart. Starts Redis with the users that the stack declares and the passwords that were in force.
set -eu
umask 077
export LC_ALL=C
desired=${live}/${REDIS_LIVE_FILES.users}
saved=${data}/${REDIS_ACL_FILE}
password_file=${password}

[ -s "$desired" ] || { echo "rampart: $desired is missing or empty" >&2; exit 1; }

# The administration's password is made anew at each start, and is nowhere but in this container's memory.
password=$(head -c 32 /dev/urandom | sha256sum | cut -c 1-64)
hash=$(printf %s "$password" | sha256sum | cut -c 1-64)
rm -f "$password_file"
printf %s "$password" >"$password_file"

users() {
  before=$saved
  [ -r "$before" ] || before=/dev/null
  awk '
    pass == 1 {
      if ($1 == "user") for (i = 3; i <= NF; i++) if ($i ~ /^#[0-9a-f]+$/ && length($i) == 65) kept[$2] = kept[$2] " " $i
      next
    }
    $2 == "default" || $2 == "health" { print; next }
    $1 == "user" { print $0 kept[$2] }
  ' pass=1 "$before" pass=2 "$desired"
  echo "user ${REDIS_ADMIN} reset on #$hash ${redisAdminRules(args.tls === true)}"
}

target=$saved
if users >"$saved.new" && mv "$saved.new" "$saved"; then :; else
  rm -f "$saved.new" || :
  target=$password_file.users
  echo "rampart: $saved cannot be written (is the disk full?); changes of users last until the next start" >&2
  users >"$target"
fi
exec redis-server ${args.configFile ?? REDIS_PATHS.config} --aclfile "$target"
`;
}

/**
 * `list`: the services' users in force. `stage`: everything that the stack declares is added, nothing is taken away.
 * `settle [user=address,…]…`: the users are exactly those declared; the connections of a user that lost a password end,
 * but for those from the addresses given. SETUSER is atomic and cuts no connection off (but a subscriber's that loses
 * its channel), DELUSER does; ACL LOAD, which up to 7.0 cuts everyone off, is never used.
 */
export function redisUsersScript(args: RedisScriptArgs = {}): string {
  const { live, password } = paths(args);
  const tls = args.tls === true;
  // Verified by nobody here: this is the server's own loopback, and its certificate may be about to change its CA.
  const client = `redis-cli -p ${args.port ?? 6379}${tls ? " --tls --insecure" : ""} --user ${REDIS_ADMIN} --no-auth-warning`;
  return `#!/bin/sh
# Written by Rampart. Changes the users of the running server; run with list, stage or settle.
# shellcheck disable=SC2016 # what is in single quotes is awk's
set -eu
export LC_ALL=C
desired=${live}/${REDIS_LIVE_FILES.users}
ended_file=${password}.ended
REDISCLI_AUTH=$(cat ${password})
export REDISCLI_AUTH

fail() {
  # An error may repeat a rule: no hash of a password gets into a log.
  printf 'rampart: %s\\n' "$1" | sed 's/#[0-9a-f]\\{1,\\}/#.../g' >&2
  exit 1
}

client() {
  ${client} "$@" 2>&1
}

# Commands from the standard input, one a line; each answer has to be a status or a number.
execute() {
  commands=$(cat)
  answers=$(printf '%s\\n' "$commands" | client) || fail "redis-cli failed: $answers"
  wrong=$(printf '%s\\n' "$answers" | grep -Ev '^(OK|[0-9]+)?$' || :)
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
  printf '%s\\n' "$current" | awk "$1" pass=1 - pass=2 "$desired"
}

case \${1:-} in
  list)
    printf '%s\\n' "$current" | awk '$2 != "default" && $2 != "health" && $2 != "${REDIS_ADMIN}" { print $2 }'
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
${tls ? `    echo 'CONFIG SET tls-cert-file ${live}/${REDIS_LIVE_FILES.certificate} tls-key-file ${live}/${REDIS_LIVE_FILES.key} tls-ca-cert-file ${live}/${REDIS_LIVE_FILES.ca}' | execute\n` : ""}    ;;
  settle)
    shift
    # Who loses a password. Kept until their connections have ended, so that an interrupted run is finished by the next.
    ended=$({ cat "$ended_file" 2>/dev/null || :; with_current '
      pass == 1 { for (i = 3; i <= NF; i++) if ($i ~ /^#/) had[$2 " " $i] = 1; next }
      $1 == "user" { names[$2] = 1; for (i = 3; i <= NF; i++) if ($i ~ /^#/) delete had[$2 " " $i] }
      END { for (pair in had) { split(pair, part, " "); if (part[1] in names) print part[1] } }'; } | sort -u)
    printf '%s\\n' "$ended" >"$ended_file"
    {
      awk '$1 == "user" { $1 = "ACL SETUSER"; print }' "$desired"
      with_current '
        pass == 2 { if ($1 == "user") wanted[$2] = 1; next }
        $2 != "default" && $2 != "health" && $2 != "${REDIS_ADMIN}" { seen[$2] = 1 }
        END { for (name in seen) if (!(name in wanted)) print "ACL DELUSER " name }'
      echo 'ACL SAVE'
    } | execute
    # Whoever is still connected with a password that has just ended is not one of the services' running containers.
    kills=$(client CLIENT LIST | awk -v ended="$(printf %s "$ended" | tr '\\n' ' ')" -v spared="$*" '
      BEGIN {
        n = split(ended, list, " "); for (i = 1; i <= n; i++) lost[list[i]] = 1
        n = split(spared, list, " ")
        for (i = 1; i <= n; i++) { split(list[i], pair, "="); m = split(pair[2], ip, ","); for (j = 1; j <= m; j++) spare[pair[1] " " ip[j]] = 1 }
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
    [ -z "$kills" ] || printf '%s\\n' "$kills" | execute
    rm -f "$ended_file"
    ;;
  *) fail 'usage: list, stage or settle [user=address,...]...' ;;
esac
`;
}
