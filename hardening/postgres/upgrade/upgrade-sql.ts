/** The SQL of a major upgrade: read-only and back, and what is compared between the old server and the new. */

/** Marks the databases that the upgrade itself made read-only, so that nothing else is ever undone. */
const MARK = "rampart.upgrade";
const FROZEN = `EXISTS (SELECT FROM pg_db_role_setting s WHERE s.setdatabase = d.oid AND s.setrole = 0 AND '${MARK}=on' = ANY (s.setconfig))`;
const READ_ONLY =
  "EXISTS (SELECT FROM pg_db_role_setting s WHERE s.setdatabase = d.oid AND s.setrole = 0 AND s.setconfig::text LIKE '%default_transaction_read_only%')";

/**
 * New transactions of every database are read-only unless they say otherwise, and every session is ended so that this
 * takes hold. A database that was read-only before is left as it is.
 */
export const FREEZE_SQL = `SELECT format(action, datname)
  FROM pg_database d CROSS JOIN (VALUES (1, 'ALTER DATABASE %I SET ${MARK} = ''on'''), (2, 'ALTER DATABASE %I SET default_transaction_read_only = on')) AS step (number, action)
  WHERE datallowconn AND NOT datistemplate AND (${FROZEN} OR NOT ${READ_ONLY})
  ORDER BY datname, number \\gexec
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid();
`;

/** Takes back what FREEZE_SQL did, on the old server, or on the new one that got it with the dump. */
export const THAW_SQL = `SELECT format(action, datname)
  FROM pg_database d CROSS JOIN (VALUES (1, 'ALTER DATABASE %I RESET default_transaction_read_only'), (2, 'ALTER DATABASE %I RESET ${MARK}')) AS step (number, action)
  WHERE ${FROZEN}
  ORDER BY datname, number \\gexec
`;

/** Bytes, unfinished two-phase transactions, tablespaces, subscriptions, and names that a shell would stumble over. */
export const PREFLIGHT_SQL = `SELECT (SELECT sum(pg_database_size(oid)) FROM pg_database), (SELECT count(*) FROM pg_prepared_xacts),
  (SELECT count(*) FROM pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global')), (SELECT count(*) FROM pg_subscription),
  (SELECT count(*) FROM pg_database WHERE datname !~ '^[A-Za-z0-9_-]+$');
`;

/** Databases in the order in which they are restored: each needs another one to be connected to meanwhile. */
export const DATABASES_SQL =
  "SELECT oid, datname FROM pg_database WHERE datallowconn ORDER BY datname <> 'template1', datname <> 'postgres', datname;\n";

export const EXTENSIONS_SQL = "SELECT extname FROM pg_extension ORDER BY 1;\n";
export const AVAILABLE_EXTENSIONS_SQL = "SELECT name FROM pg_available_extensions ORDER BY 1;\n";

/** PostgreSQL 17 knows a privilege more than 16: an owner has it by itself, nobody else gets it by an upgrade. */
const OLD_PRIVILEGES = "a.privilege_type <> 'MAINTAIN'";
const GRANTS =
  "(SELECT string_agg(concat_ws(' ', CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END, a.privilege_type, a.is_grantable, a.grantor::regrole), ',' ORDER BY a.grantee::regrole::text, a.privilege_type, a.grantor::regrole::text)";
const grants = (acl: string): string => `${GRANTS} FROM aclexplode(${acl}) a WHERE ${OLD_PRIVILEGES})`;
const ofExtension = (catalog: string, oid: string): string =>
  `EXISTS (SELECT FROM pg_depend x WHERE x.classid = '${catalog}'::regclass AND x.objid = ${oid} AND x.deptype = 'e')`;
const initial = (catalog: string, oid: string, acl: string): string =>
  `EXISTS (SELECT FROM pg_init_privs i WHERE i.classoid = '${catalog}'::regclass AND i.objoid = ${oid} AND i.objsubid = 0 AND i.initprivs = ${acl})`;
const SYSTEM =
  "n.nspname IN ('pg_catalog', 'information_schema') OR n.nspname LIKE 'pg\\_toast%' OR n.nspname LIKE 'pg\\_temp%'";

/** An array type comes with its element type, whose privileges it has; PostgreSQL 17 counts it to the extension, 16 does not. */
const NO_ARRAY = "o.typsubscript <> 'array_subscript_handler'::regproc";

