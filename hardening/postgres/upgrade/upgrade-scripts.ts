/** The shell scripts of a major upgrade, for the containers of the new version's image. No secret is in them. */
import { fileText } from "../../files";
import { POSTGRES_INITDB_ARGS, POSTGRES_LIVE_FILES, POSTGRES_PATHS } from "../server/start-script";

/** Where both containers mount the dump's volume: any user may write there, as the image's own /tmp lends its mode. */
export const DUMP_PATH = "/tmp";

const script = (name: string): string => fileText(__dirname, name);

/** Runs the SQL on its standard input; the database is its first argument. */
export const QUERY_SCRIPT = script("query.sh");
/** Runs the SQL on its standard input in the old server's own container, whose databases are read-only. */
export const WRITABLE_SCRIPT = script("writable.sh");
/** Prints the MiB that are free where the dump and the new volume will be. */
export const FREE_SPACE_SCRIPT = script("free-space.sh");
/** Dumps roles and every database. */
export const DUMP_SCRIPT = script("dump.sh");
/** Succeeds where DUMP_SCRIPT came to its end. */
export const DUMP_IS_WHOLE_SCRIPT = script("dump-is-whole.sh");
/** Loads the dump. */
export const RESTORE_SCRIPT = script("restore.sh");
export const ANALYZE_SCRIPT = script("analyze.sh");
/** Succeeds once the throw-away server answers. */
export const SERVER_READY_SCRIPT = script("server-ready.sh");
/** Marks the volume, once its server has shut down cleanly. The mark is its first argument. */
export const MARK_SCRIPT = script("mark.sh");

/** The throw-away server: the image's own way to initialise, on the new volume. */
export const UPGRADE_SERVER_ENVIRONMENT = {
  PGDATA: POSTGRES_PATHS.data,
  POSTGRES_INITDB_ARGS,
  POSTGRES_PASSWORD_FILE: `${POSTGRES_PATHS.live}/${POSTGRES_LIVE_FILES.password}`,
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
