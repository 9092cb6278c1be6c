--- As sequences-before.sql, after the dump.
SELECT format('SELECT jsonb_build_array(''sequence after'', %L::text, '
    'jsonb_build_object(''value'', last_value, ''called'', is_called))::text FROM %s',
    c.oid::regclass::text, c.oid::regclass::text)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend d
      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
  ORDER BY c.oid::regclass::text COLLATE "C" \gexec
