--- Bytes, unfinished two-phase transactions, tablespaces, subscriptions, and names that a shell would stumble over.
SELECT
  (SELECT sum(pg_database_size(oid)) FROM pg_database),
  (SELECT count(*) FROM pg_prepared_xacts),
  (SELECT count(*) FROM pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global')),
  (SELECT count(*) FROM pg_subscription),
  (SELECT count(*) FROM pg_database WHERE datname !~ '^[A-Za-z0-9_-]+$');
