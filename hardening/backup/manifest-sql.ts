/**
 * What a database holds, as facts that can be compared after a restore. Each fact is one line, a JSON array
 * `[kind, key, value]`; all are read with `search_path` empty, so that PostgreSQL itself qualifies and quotes names.
 * Definitions that PostgreSQL prints differently after a restore (casts in a view or a check) are left out or made plain.
 */

/** Facts that belong to the server rather than to one database: a restore into a server with roles of its own leaves them out. */
export const SERVER_KINDS = ["database", "membership", "role", "setting"] as const;

/** Settings of the session: output forms on which a checksum depends, and no time-out, as a table may take hours. */
export const SESSION_SETTINGS: Readonly<Record<string, string>> = {
  bytea_output: "hex",
  DateStyle: "ISO, MDY",
  default_transaction_read_only: "off",
  extra_float_digits: "1",
  idle_in_transaction_session_timeout: "0",
  IntervalStyle: "postgres",
  lc_monetary: "C",
  lock_timeout: "300000",
  // Rows that a policy hides would be missing without a word: with this, reading them is an error.
  row_security: "off",
  search_path: "",
  statement_timeout: "0",
  TimeZone: "UTC",
  xmloption: "content",
};

export const sessionSettingsSql = (): string =>
  `SELECT ${Object.entries(SESSION_SETTINGS)
    .map(([name, value]) => `set_config('${name}', '${value}', false)`)
    .join(", ")}`;

const list = (items: string): string =>
  `(SELECT coalesce(jsonb_agg(item ORDER BY item COLLATE "C"), '[]') FROM (${items}) items)`;

/** An access list as sorted text; an absent one is the default that stands for it, as a dump may write either. */
const acl = (value: string, kind: string, owner: string): string =>
  list(`SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END || ' ' || a.privilege_type || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS item
    FROM aclexplode(coalesce(${value}, acldefault('${kind}', ${owner}))) a`);

const notMember = (catalog: string, oid: string): string =>
  `NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = '${catalog}'::regclass AND d.objid = ${oid} AND d.deptype = 'e')`;
const userSchema = (namespace: string): string =>
  `${namespace}.nspname !~ '^pg_' AND ${namespace}.nspname <> 'information_schema'`;
const fact = (kind: string, key: string, value: readonly (readonly [string, string])[], from: string): string =>
  `SELECT jsonb_build_array('${kind}', ${key}, jsonb_build_object(${value.map(([name, expression]) => `'${name}', ${expression}`).join(", ")}))::text ${from}`;

/** PostgreSQL writes `x IN ('a')` on a varchar with its casts in other places after each restore; without casts and brackets it is the same. */
const plainExpression = (expression: string): string =>
  `regexp_replace(${expression}, '::("[^"]+"|[a-z_ ]+)(\\[\\])?|[()\\s]', '', 'g')`;

const role = (oid: string): string => `pg_get_userbyid(${oid})::text`;
const relation = "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace";
const roles = "r.rolname !~ '^pg_'";

