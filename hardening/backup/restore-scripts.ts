/**
 * What a restore runs inside of the Postgres container, as its superuser over its own socket. POSIX sh; arguments are
 * $1 and on.
 */
import { join } from "node:path";
import { fileText } from "../files";
import { compareHead, compareMiddle, compareTail } from "./compare-sql";

const restoreFile = (name: string): string => fileText(join(__dirname, "restore"), name);

/** Prints the MiB that are free where the databases lie. */
export const freeSpaceScript = (): string => fileText(__dirname, "free-space.sh");

/** Prints the databases that there are, one a line. */
export const listDatabasesScript = (): string => restoreFile("list-databases.sh");

/**
 * Makes the roles that standard input (a manifest) names and the server lacks, without login, and prints them: a dump
 * grants rights to them.
 */
export const missingRolesScript = (): string => restoreFile("missing-roles.sh");

/** Takes away those of the roles $1 and on that nothing was granted to and that own nothing. */
export const dropUnusedRolesScript = (): string => restoreFile("drop-unused-roles.sh");

/**
 * Makes the database $1 as $2 is: owner, encoding, locale, connection limit, who may connect, settings. A dump of one
 * database holds none of these. If $2 does not exist, only the superuser may enter.
 */
export const createDatabaseScript = (): string => restoreFile("create-database.sh");

/** Drops the database $1: one that a restore made and did not finish. */
export const dropDatabaseScript = (): string => restoreFile("drop-database.sh");

/** Restores standard input, a dump, into the database $1. */
export const restoreScript = (): string => restoreFile("restore.sh");

/** Runs standard input, a manifest's SQL, in the database $1. */
export const manifestScript = (): string => restoreFile("manifest.sh");

/** Runs standard input (see \`compareInput\`) where no user's event trigger is. */
export const compareScript = (): string => restoreFile("compare.sh");

/** A backup's manifest and what was found after the restore; roles and settings of the server are its own. */
export const compareInput = (expected: string, found: string): string =>
  `${compareHead()}${lines(expected)}${compareMiddle()}${lines(found)}${compareTail("database")}`;
const lines = (text: string): string => (text === "" || text.endsWith("\n") ? text : `${text}\n`);

/** Runs standard input in one transaction in the database $1: what the configuration says of rows and rights there. */
export const policyScript = (): string => restoreFile("policy.sh");

/**
 * Lets everybody who may into the databases $1 and on again, where a switch that was cut off shut them; prints all that
 * there are.
 */
export const openDatabasesScript = (): string => restoreFile("open-databases.sh");

/**
 * Puts databases in the place of others: the arguments are threes of live, restored, and the name under which the live
 * one is kept. Nobody can connect meanwhile; services connect again by themselves. All names change in one transaction,
 * and whatever fails, the live ones can be entered again. Prints for each live one how many sessions were ended.
 */
export const switchScript = (): string => restoreFile("switch.sh");
