/**
 * Extensions that a stack may ask for: PostgreSQL's own contrib modules that store and search data. None of them reads
 * files, opens connections or runs programs (adminpack, dblink, file_fdw, postgres_fdw), and none is an untrusted language.
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
