--- One statement for each kind of fact that the catalogs tell. An access list is sorted text; an absent one is the
--- default that stands for it, as a dump may write either. Definitions that PostgreSQL prints differently after a
--- restore (casts in a view or a check) are left out or made plain.
SELECT jsonb_build_array('info', 'server', jsonb_build_object(
    'version', current_setting('server_version'),
    'extensions', (SELECT jsonb_object_agg(extname, extversion) FROM pg_extension)))::text ;
SELECT jsonb_build_array('database', 'database', jsonb_build_object(
    'owner', pg_get_userbyid(d.datdba)::text,
    'acl', (SELECT coalesce(jsonb_agg(item ORDER BY item COLLATE "C"), '[]')
      FROM (SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END || ' '
          || a.privilege_type || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS item
        FROM aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a) items),
    'encoding', pg_encoding_to_char(d.encoding)::text,
    'collate', d.datcollate,
    'ctype', d.datctype))::text
  FROM pg_database d WHERE d.datname = current_database();
SELECT jsonb_build_array('role', r.rolname::text, jsonb_build_object(
    'superuser', r.rolsuper,
    'inherit', r.rolinherit,
    'createRole', r.rolcreaterole,
    'createDatabase', r.rolcreatedb,
    'login', r.rolcanlogin,
    'replication', r.rolreplication,
    'bypassRowSecurity', r.rolbypassrls,
    'connectionLimit', r.rolconnlimit,
    'validUntil', r.rolvaliduntil::text))::text
  FROM pg_roles r WHERE r.rolname !~ '^pg_';
SELECT jsonb_build_array('membership',
    pg_get_userbyid(m.member)::text || ' in ' || pg_get_userbyid(m.roleid)::text
      || ' by ' || pg_get_userbyid(m.grantor)::text,
    jsonb_build_object('admin', m.admin_option, 'inherit', m.inherit_option, 'set', m.set_option))::text
  FROM pg_auth_members m;
SELECT jsonb_build_array('setting',
    coalesce(pg_get_userbyid(nullif(s.setrole, 0))::text, '*')
      || ' in ' || CASE s.setdatabase WHEN 0 THEN '*' ELSE 'database' END,
    jsonb_build_object('settings', (SELECT coalesce(jsonb_agg(item ORDER BY item COLLATE "C"), '[]')
      FROM (SELECT unnest(s.setconfig) AS item) items)))::text
  FROM pg_db_role_setting s
  WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()));
SELECT jsonb_build_array('schema', n.nspname::text, jsonb_build_object(
    'owner', pg_get_userbyid(n.nspowner)::text,
    'acl', (SELECT coalesce(jsonb_agg(item ORDER BY item COLLATE "C"), '[]')
      FROM (SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END || ' '
          || a.privilege_type || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS item
        FROM aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a) items)))::text
  FROM pg_namespace n
  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend d
      WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e');
SELECT jsonb_build_array('extension', e.extname::text, jsonb_build_object('schema', n.nspname))::text
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace;
SELECT jsonb_build_array('relation', c.oid::regclass::text, jsonb_build_object(
    'kind', c.relkind,
    'persistence', c.relpersistence,
    'owner', pg_get_userbyid(c.relowner)::text,
    'acl', CASE c.relkind
      WHEN 'S' THEN (SELECT coalesce(jsonb_agg(item ORDER BY item COLLATE "C"), '[]')
        FROM (SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END || ' '
            || a.privilege_type || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS item
          FROM aclexplode(coalesce(c.relacl, acldefault('s', c.relowner))) a) items)
      ELSE (SELECT coalesce(jsonb_agg(item ORDER BY item COLLATE "C"), '[]')
        FROM (SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END || ' '
            || a.privilege_type || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS item
          FROM aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a) items) END,
    'rowSecurity', c.relrowsecurity,
    'forced', c.relforcerowsecurity,
    'options', (SELECT coalesce(jsonb_agg(item ORDER BY item COLLATE "C"), '[]')
      FROM (SELECT unnest(c.reloptions) AS item) items)))::text
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend d
      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e');