/** One statement for each kind of fact that the catalogs tell. */
export function catalogFacts(): string[] {
  const members = notMember("pg_class", "c.oid");
  return [
    fact(
      "info",
      "'server'",
      [
        ["version", "current_setting('server_version')"],
        ["extensions", "(SELECT jsonb_object_agg(extname, extversion) FROM pg_extension)"],
      ],
      "",
    ),
    fact(
      "database",
      "'database'",
      [
        ["owner", role("d.datdba")],
        ["acl", acl("d.datacl", "d", "d.datdba")],
        ["encoding", "pg_encoding_to_char(d.encoding)::text"],
        ["collate", "d.datcollate"],
        ["ctype", "d.datctype"],
      ],
      "FROM pg_database d WHERE d.datname = current_database()",
    ),
    fact(
      "role",
      "r.rolname::text",
      [
        ["superuser", "r.rolsuper"],
        ["inherit", "r.rolinherit"],
        ["createRole", "r.rolcreaterole"],
        ["createDatabase", "r.rolcreatedb"],
        ["login", "r.rolcanlogin"],
        ["replication", "r.rolreplication"],
        ["bypassRowSecurity", "r.rolbypassrls"],
        ["connectionLimit", "r.rolconnlimit"],
        ["validUntil", "r.rolvaliduntil::text"],
      ],
      `FROM pg_roles r WHERE ${roles}`,
    ),
    fact(
      "membership",
      `${role("m.member")} || ' in ' || ${role("m.roleid")} || ' by ' || ${role("m.grantor")}`,
      [
        ["admin", "m.admin_option"],
        ["inherit", "m.inherit_option"],
        ["set", "m.set_option"],
      ],
      "FROM pg_auth_members m",
    ),
    fact(
      "setting",
      `coalesce(${role("nullif(s.setrole, 0)")}, '*') || ' in ' || CASE s.setdatabase WHEN 0 THEN '*' ELSE 'database' END`,
      [["settings", list("SELECT unnest(s.setconfig) AS item")]],
      "FROM pg_db_role_setting s WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))",
    ),
    fact(
      "schema",
      "n.nspname::text",
      [
        ["owner", role("n.nspowner")],
        ["acl", acl("n.nspacl", "n", "n.nspowner")],
      ],
      `FROM pg_namespace n WHERE ${userSchema("n")} AND ${notMember("pg_namespace", "n.oid")}`,
    ),
    fact(
      "extension",
      "e.extname::text",
      [["schema", "n.nspname"]],
      "FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace",
    ),
    fact(
      "relation",
      "c.oid::regclass::text",
      [
        ["kind", "c.relkind"],
        ["persistence", "c.relpersistence"],
        ["owner", role("c.relowner")],
        [
          "acl",
          `CASE c.relkind WHEN 'S' THEN ${acl("c.relacl", "s", "c.relowner")} ELSE ${acl("c.relacl", "r", "c.relowner")} END`,
        ],
        ["rowSecurity", "c.relrowsecurity"],
        ["forced", "c.relforcerowsecurity"],
        ["options", list("SELECT unnest(c.reloptions) AS item")],
      ],
      `${relation} WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND ${userSchema("n")} AND ${members}`,
    ),
    fact(
      "columns",
      "c.oid::regclass::text",
      [
        [
          "columns",
          `(SELECT jsonb_agg(jsonb_build_array(a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.atthasdef, a.attidentity, a.attgenerated, CASE WHEN a.attacl IS NULL THEN '[]' ELSE ${acl("a.attacl", "c", "c.relowner")} END) ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)`,
        ],
      ],
      `${relation} WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND ${userSchema("n")} AND ${members}`,
    ),
    fact(
      "index",
      "c.oid::regclass::text",
      [
        ["table", "i.indrelid::regclass::text"],
        ["unique", "i.indisunique"],
        ["primary", "i.indisprimary"],
        ["valid", "i.indisvalid"],
      ],
      `FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${userSchema("n")} AND ${members}`,
    ),
    fact(
      "constraint",
      "k.conrelid::regclass::text || ' ' || quote_ident(k.conname)",
      [
        ["type", "k.contype"],
        ["validated", "k.convalidated"],
      ],
      `FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace WHERE k.conrelid <> 0 AND ${userSchema("n")} AND ${notMember("pg_class", "k.conrelid")}`,
    ),
    fact(
      "trigger",
      "t.tgrelid::regclass::text || ' ' || quote_ident(t.tgname)",
      [
        ["enabled", "t.tgenabled"],
        ["function", "t.tgfoid::regprocedure::text"],
        ["type", "t.tgtype"],
      ],
      "FROM pg_trigger t WHERE NOT t.tgisinternal",
    ),
    fact(
      "event trigger",
      "t.evtname::text",
      [
        ["event", "t.evtevent"],
        ["owner", role("t.evtowner")],
        ["enabled", "t.evtenabled"],
        ["function", "t.evtfoid::regprocedure::text"],
      ],
      `FROM pg_event_trigger t WHERE ${notMember("pg_event_trigger", "t.oid")}`,
    ),
    fact(
      "policy",
      "p.polrelid::regclass::text || ' ' || quote_ident(p.polname)",
      [
        ["permissive", "p.polpermissive"],
        ["command", "p.polcmd"],
        ["roles", list(`SELECT CASE o WHEN 0 THEN 'PUBLIC' ELSE ${role("o")} END AS item FROM unnest(p.polroles) o`)],
        ["using", plainExpression("pg_get_expr(p.polqual, p.polrelid)")],
        ["check", plainExpression("pg_get_expr(p.polwithcheck, p.polrelid)")],
      ],
      "FROM pg_policy p",
    ),
    fact(
      "function",
      "f.oid::regprocedure::text",
      [
        ["kind", "f.prokind"],
        ["owner", role("f.proowner")],
        ["acl", acl("f.proacl", "f", "f.proowner")],
        ["securityDefiner", "f.prosecdef"],
        ["volatility", "f.provolatile"],
        ["settings", list("SELECT unnest(f.proconfig) AS item")],
        ["source", "md5(f.prosrc)"],
      ],
      `FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace WHERE ${notMember("pg_proc", "f.oid")} AND (${userSchema("n")}
        OR (n.nspname = 'pg_catalog' AND f.proacl IS NOT NULL AND f.proacl IS DISTINCT FROM (SELECT i.initprivs FROM pg_init_privs i WHERE i.objoid = f.oid AND i.classoid = 'pg_proc'::regclass AND i.objsubid = 0)))`,
    ),
    fact(
      "type",
      "t.oid::regtype::text",
      [
        ["type", "t.typtype"],
        ["owner", role("t.typowner")],
        ["acl", acl("t.typacl", "T", "t.typowner")],
        ["labels", "(SELECT jsonb_agg(l.enumlabel ORDER BY l.enumsortorder) FROM pg_enum l WHERE l.enumtypid = t.oid)"],
      ],
      `FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE ${userSchema("n")} AND t.typtype IN ('d', 'e', 'r') AND ${notMember("pg_type", "t.oid")}`,
    ),
    fact(
      "default privileges",
      `${role("a.defaclrole")} || ' ' || a.defaclobjtype::text || ' ' || coalesce((SELECT n.nspname FROM pg_namespace n WHERE n.oid = a.defaclnamespace), '*')`,
      [
        [
          "acl",
          list(
            "SELECT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(x.grantee)::text END || ' ' || x.privilege_type || CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS item FROM aclexplode(a.defaclacl) x",
          ),
        ],
      ],
      "FROM pg_default_acl a",
    ),
    fact("large objects", "'count'", [["count", "count(*)"]], "FROM pg_largeobject_metadata"),
  ];
}