/** Privileges of one kind of object: all of them on the stack's own, changed ones on PostgreSQL's and extensions'. */
function privileges(
  kind: string,
  catalog: string,
  prefix: string,
  defaultType: string,
  name: string,
  only = "true",
): string {
  const [oid, acl, owner, namespace] = ["o.oid", `o.${prefix}acl`, `o.${prefix}owner`, `o.${prefix}namespace`];
  const own = `NOT (${SYSTEM}) AND NOT ${ofExtension(catalog, oid)}`;
  return `SELECT 'privileges of ${kind}', ${name}, ${grants(`coalesce(${acl}, acldefault(${defaultType}, ${owner}))`)}
  FROM ${catalog} o JOIN pg_namespace n ON n.oid = ${namespace}
  WHERE ${only} AND ((${own}) OR (${acl} IS NOT NULL AND n.nspname NOT LIKE 'pg\\_temp%' AND NOT ${initial(catalog, oid, acl)}));`;
}

/** Roles with their attributes, passwords' digests, settings and memberships: once for a server. */
export const CLUSTER_INVENTORY_SQL = `SET search_path = pg_catalog;
SELECT 'role', rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls, rolconnlimit, rolvaliduntil AT TIME ZONE 'UTC',
  left(md5(rolpassword), 12), (SELECT string_agg(c, ' ; ' ORDER BY c) FROM pg_db_role_setting s, unnest(s.setconfig) c WHERE s.setrole = r.oid AND s.setdatabase = 0)
  FROM pg_authid r WHERE rolname !~ '^pg_';
SELECT 'membership', roleid::regrole, member::regrole, grantor::regrole, admin_option, inherit_option, set_option FROM pg_auth_members WHERE member::regrole::text !~ '^pg_';
SELECT 'database', datname, datdba::regrole, pg_encoding_to_char(encoding), datcollate, datctype, datconnlimit, datistemplate, ${grants("coalesce(datacl, acldefault('d', datdba))")},
  (SELECT string_agg(concat_ws(' ', NULLIF(s.setrole, 0)::regrole, c), ' ; ' ORDER BY s.setrole::regrole::text, c) FROM pg_db_role_setting s, unnest(s.setconfig) c
    WHERE s.setdatabase = d.oid AND (s.setrole <> 0 OR NOT ${FROZEN} OR c !~ '^(default_transaction_read_only|rampart[.]upgrade)='))
  FROM pg_database d WHERE datallowconn;
`;

/**
 * One database's rows and structure, a line for each thing. A table's sum is of its rows' digests, so that their order
 * does not count. What belongs to an extension is that extension's own matter, and may differ between versions.
 */
