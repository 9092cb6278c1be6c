--- Takes back what freeze.sql did, on the old server, or on the new one that got it with the dump.
SELECT format(action, datname)
  FROM pg_database d CROSS JOIN (VALUES (1, 'ALTER DATABASE %I RESET default_transaction_read_only'), (2, 'ALTER DATABASE %I RESET rampart.upgrade')) AS step (number, action)
  WHERE EXISTS (SELECT FROM pg_db_role_setting s WHERE s.setdatabase = d.oid AND s.setrole = 0 AND 'rampart.upgrade=on' = ANY (s.setconfig))
  ORDER BY datname, number \gexec
