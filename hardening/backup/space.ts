/**
 * Postgres' data lies, as a rule, on the disk that backups, drills and restores write to: a full one stops the
 * database.
 */
import { fileText } from "../files";

/** MiB that they leave free; space.sh has the same figure. */
export const RESERVE_MIB = 512;
/** A restored database, with its indexes, beside its dump, which holds no index; drill.sh makes room for both. */
export const RESTORED_FACTOR = 2;
const MIB = 1024 ** 2;

/** MiB that may be written when dumps of so many bytes are restored. */
export const restoredMiB = (dumpBytes: number): number => Math.ceil((dumpBytes * RESTORED_FACTOR) / MIB);

/** The functions `room_for` and `bounded` of space.sh. */
export const spaceFunctions = (): string => fileText(__dirname, "space.sh");
