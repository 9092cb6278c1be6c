--- Roles with their attributes, passwords' digests, settings and memberships: once for a server.
\ir settings-of-database.sql
\ir grants.sql
SET search_path = pg_catalog;
SELECT 'role', rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls,
  rolconnlimit, rolvaliduntil AT TIME ZONE 'UTC', left(md5(rolpassword), 12),
  (SELECT string_agg(c, ' ; ' ORDER BY c) FROM pg_db_role_setting s, unnest(s.setconfig) c
    WHERE s.setrole = r.oid AND s.setdatabase = 0)
  FROM pg_authid r WHERE rolname !~ '^pg_';
SELECT 'membership', roleid::regrole, member::regrole, grantor::regrole, admin_option, inherit_option, set_option
  FROM pg_auth_members WHERE member::regrole::text !~ '^pg_';
SELECT 'database', datname, datdba::regrole, pg_encoding_to_char(encoding), datcollate, datctype, datconnlimit,
  datistemplate, (SELECT :grants FROM aclexplode(coalesce(datacl, acldefault('d', datdba))) a),
  (SELECT string_agg(concat_ws(' ', NULLIF(s.setrole, 0)::regrole, c), ' ; ' ORDER BY s.setrole::regrole::text, c)
    FROM pg_db_role_setting s, unnest(s.setconfig) c
    WHERE s.setdatabase = d.oid
      AND (s.setrole <> 0 OR NOT :frozen OR c !~ '^(default_transaction_read_only|rampart[.]upgrade)='))
  FROM pg_database d WHERE datallowconn;
