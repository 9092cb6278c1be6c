--- New transactions of every database are read-only unless they say otherwise, and every session is ended so that this
--- takes hold. A database that was read-only before is left as it is. rampart.upgrade marks those that the upgrade itself
--- made read-only, so that nothing else is ever undone.
SELECT format(action, datname)
  FROM pg_database d CROSS JOIN (VALUES (1, 'ALTER DATABASE %I SET rampart.upgrade = ''on'''), (2, 'ALTER DATABASE %I SET default_transaction_read_only = on')) AS step (number, action)
  WHERE datallowconn AND NOT datistemplate AND (EXISTS (SELECT FROM pg_db_role_setting s WHERE s.setdatabase = d.oid AND s.setrole = 0 AND 'rampart.upgrade=on' = ANY (s.setconfig)) OR NOT EXISTS (SELECT FROM pg_db_role_setting s WHERE s.setdatabase = d.oid AND s.setrole = 0 AND s.setconfig::text LIKE '%default_transaction_read_only%'))
  ORDER BY datname, number \gexec
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid();
