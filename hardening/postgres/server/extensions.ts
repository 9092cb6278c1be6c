/**
 * Extensions that a stack may ask for: PostgreSQL's own contrib modules that store and search data. None of them reads
 * files, opens connections or runs programs (adminpack, dblink, file_fdw, postgres_fdw), and none is an untrusted
 * language.
 */
export const EXTENSIONS = [
  "btree_gin",
  "btree_gist",
  "citext",
  "cube",
  "dict_int",
  "earthdistance",
  "fuzzystrmatch",
  "hstore",
  "intarray",
  "isn",
  "ltree",
  "pg_trgm",
  "pgcrypto",
  "seg",
  "tablefunc",
  "tcn",
  "tsm_system_rows",
  "tsm_system_time",
  "unaccent",
  "uuid-ossp",
] as const;

export type Extension = (typeof EXTENSIONS)[number];

/**
 * The schema that holds them, in every database that has any. The superuser owns it, so nobody can put an object where
 * an extension's script, run by the superuser, would find it first; which a schema of the migrator's could not promise.
 * Source: PostgreSQL, "Security Considerations for Extensions".
 */
export const EXTENSIONS_SCHEMA = "extensions";

const REQUIRED: Partial<Readonly<Record<Extension, readonly Extension[]>>> = { earthdistance: ["cube"] };

/** The extensions and those that they need, each after what it needs. */
export function withRequired(extensions: readonly Extension[]): Extension[] {
  return [...new Set([...extensions].sort().flatMap((extension) => [...(REQUIRED[extension] ?? []), extension]))];
}
