--- Databases in the order in which they are restored: each needs another one to be connected to meanwhile.
SELECT oid, datname FROM pg_database WHERE datallowconn ORDER BY datname <> 'template1', datname <> 'postgres', datname;