SELECT jsonb_build_array('columns', c.oid::regclass::text, jsonb_build_object(
    'columns', (SELECT jsonb_agg(jsonb_build_array(
        a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.atthasdef, a.attidentity, a.attgenerated,
        CASE WHEN a.attacl IS NULL THEN '[]'
          ELSE (SELECT coalesce(jsonb_agg(item ORDER BY item COLLATE "C"), '[]')
            FROM (SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END || ' '
                || a.privilege_type || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS item
              FROM aclexplode(coalesce(a.attacl, acldefault('c', c.relowner))) a) items) END) ORDER BY a.attnum)
      FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)))::text
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend d
      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e');
SELECT jsonb_build_array('index', c.oid::regclass::text, jsonb_build_object(
    'table', i.indrelid::regclass::text,
    'unique', i.indisunique,
    'primary', i.indisprimary,
    'valid', i.indisvalid))::text
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend d
      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e');
SELECT jsonb_build_array('constraint', k.conrelid::regclass::text || ' ' || quote_ident(k.conname),
    jsonb_build_object('type', k.contype, 'validated', k.convalidated))::text
  FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
  WHERE k.conrelid <> 0 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend d
      WHERE d.classid = 'pg_class'::regclass AND d.objid = k.conrelid AND d.deptype = 'e');
SELECT jsonb_build_array('trigger', t.tgrelid::regclass::text || ' ' || quote_ident(t.tgname), jsonb_build_object(
    'enabled', t.tgenabled,
    'function', t.tgfoid::regprocedure::text,
    'type', t.tgtype))::text
  FROM pg_trigger t WHERE NOT t.tgisinternal;
SELECT jsonb_build_array('event trigger', t.evtname::text, jsonb_build_object(
    'event', t.evtevent,
    'owner', pg_get_userbyid(t.evtowner)::text,
    'enabled', t.evtenabled,
    'function', t.evtfoid::regprocedure::text))::text
  FROM pg_event_trigger t
  WHERE NOT EXISTS (SELECT FROM pg_depend d
    WHERE d.classid = 'pg_event_trigger'::regclass AND d.objid = t.oid AND d.deptype = 'e');
--- PostgreSQL writes `x IN ('a')` on a varchar with its casts in other places after each restore; without casts and
--- brackets it is the same.
SELECT jsonb_build_array('policy', p.polrelid::regclass::text || ' ' || quote_ident(p.polname), jsonb_build_object(
    'permissive', p.polpermissive,
    'command', p.polcmd,
    'roles', (SELECT coalesce(jsonb_agg(item ORDER BY item COLLATE "C"), '[]')
      FROM (SELECT CASE o WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(o)::text END AS item
        FROM unnest(p.polroles) o) items),
    'using', regexp_replace(pg_get_expr(p.polqual, p.polrelid),
      '::("[^"]+"|[a-z_ ]+)(\[\])?|[()\s]', '', 'g'),
    'check', regexp_replace(pg_get_expr(p.polwithcheck, p.polrelid),
      '::("[^"]+"|[a-z_ ]+)(\[\])?|[()\s]', '', 'g')))::text
  FROM pg_policy p;
SELECT jsonb_build_array('function', f.oid::regprocedure::text, jsonb_build_object(
    'kind', f.prokind,
    'owner', pg_get_userbyid(f.proowner)::text,
    'acl', (SELECT coalesce(jsonb_agg(item ORDER BY item COLLATE "C"), '[]')
      FROM (SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END || ' '
          || a.privilege_type || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS item
        FROM aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) a) items),
    'securityDefiner', f.prosecdef,
    'volatility', f.provolatile,
    'settings', (SELECT coalesce(jsonb_agg(item ORDER BY item COLLATE "C"), '[]')
      FROM (SELECT unnest(f.proconfig) AS item) items),
    'source', md5(f.prosrc)))::text
  FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace
  WHERE NOT EXISTS (SELECT FROM pg_depend d
      WHERE d.classid = 'pg_proc'::regclass AND d.objid = f.oid AND d.deptype = 'e')
    AND (n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      OR (n.nspname = 'pg_catalog' AND f.proacl IS NOT NULL
        AND f.proacl IS DISTINCT FROM (SELECT i.initprivs FROM pg_init_privs i
          WHERE i.objoid = f.oid AND i.classoid = 'pg_proc'::regclass AND i.objsubid = 0)));
