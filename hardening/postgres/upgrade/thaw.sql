--- Takes back what freeze.sql did, on the old server, or on the new one that got it with the dump.
\ir settings-of-database.sql
SELECT format(action, datname)
  FROM pg_database d CROSS JOIN (VALUES
    (1, 'ALTER DATABASE %I RESET default_transaction_read_only'),
    (2, 'ALTER DATABASE %I RESET rampart.upgrade')) AS step (number, action)
  WHERE :frozen
  ORDER BY datname, number \gexec
