/** Names that reach SQL, `pg_hba.conf` and URLs: narrow enough that nothing ever needs escaping. */

const IDENTIFIER = /^[a-z_][a-z0-9_]{0,62}$/;
/** Words that `pg_hba.conf` or SQL reads as something other than a name. */
const RESERVED = new Set(["all", "public", "replication", "sameuser", "samerole", "samegroup", "none", "current_user"]);

/**
 * Returns `value` if it can be a role, database or schema name.
 * Source: PostgreSQL "Identifiers and Key Words" (63 bytes), and the `pg_` prefix is PostgreSQL's own.
 */
export function identifier(property: string, value: string): string {
  if (!IDENTIFIER.test(value) || value.startsWith("pg_") || RESERVED.has(value)) {
    throw new Error(
      `${property}: "${value}" cannot be a name in PostgreSQL; use 1 to 63 lower-case letters, digits and "_", ` +
        `not starting with a digit or "pg_", and none of ${[...RESERVED].sort().join(", ")}`,
    );
  }
  return value;
}

/** An SQL identifier in quotes, so that a key word (`user`, `order`) is a name all the same. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
