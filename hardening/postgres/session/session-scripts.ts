/** The shell scripts of a psql session. No secret is in them. */
import { fileText } from "../../files";

const script = (name: string): string => fileText(__dirname, name);

/** Waits until no psql runs any more, for as many seconds at most as its first argument says. */
export const WAIT_SCRIPT = script("wait.sh");
/** Writes its standard input to the file of its first argument, for its owner only. */
export const WRITE_FILE_SCRIPT = script("write-file.sh");
/** psql as the superuser, in Postgres' own container; RAMPART_DATABASE names the database. */
export const SUPERUSER_SCRIPT = script("superuser.sh");
