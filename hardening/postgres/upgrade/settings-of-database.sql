--- Conditions on pg_database `d`: the upgrade made it read-only; somebody did.
\set settings 'FROM pg_db_role_setting s WHERE s.setdatabase = d.oid AND s.setrole = 0'
\set frozen 'EXISTS (SELECT ' :settings ' AND ''rampart.upgrade=on'' = ANY (s.setconfig))'
\set read_only 'EXISTS (SELECT ' :settings ' AND s.setconfig::text LIKE ''%default_transaction_read_only%'')'
