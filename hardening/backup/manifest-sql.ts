/**
 * What a database holds, as facts that can be compared after a restore. Each fact is one line, a JSON array
 * `[kind, key, value]`. The SQL is for psql.
 */
import { fileText } from "../files";

/**
 * Facts that belong to the server rather than to one database: a restore into a server with roles of its own leaves
 * them out.
 */
export const SERVER_KINDS = ["database", "membership", "role", "setting"] as const;

/** Writes every fact of the database that psql is connected to. */
export const manifestSql = (): string => fileText(__dirname, "manifest.sql");
