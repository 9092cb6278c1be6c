--- New transactions of every database are read-only unless they say otherwise, and every session is ended so that this
--- takes hold. A database that was read-only before is left as it is. rampart.upgrade marks those that the upgrade
--- itself made read-only, so that nothing else is ever undone.
\ir settings-of-database.sql
SELECT format(action, datname)
  FROM pg_database d CROSS JOIN (VALUES
    (1, 'ALTER DATABASE %I SET rampart.upgrade = ''on'''),
    (2, 'ALTER DATABASE %I SET default_transaction_read_only = on')) AS step (number, action)
  WHERE datallowconn AND NOT datistemplate AND (:frozen OR NOT :read_only)
  ORDER BY datname, number \gexec
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
  WHERE backend_type = 'client backend' AND pid <> pg_backend_pid();
