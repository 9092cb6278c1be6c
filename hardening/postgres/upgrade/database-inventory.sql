--- One database's rows and structure, a line for each thing. A table's sum is of its rows' digests, so that their order
--- does not count. What belongs to an extension is that extension's own matter, and may differ between versions.
\ir grants.sql
--- Conditions on a row `o` of a catalog and its schema `n`; the row's `tableoid` is the catalog that it is from.
\set depends 'FROM pg_depend x WHERE x.classid = o.tableoid AND x.objid = o.oid'
\set of_extension 'EXISTS (SELECT ' :depends ' AND x.deptype = ''e'')'
\set of_system '(n.nspname IN (''pg_catalog'', ''information_schema'') OR n.nspname ~ ''^pg_(toast|temp)'')'
\set own '(NOT ' :of_system ' AND NOT ' :of_extension ')'
SET search_path = pg_catalog;
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET timezone = 'UTC';
SET bytea_output = 'hex';
SET extra_float_digits = 1;
SET row_security = off;

SELECT format(
    'SELECT %L, count(*), coalesce(sum((''x'' || substr(md5(rampart_row::text), 1, 16))::bit(64)::bigint::numeric), 0) '
    'FROM ONLY %I.%I rampart_row', 'rows ' || n.nspname || '.' || relname, n.nspname, relname)
  FROM pg_class o JOIN pg_namespace n ON n.oid = relnamespace
  WHERE (relkind = 'r' OR (relkind = 'm' AND relispopulated)) AND :own ORDER BY 1 \gexec
SELECT 'large objects', count(*),
  coalesce(sum(('x' || substr(digest, 1, 16))::bit(64)::bigint::numeric), 0)
  FROM pg_largeobject, md5(concat_ws(' ', loid, pageno, encode(data, 'hex'))) AS digest;
SELECT 'large object', oid, lomowner::regrole,
  (SELECT :grants FROM aclexplode(coalesce(lomacl, acldefault('L', lomowner))) a)
  FROM pg_largeobject_metadata;
SELECT format('SELECT %L, last_value, is_called FROM %I.%I',
    'sequence ' || n.nspname || '.' || relname, n.nspname, relname)
  FROM pg_class o JOIN pg_namespace n ON n.oid = relnamespace
  WHERE relkind = 'S' AND :own ORDER BY 1 \gexec

SELECT 'schema', nspname, nspowner::regrole,
  (SELECT :grants FROM aclexplode(coalesce(nspacl, acldefault('n', nspowner))) a)
  FROM pg_namespace n WHERE NOT :of_system;
SELECT 'relation', n.nspname, relname, relkind, relowner::regrole, relrowsecurity, relforcerowsecurity, relpersistence,
  array_to_string(reloptions, ' ')
  FROM pg_class o JOIN pg_namespace n ON n.oid = relnamespace WHERE :own;
SELECT 'column', n.nspname, relname, attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,
  pg_get_expr(adbin, adrelid), (SELECT :grants FROM aclexplode(attacl) a)
  FROM pg_attribute JOIN pg_class o ON o.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
  WHERE attnum > 0 AND NOT attisdropped AND relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND :own;
SELECT 'constraint', n.nspname, conrelid::regclass, conname, convalidated, pg_get_constraintdef(o.oid)
  FROM pg_constraint o JOIN pg_namespace n ON n.oid = connamespace WHERE contype <> 'n' AND :own;
SELECT 'index', pg_get_indexdef(indexrelid), indisvalid, indisprimary
  FROM pg_index JOIN pg_class o ON o.oid = indrelid JOIN pg_namespace n ON n.oid = relnamespace WHERE :own;
SELECT 'trigger', pg_get_triggerdef(t.oid), tgenabled FROM pg_trigger t WHERE NOT tgisinternal;
SELECT 'event trigger', evtname, evtevent, evtenabled, evtfoid::regproc, evtowner::regrole, evttags
  FROM pg_event_trigger o WHERE NOT :of_extension;
SELECT 'policy', polrelid::regclass, polname, polcmd, polpermissive,
  (SELECT string_agg(CASE r WHEN 0 THEN 'PUBLIC' ELSE r::regrole::text END, ',' ORDER BY r::regrole::text)
    FROM unnest(polroles) r),
  pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)
  FROM pg_policy;
SELECT 'function', o.oid::regprocedure, prokind, proowner::regrole, prosecdef, proleakproof, provolatile, proconfig,
  lanname, md5(prosrc)
  FROM pg_proc o JOIN pg_namespace n ON n.oid = pronamespace JOIN pg_language l ON l.oid = prolang WHERE :own;
--- An array type comes with its element type, whose privileges it has; PostgreSQL 17 counts it to the extension, and 16
--- does not.
\set no_array 'o.typsubscript <> ''array_subscript_handler''::regproc'
SELECT 'type', n.nspname, typname, typtype, typowner::regrole, typnotnull,
  (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = o.oid)
  FROM pg_type o JOIN pg_namespace n ON n.oid = typnamespace WHERE :no_array AND :own;
SELECT 'view', o.oid::regclass, md5(regexp_replace(pg_get_viewdef(o.oid), '\s+', ' ', 'g'))
  FROM pg_class o JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind IN ('v', 'm') AND :own;
SELECT 'extension', extname, extnamespace::regnamespace, extowner::regrole FROM pg_extension;
SELECT 'publication', pubname, pubowner::regrole, puballtables FROM pg_publication;
SELECT 'default privileges', defaclrole::regrole, NULLIF(defaclnamespace, 0)::regnamespace, defaclobjtype,
  (SELECT :grants FROM aclexplode(defaclacl) a)
  FROM pg_default_acl;

--- All privileges on the stack's own objects; on PostgreSQL's and extensions', those that somebody changed.
\set initial 'FROM pg_init_privs i WHERE i.classoid = o.tableoid AND i.objoid = o.oid AND i.objsubid = 0'
\set kind 'CASE o.relkind WHEN ''S'' THEN ''s''::"char" ELSE ''r''::"char" END'
SELECT 'privileges of relation', o.oid::regclass,
  (SELECT :grants FROM aclexplode(coalesce(o.relacl, acldefault(:kind, o.relowner))) a)
  FROM pg_class o JOIN pg_namespace n ON n.oid = o.relnamespace
  WHERE :own OR (o.relacl IS NOT NULL AND n.nspname !~ '^pg_temp'
    AND NOT EXISTS (SELECT :initial AND i.initprivs = o.relacl));
SELECT 'privileges of function', o.oid::regprocedure,
  (SELECT :grants FROM aclexplode(coalesce(o.proacl, acldefault('f', o.proowner))) a)
  FROM pg_proc o JOIN pg_namespace n ON n.oid = o.pronamespace
  WHERE :own OR (o.proacl IS NOT NULL AND n.nspname !~ '^pg_temp'
    AND NOT EXISTS (SELECT :initial AND i.initprivs = o.proacl));
SELECT 'privileges of type', o.oid::regtype,
  (SELECT :grants FROM aclexplode(coalesce(o.typacl, acldefault('T', o.typowner))) a)
  FROM pg_type o JOIN pg_namespace n ON n.oid = o.typnamespace
  WHERE :no_array AND (:own OR (o.typacl IS NOT NULL AND n.nspname !~ '^pg_temp'
    AND NOT EXISTS (SELECT :initial AND i.initprivs = o.typacl)));
