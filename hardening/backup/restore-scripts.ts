/** What a restore runs inside of the Postgres container, as its superuser over its own socket. POSIX sh; arguments are $1 and on. */
import { spaceFunctions } from "./space";
import { compareHead, compareMiddle, compareTail } from "./compare-sql";

// The password is the container's own file: it is in no argument, and never leaves the container.
const PRELUDE = `set -eu
PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
PGUSER=$POSTGRES_USER
PGHOST=/var/run/postgresql
PGOPTIONS='-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0 -c default_transaction_read_only=off'
export PGPASSWORD PGUSER PGHOST PGOPTIONS
sql() { psql --no-psqlrc --quiet --no-align --tuples-only --no-password --set=ON_ERROR_STOP=1 "$@"; }
`;

const heredoc = (text: string): string => `<<'SQL'\n${text}\nSQL\n`;

/** Prints the MiB that are free where the databases lie. */
export const freeSpaceScript = (): string => `set -eu\n${spaceFunctions()}free_mib "$PGDATA"\n`;

/** Prints the databases that there are, one a line. */
export const listDatabasesScript = (): string =>
  `${PRELUDE}sql --dbname=postgres --command='SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1'\n`;

/** Makes the roles that standard input (a manifest) names and the server lacks, without login, and prints them: a dump grants rights to them. */
export const missingRolesScript = (): string => `${PRELUDE}{
  printf '%s\\n' 'CREATE TEMPORARY TABLE expected (line text);' "COPY expected FROM STDIN (FORMAT csv, QUOTE E'\\\\x01', ESCAPE E'\\\\x01', DELIMITER E'\\\\x02');"
  cat
  cat ${heredoc(`\\.
CREATE TEMPORARY TABLE missing AS SELECT line::jsonb ->> 1 AS name FROM expected WHERE line::jsonb ->> 0 = 'role' AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = line::jsonb ->> 1);
SELECT format('CREATE ROLE %I NOLOGIN', name) FROM missing \\gexec
SELECT name FROM missing ORDER BY name;`)}} | sql --dbname=postgres
`;

/** Takes away those of the roles $1 and on that nothing was granted to and that own nothing. */
export const dropUnusedRolesScript = (): string => `${PRELUDE}for role in "$@"; do
  if printf '%s\\n' 'DROP ROLE :"role";' | sql --dbname=postgres --set=role="$role" 2>/dev/null; then echo "$role"; fi
done
`;

/** GUCs whose value is a list of quoted names, and goes into SQL as it is. */
const LISTS = "'search_path', 'temp_tablespaces', 'session_preload_libraries', 'local_preload_libraries'";

/**
 * Makes the database $1 as $2 is: owner, encoding, locale, connection limit, who may connect, settings. A dump of one
 * database holds none of these. If $2 does not exist, only the superuser may enter.
 */
export const createDatabaseScript = (): string =>
  `${PRELUDE}sql --dbname=postgres --set=target="$1" --set=like="$2" ${heredoc(`SELECT EXISTS (SELECT FROM pg_database WHERE datname = :'like') AS known \\gset
\\if :known
SELECT format('CREATE DATABASE %I WITH TEMPLATE template0 OWNER %I ENCODING %L LOCALE_PROVIDER %s LC_COLLATE %L LC_CTYPE %L', :'target', pg_get_userbyid(datdba), pg_encoding_to_char(encoding), CASE datlocprovider WHEN 'i' THEN 'icu' ELSE 'libc' END, datcollate, datctype)
  || CASE datlocprovider WHEN 'i' THEN format(' ICU_LOCALE %L', coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale')) ELSE '' END || format(' CONNECTION LIMIT %s', datconnlimit) FROM pg_database d WHERE datname = :'like' \\gexec
\\else
SELECT format('CREATE DATABASE %I WITH TEMPLATE template0', :'target') \\gexec
\\endif
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', :'target') \\gexec
SELECT format('GRANT %s ON DATABASE %I TO %s%s', a.privilege_type, :'target', CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END, CASE WHEN a.is_grantable AND a.grantee <> d.datdba THEN ' WITH GRANT OPTION' ELSE '' END)
  FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a WHERE d.datname = :'like' \\gexec
SELECT format('ALTER %s SET %I TO %s', CASE s.setrole WHEN 0 THEN format('DATABASE %I', :'target') ELSE format('ROLE %I IN DATABASE %I', pg_get_userbyid(s.setrole), :'target') END, split_part(c, '=', 1),
    CASE WHEN split_part(c, '=', 1) IN (${LISTS}) THEN substr(c, strpos(c, '=') + 1) ELSE quote_literal(substr(c, strpos(c, '=') + 1)) END)
  FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) c WHERE d.datname = :'like' \\gexec`)}`;

