/** The shell scripts of a major upgrade: POSIX sh for the containers of the new version's image. No secret is in them. */
import { POSTGRES_INITDB_ARGS, POSTGRES_PATHS } from "../server/start-script";
import { PREPARED_FILE } from "./upgrade";
import { DATABASES_SQL } from "./upgrade-sql";

/** Where both containers mount the volume of the dump: any user may write there, as the image's own /tmp lends its mode. */
export const DUMP_PATH = "/tmp";
const DUMP = `${DUMP_PATH}/upgrade`;

/**
 * What every script begins with: the superuser's password from the mounted file, over TCP on the container's own
 * loopback. `default_transaction_read_only=off` is this session's alone; the databases stay read-only for everyone else.
 */
const CLIENT = `set -eu
umask 077
printf '*:*:*:%s:%s\\n' "$POSTGRES_USER" "$(cat /run/secrets/postgres_password)" > /run/rampart/pgpass
export PGPASSFILE=/run/rampart/pgpass PGHOST=127.0.0.1 PGPORT=5432 PGUSER="$POSTGRES_USER" PGCONNECT_TIMEOUT=10
export PGOPTIONS='-c default_transaction_read_only=off -c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0'
`;
const PSQL = "psql -X -q -A -t -F '|' -v ON_ERROR_STOP=1";

/** Runs the SQL on its standard input; the database is its first argument. */
export const QUERY_SCRIPT = `${CLIENT}exec ${PSQL} -d "$1"\n`;

/** MiB that are free where the dump and the new volume will be; in both containers that is the engine's own disk. */
export const FREE_SPACE_SCRIPT = `df -Pk ${DUMP_PATH} | awk 'NR == 2 { print int($4 / 1024) }'\n`;

/** Dumps roles and every database; \`done\` tells a later run that the dump is whole. */
export const DUMP_SCRIPT = `${CLIENT}rm -rf ${DUMP}
mkdir ${DUMP}
pg_dumpall --globals-only --no-tablespaces > ${DUMP}/globals.sql
${PSQL} -d postgres -c "${DATABASES_SQL.trim()}" > ${DUMP}/databases
while IFS='|' read -r oid name; do
  printf 'dump of %s\\n' "$name"
  pg_dump --format=custom --compress=1 --create --no-tablespaces --file=${DUMP}/"$oid".dump --dbname="$name" </dev/null
done < ${DUMP}/databases
sync
touch ${DUMP}/done
`;

export const DUMP_IS_WHOLE_SCRIPT = `test -f ${DUMP}/done\n`;

/** Loads the dump. The superuser exists already, and so do two databases, which are dropped and made again. */
export const RESTORE_SCRIPT = `${CLIENT}sed "/^CREATE ROLE \\"\\{0,1\\}$POSTGRES_USER\\"\\{0,1\\};\\$/d" ${DUMP}/globals.sql > ${DUMP}/roles.sql
psql -X -q -o /dev/null -v ON_ERROR_STOP=1 -d postgres -f ${DUMP}/roles.sql
while IFS='|' read -r oid name; do
  printf 'restore of %s\\n' "$name"
  case $name in
    template1) set -- --clean --if-exists --dbname=postgres ;;
    postgres) set -- --clean --if-exists --dbname=template1 ;;
    *) set -- --dbname=postgres ;;
  esac
  pg_restore --exit-on-error --create "$@" ${DUMP}/"$oid".dump </dev/null
done < ${DUMP}/databases
`;

/** A server that is restored into has no statistics, and so no good plans. */
export const ANALYZE_SCRIPT = `${CLIENT}exec vacuumdb --all --analyze-only --quiet --jobs=2\n`;

/** The throw-away server: the image's own way to initialise, on the new volume. */
export const UPGRADE_SERVER_ENVIRONMENT = {
  PGDATA: POSTGRES_PATHS.data,
  POSTGRES_INITDB_ARGS,
  POSTGRES_PASSWORD_FILE: "/run/secrets/postgres_password",
} as const;

/** Its settings: roles' verifiers stay out of the log, and loading needs few checkpoints. */
export const UPGRADE_SERVER_COMMAND = [
  "postgres",
  "-c",
  "log_min_error_statement=panic",
  "-c",
  "log_statement=none",
  "-c",
  "max_wal_size=2GB",
  "-c",
  "maintenance_work_mem=128MB",
  "-c",
  "password_encryption=scram-sha-256",
] as const;

export const SERVER_READY_SCRIPT =
  'exec pg_isready --quiet --host=127.0.0.1 --port=5432 --username="$POSTGRES_USER" --dbname=postgres\n';

/** Marks the volume; only once its server has shut down cleanly. The mark is its first argument. */
export const MARK_SCRIPT = `set -eu
printf '%s' "$1" > ${POSTGRES_PATHS.data}/${PREPARED_FILE}.part
mv ${POSTGRES_PATHS.data}/${PREPARED_FILE}.part ${POSTGRES_PATHS.data}/${PREPARED_FILE}
sync
`;