SELECT jsonb_build_array('type', t.oid::regtype::text, jsonb_build_object(
    'type', t.typtype,
    'owner', pg_get_userbyid(t.typowner)::text,
    'acl', (SELECT coalesce(jsonb_agg(item ORDER BY item COLLATE "C"), '[]')
      FROM (SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END || ' '
          || a.privilege_type || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS item
        FROM aclexplode(coalesce(t.typacl, acldefault('T', t.typowner))) a) items),
    'labels', (SELECT jsonb_agg(l.enumlabel ORDER BY l.enumsortorder) FROM pg_enum l
      WHERE l.enumtypid = t.oid)))::text
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND t.typtype IN ('d', 'e', 'r')
    AND NOT EXISTS (SELECT FROM pg_depend d
      WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e');
SELECT jsonb_build_array('default privileges',
    pg_get_userbyid(a.defaclrole)::text || ' ' || a.defaclobjtype::text || ' '
      || coalesce((SELECT n.nspname FROM pg_namespace n WHERE n.oid = a.defaclnamespace), '*'),
    jsonb_build_object('acl', (SELECT coalesce(jsonb_agg(item ORDER BY item COLLATE "C"), '[]')
      FROM (SELECT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(x.grantee)::text END || ' '
          || x.privilege_type || CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS item
        FROM aclexplode(a.defaclacl) x) items)))::text
  FROM pg_default_acl a;
SELECT jsonb_build_array('large objects', 'count', jsonb_build_object('count', count(*)))::text
  FROM pg_largeobject_metadata;
--- A query whose rows are queries, one a table: its rows and the sum of a hash of each, whatever their order. Columns
--- of types whose hash is one of every bit are hashed as they are, a quarter of the work; the others through their
--- type's own output function (a cast to text could be one that the table's owner made): equal numbers need not be
--- written the same.
SELECT format('SELECT jsonb_build_array(''rows'', %L::text, jsonb_build_object(''rows'', count(*), ''hash'', '
    'coalesce(sum(hash_record_extended(ROW(%s), 0)), 0)::text))::text FROM ONLY %s AS x',
    c.oid::regclass::text,
    concat_ws(', ', a.hashed, 'hashtextextended(format(''%s'', ROW(' || a.written || ')) COLLATE "C", 0)'),
    c.oid::regclass::text)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN LATERAL (
      SELECT string_agg(format('x.%I', o.attname), ', ' ORDER BY o.attnum) FILTER (WHERE o.hashed) AS hashed,
        string_agg(format('x.%I', o.attname), ', ' ORDER BY o.attnum) FILTER (WHERE NOT o.hashed) AS written
      FROM (SELECT t.attname, t.attnum,
          t.atttypid = ANY (
            '{bool,bytea,date,int2,int4,int8,text,time,timestamp,timestamptz,uuid,varchar}'::regtype[])
          AND NOT EXISTS (SELECT FROM pg_collation l
            WHERE l.oid = t.attcollation AND NOT l.collisdeterministic) AS hashed
        FROM pg_attribute t WHERE t.attrelid = c.oid AND t.attnum > 0 AND NOT t.attisdropped) o) a
  WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND (NOT EXISTS (SELECT FROM pg_depend d
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
      OR c.oid IN (SELECT unnest(e.extconfig) FROM pg_extension e))
  ORDER BY c.oid::regclass::text COLLATE "C" \gexec