/** Drops the database $1: one that a restore made and did not finish. */
export const dropDatabaseScript = (): string =>
  `${PRELUDE}printf '%s\\n' 'DROP DATABASE IF EXISTS :"name" WITH (FORCE);' | sql --dbname=postgres --set=name="$1"\n`;

/** Restores standard input, a dump, into the database $1. */
export const restoreScript = (): string =>
  `${PRELUDE}PGOPTIONS="$PGOPTIONS -c synchronous_commit=off" pg_restore --exit-on-error --no-password --dbname="$1"\n`;

/** Runs standard input, a manifest's SQL, in the database $1. */
export const manifestScript = (): string => `${PRELUDE}psql --no-psqlrc --no-password --dbname="$1" --file=-\n`;

/** Runs standard input (see \`compareInput\`) where no user's event trigger is. */
export const compareScript = (): string => `${PRELUDE}sql --dbname=postgres\n`;

/** A backup's manifest and what was found after the restore; roles and settings of the server are its own. */
export const compareInput = (expected: string, found: string): string =>
  `${compareHead()}${lines(expected)}${compareMiddle()}${lines(found)}${compareTail("database")}`;
const lines = (text: string): string => (text === "" || text.endsWith("\n") ? text : `${text}\n`);

/** Runs standard input in one transaction in the database $1: what the configuration says of rows and rights there. */
export const policyScript = (): string => `${PRELUDE}sql --single-transaction --output=/dev/null --dbname="$1"\n`;

/** Names come as lines of one psql variable, so that none of them is ever SQL. */
const NAMES = `names=$(printf '%s\\n' "$@")
run() { sql --dbname=postgres --set=names="$names"; }
`;
const OPEN = `SELECT format('ALTER DATABASE %I WITH ALLOW_CONNECTIONS true', datname) FROM pg_database WHERE NOT datallowconn AND datname IN (SELECT string_to_table(:'names', E'\\n')) AND NOT datistemplate \\gexec`;

/** Lets everybody who may into the databases $1 and on again, where a switch that was cut off shut them; prints all that there are. */
export const openDatabasesScript = (): string =>
  `${PRELUDE}${NAMES}run ${heredoc(`${OPEN}
SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1;`)}`;

/**
 * Puts databases in the place of others: the arguments are threes of live, restored, and the name under which the live one
 * is kept. Nobody can connect meanwhile; services connect anew by themselves. All names change in one transaction, and
 * whatever fails, the live ones can be entered again. Prints for each live one how many sessions were ended.
 */
export const switchScript = (): string => `${PRELUDE}${NAMES}trap 'open' EXIT
open() { run ${heredoc(OPEN)}}
run ${heredoc(`CREATE TEMPORARY TABLE swap AS SELECT max(name) FILTER (WHERE n % 3 = 1) AS live, max(name) FILTER (WHERE n % 3 = 2) AS restored, max(name) FILTER (WHERE n % 3 = 0) AS before
  FROM string_to_table(:'names', E'\\n') WITH ORDINALITY AS given (name, n) GROUP BY (n - 1) / 3;
SELECT format('ALTER DATABASE %I WITH ALLOW_CONNECTIONS false', live) FROM swap \\gexec
SELECT s.live || ' ' || count(pg_terminate_backend(a.pid, 10000)) FROM swap s LEFT JOIN pg_stat_activity a ON a.datname IN (s.live, s.restored) GROUP BY s.live ORDER BY s.live;
BEGIN;
SELECT format('ALTER DATABASE %I RENAME TO %I', live, before) FROM swap \\gexec
SELECT format('ALTER DATABASE %I RENAME TO %I', restored, live) FROM swap \\gexec
COMMIT;
SELECT format('ALTER DATABASE %I WITH ALLOW_CONNECTIONS true', before) FROM swap \\gexec`)}`;