/**
 * A query whose rows are queries, one a table: its rows and the sum of a hash of each, whatever their order. `format`
 * takes the row's own output function: a cast to text could be one that the table's owner made.
 */
export function rowFactQueries(): string {
  const query = `SELECT jsonb_build_array(''rows'', %L::text, jsonb_build_object(''rows'', count(*), ''checksum'', coalesce(sum(hashtextextended(format(''%%s'', x.*) COLLATE "C", 0)::numeric), 0)::text))::text FROM ONLY %s AS x`;
  return `SELECT format('${query}', c.oid::regclass::text, c.oid::regclass::text) ${relation}
    WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND ${userSchema("n")}
      AND (${notMember("pg_class", "c.oid")} OR c.oid IN (SELECT unnest(e.extconfig) FROM pg_extension e))
    ORDER BY c.oid::regclass::text COLLATE "C"`;
}

/**
 * A query whose rows are queries, one a sequence. A sequence moves outside of every transaction: its value is read before
 * and after the dump, and the restored one has to lie between.
 * @param kind What the facts are called: "sequence before" or "sequence after".
 */
export function sequenceFactQueries(kind: "sequence before" | "sequence after"): string {
  return `SELECT format('SELECT jsonb_build_array(''${kind}'', %L::text, jsonb_build_object(''value'', last_value, ''called'', is_called))::text FROM %s', c.oid::regclass::text, c.oid::regclass::text) ${relation}
    WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND ${userSchema("n")} AND ${notMember("pg_class", "c.oid")} ORDER BY c.oid::regclass::text COLLATE "C"`;
}

const psqlOptions =
  "\\set QUIET 1\n\\set ON_ERROR_STOP 1\n\\pset format unaligned\n\\pset tuples_only on\n\\pset pager off\n";
const begin = `BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;\n\\o /dev/null\n${sessionSettingsSql()};\n`;
const facts = (): string =>
  `${catalogFacts()
    .map((statement) => `${statement};`)
    .join("\n")}\n${rowFactQueries()} \\gexec\n`;

/** For psql: writes every fact of the database that it is connected to. */
export function manifestSql(): string {
  return `${psqlOptions}${begin}\\o\n${sequenceFactQueries("sequence before")} \\gexec\n${facts()}${sequenceFactQueries("sequence after")} \\gexec\nCOMMIT;\n`;
}

/**
 * For psql: within one snapshot of the database writes its facts to `:manifest` and has pg_dump write the same rows to
 * $RAMPART_FILE. Both run at a time: pg_dump reports its exit code in $RAMPART_RESULT.
 */
export function dumpSql(): string {
  const dump = `(pg_dump --dbname="$RAMPART_CONNECTION" --no-password --format=custom --compress=0 --lock-wait-timeout=300s --snapshot="$RAMPART_SNAPSHOT" --file="$RAMPART_FILE" 2>"$RAMPART_RESULT.log" & echo $! >"$RAMPART_RESULT.pid"; wait $!; echo $? >"$RAMPART_RESULT") &`;
  return `${psqlOptions}${begin}SELECT pg_export_snapshot() AS snapshot \\gset
\\setenv RAMPART_SNAPSHOT :snapshot
\\o :manifest
${sequenceFactQueries("sequence before")} \\gexec
\\! ${dump}
${facts()}\\! while [ ! -s "$RAMPART_RESULT" ]; do sleep 0.2; done
${sequenceFactQueries("sequence after")} \\gexec
\\o
COMMIT;
`;
}
