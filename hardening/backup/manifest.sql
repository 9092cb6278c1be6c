--- For psql: writes every fact of the database that it is connected to. Each is one line, a JSON array
--- `[kind, key, value]`, that can be compared after a restore.
\ir session.sql
\o
\ir sequences-before.sql
\ir facts.sql
\ir sequences-after.sql
COMMIT;
