--- Of the rows `a` of aclexplode: all grants as one text. PostgreSQL 17 knows a privilege more than 16, MAINTAIN: an
--- owner has it by itself, nobody else gets it by an upgrade.
\set grant 'CASE a.grantee WHEN 0 THEN ''PUBLIC'' ELSE a.grantee::regrole::text END, a.privilege_type, a.is_grantable'
\set grants 'string_agg(concat_ws('' '', ' :grant ', a.grantor::regrole), '','' ORDER BY '
\set grants :grants 'a.grantee::regrole::text, a.privilege_type, a.grantor::regrole::text)'
\set grants :grants ' FILTER (WHERE a.privilege_type <> ''MAINTAIN'')'
