--- Roles with their attributes, passwords' digests, settings and memberships: once for a server. PostgreSQL 17 knows a
--- privilege more than 16, MAINTAIN: an owner has it by itself, nobody else gets it by an upgrade.
SET search_path = pg_catalog;
SELECT 'role', rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls, rolconnlimit, rolvaliduntil AT TIME ZONE 'UTC',
  left(md5(rolpassword), 12), (SELECT string_agg(c, ' ; ' ORDER BY c) FROM pg_db_role_setting s, unnest(s.setconfig) c WHERE s.setrole = r.oid AND s.setdatabase = 0)
  FROM pg_authid r WHERE rolname !~ '^pg_';
SELECT 'membership', roleid::regrole, member::regrole, grantor::regrole, admin_option, inherit_option, set_option FROM pg_auth_members WHERE member::regrole::text !~ '^pg_';
SELECT 'database', datname, datdba::regrole, pg_encoding_to_char(encoding), datcollate, datctype, datconnlimit, datistemplate, (SELECT string_agg(concat_ws(' ', CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END, a.privilege_type, a.is_grantable, a.grantor::regrole), ',' ORDER BY a.grantee::regrole::text, a.privilege_type, a.grantor::regrole::text) FROM aclexplode(coalesce(datacl, acldefault('d', datdba))) a WHERE a.privilege_type <> 'MAINTAIN'),
  (SELECT string_agg(concat_ws(' ', NULLIF(s.setrole, 0)::regrole, c), ' ; ' ORDER BY s.setrole::regrole::text, c) FROM pg_db_role_setting s, unnest(s.setconfig) c
    WHERE s.setdatabase = d.oid AND (s.setrole <> 0 OR NOT EXISTS (SELECT FROM pg_db_role_setting s WHERE s.setdatabase = d.oid AND s.setrole = 0 AND 'rampart.upgrade=on' = ANY (s.setconfig)) OR c !~ '^(default_transaction_read_only|rampart[.]upgrade)='))
  FROM pg_database d WHERE datallowconn;