export const DATABASE_INVENTORY_SQL = `SET search_path = pg_catalog;
SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres'; SET timezone = 'UTC'; SET bytea_output = 'hex'; SET extra_float_digits = 1; SET row_security = off;
SELECT format('SELECT %L, count(*), coalesce(sum((''x'' || substr(md5(rampart_row::text), 1, 16))::bit(64)::bigint::numeric), 0) FROM ONLY %I.%I rampart_row', 'rows ' || n.nspname || '.' || relname, n.nspname, relname)
  FROM pg_class o JOIN pg_namespace n ON n.oid = relnamespace
  WHERE (relkind = 'r' OR (relkind = 'm' AND relispopulated)) AND NOT (${SYSTEM}) AND NOT ${ofExtension("pg_class", "o.oid")} ORDER BY 1 \\gexec
SELECT 'large objects', count(*), coalesce(sum(('x' || substr(md5(concat_ws(' ', loid, pageno, encode(data, 'hex'))), 1, 16))::bit(64)::bigint::numeric), 0) FROM pg_largeobject;
SELECT 'large object', oid, lomowner::regrole, ${grants("coalesce(lomacl, acldefault('L', lomowner))")} FROM pg_largeobject_metadata;
SELECT format('SELECT %L, last_value, is_called FROM %I.%I', 'sequence ' || n.nspname || '.' || relname, n.nspname, relname)
  FROM pg_class o JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind = 'S' AND NOT (${SYSTEM}) AND NOT ${ofExtension("pg_class", "o.oid")} ORDER BY 1 \\gexec
SELECT 'schema', nspname, nspowner::regrole, ${grants("coalesce(nspacl, acldefault('n', nspowner))")} FROM pg_namespace n WHERE NOT (${SYSTEM});
SELECT 'relation', n.nspname, relname, relkind, relowner::regrole, relrowsecurity, relforcerowsecurity, relpersistence, array_to_string(reloptions, ' ')
  FROM pg_class o JOIN pg_namespace n ON n.oid = relnamespace WHERE NOT (${SYSTEM}) AND NOT ${ofExtension("pg_class", "o.oid")};
SELECT 'column', n.nspname, relname, attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated, pg_get_expr(adbin, adrelid), ${grants("attacl")}
  FROM pg_attribute JOIN pg_class o ON o.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
  WHERE attnum > 0 AND NOT attisdropped AND relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND NOT (${SYSTEM}) AND NOT ${ofExtension("pg_class", "o.oid")};
SELECT 'constraint', n.nspname, conrelid::regclass, conname, convalidated, pg_get_constraintdef(o.oid)
  FROM pg_constraint o JOIN pg_namespace n ON n.oid = connamespace WHERE contype <> 'n' AND NOT (${SYSTEM}) AND NOT ${ofExtension("pg_constraint", "o.oid")};
SELECT 'index', pg_get_indexdef(indexrelid), indisvalid, indisprimary
  FROM pg_index JOIN pg_class o ON o.oid = indrelid JOIN pg_namespace n ON n.oid = relnamespace WHERE NOT (${SYSTEM}) AND NOT ${ofExtension("pg_class", "o.oid")};
SELECT 'trigger', pg_get_triggerdef(t.oid), tgenabled FROM pg_trigger t WHERE NOT tgisinternal;
SELECT 'event trigger', evtname, evtevent, evtenabled, evtfoid::regproc, evtowner::regrole, evttags FROM pg_event_trigger e WHERE NOT ${ofExtension("pg_event_trigger", "e.oid")};
SELECT 'policy', polrelid::regclass, polname, polcmd, polpermissive, (SELECT string_agg(CASE r WHEN 0 THEN 'PUBLIC' ELSE r::regrole::text END, ',' ORDER BY r::regrole::text) FROM unnest(polroles) r),
  pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid) FROM pg_policy;
SELECT 'function', o.oid::regprocedure, prokind, proowner::regrole, prosecdef, proleakproof, provolatile, proconfig, lanname, md5(prosrc)
  FROM pg_proc o JOIN pg_namespace n ON n.oid = pronamespace JOIN pg_language l ON l.oid = prolang WHERE NOT (${SYSTEM}) AND NOT ${ofExtension("pg_proc", "o.oid")};
SELECT 'type', n.nspname, typname, typtype, typowner::regrole, typnotnull, (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = o.oid)
  FROM pg_type o JOIN pg_namespace n ON n.oid = typnamespace WHERE ${NO_ARRAY} AND NOT (${SYSTEM}) AND NOT ${ofExtension("pg_type", "o.oid")};
SELECT 'view', o.oid::regclass, md5(regexp_replace(pg_get_viewdef(o.oid), '\\s+', ' ', 'g'))
  FROM pg_class o JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind IN ('v', 'm') AND NOT (${SYSTEM}) AND NOT ${ofExtension("pg_class", "o.oid")};
SELECT 'extension', extname, extnamespace::regnamespace, extowner::regrole FROM pg_extension;
SELECT 'publication', pubname, pubowner::regrole, puballtables FROM pg_publication;
SELECT 'default privileges', defaclrole::regrole, NULLIF(defaclnamespace, 0)::regnamespace, defaclobjtype, ${grants("defaclacl")} FROM pg_default_acl;
${privileges("relation", "pg_class", "rel", `CASE o.relkind WHEN 'S' THEN 's'::"char" ELSE 'r'::"char" END`, "o.oid::regclass")}
${privileges("function", "pg_proc", "pro", "'f'", "o.oid::regprocedure")}
${privileges("type", "pg_type", "typ", "'T'", "o.oid::regtype", NO_ARRAY)}
`;

/** What the inventories of two servers differ in; empty where they agree. Versions of extensions are not part of them. */
export function inventoryDifferences(before: readonly string[], after: readonly string[]): string[] {
  const [old, fresh] = [new Set(before), new Set(after)];
  return [
    ...before.filter((line) => !fresh.has(line)).map((line) => `only on the old server: ${line}`),
    ...after.filter((line) => !old.has(line)).map((line) => `only on the new server: ${line}`),
  ].sort();
}
