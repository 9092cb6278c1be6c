. ./superuser.sh
sql --dbname=postgres --set=target="$1" --set=like="$2" <<'SQL'
SELECT EXISTS (SELECT FROM pg_database WHERE datname = :'like') AS known \gset
\if :known
SELECT format('CREATE DATABASE %I WITH TEMPLATE template0 OWNER %I ENCODING %L',
    :'target', pg_get_userbyid(datdba), pg_encoding_to_char(encoding))
  || format(' LOCALE_PROVIDER %s LC_COLLATE %L LC_CTYPE %L',
    CASE datlocprovider WHEN 'i' THEN 'icu' ELSE 'libc' END, datcollate, datctype)
  || CASE datlocprovider
    WHEN 'i' THEN format(' ICU_LOCALE %L', coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale'))
    ELSE '' END
  || format(' CONNECTION LIMIT %s', datconnlimit)
  FROM pg_database d WHERE datname = :'like' \gexec
\else
SELECT format('CREATE DATABASE %I WITH TEMPLATE template0', :'target') \gexec
\endif
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', :'target') \gexec
SELECT format('GRANT %s ON DATABASE %I TO %s%s', a.privilege_type, :'target',
    CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
    CASE WHEN a.is_grantable AND a.grantee <> d.datdba THEN ' WITH GRANT OPTION' ELSE '' END)
  FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a WHERE d.datname = :'like' \gexec
--- Of these settings the value is a list of quoted names, and goes into SQL as it is.
SELECT format('ALTER %s SET %I TO %s',
    CASE s.setrole
      WHEN 0 THEN format('DATABASE %I', :'target')
      ELSE format('ROLE %I IN DATABASE %I', pg_get_userbyid(s.setrole), :'target') END,
    name,
    CASE
      WHEN name IN ('search_path', 'temp_tablespaces', 'session_preload_libraries', 'local_preload_libraries')
      THEN value
      ELSE quote_literal(value) END)
  FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) c,
    split_part(c, '=', 1) AS name, substr(c, strpos(c, '=') + 1) AS value
  WHERE d.datname = :'like' \gexec
SQL
