/**
 * The functions and event triggers that confine a table in the moment it is created or altered. All functions run with
 * the rights of whoever runs the DDL (SECURITY INVOKER): nobody gains anything through them. Never SECURITY DEFINER as
 * the superuser: looking at a table can run its owner's code (index predicates, immutable functions).
 *
 * The SQL is no file of its own: a stack's schemas, exceptions, column and its type stand in nearly every function.
 */
import { quoted } from "../server/identifiers";
import {
  coveredTables,
  FIXED_SETTINGS,
  literal,
  nameArray,
  policyIsRight,
  REFERENCE_TRIGGER_PREFIX,
  TENANCY_EVENT_TRIGGERS,
  TENANCY_SCHEMA,
  TENANT_ONLY_POLICY,
  TENANT_POLICY,
  tenancyTexts,
  type TenancyArgs,
  type TenancyTexts,
} from "./tenancy";

const S = TENANCY_SCHEMA;
const BODY = "$rampart$";

function sqlFunction(signature: string, returns: string, body: string): string {
  return (
    `CREATE OR REPLACE FUNCTION ${S}.${signature} RETURNS ${returns} LANGUAGE plpgsql SECURITY INVOKER ` +
    `${FIXED_SETTINGS.map((setting) => `SET ${setting}`).join(" ")} AS ${BODY}\n${body}\n${BODY}`
  );
}

/** All of Rampart's DDL goes through here: the event trigger knows by the call stack that it need not look again. */
const run = (): string => sqlFunction("tenancy_run(statement text)", "void", "BEGIN EXECUTE statement; END");

/**
 * Confines one table, if it is to be confined and is not. A column of another type gets no policy:
 * then nobody sees a row.
 */
function cover(texts: TenancyTexts): string {
  const expression = `quote_ident(${literal(texts.column)}) || ' = ' || ${literal(texts.tenant)}`;
  return sqlFunction(
    "tenancy_cover(relation oid)",
    "void",
    `
DECLARE
  target record;
  wanted record;
  found_right boolean;
  known boolean;
BEGIN
  SELECT t.* INTO target FROM (${coveredTables(texts)}) t WHERE t.oid = relation;
  IF NOT FOUND THEN RETURN; END IF;
  known := EXISTS (SELECT FROM pg_policy
    WHERE polrelid = relation AND polname IN ('${TENANT_POLICY}', '${TENANT_ONLY_POLICY}'));
  IF NOT (target.enabled AND target.forced) THEN
    IF known THEN RAISE WARNING 'tenancy: %: row security had been switched off, and is on again', target.key; END IF;
    PERFORM ${S}.tenancy_run(format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', target.name));
  END IF;
  IF target.type <> '${texts.type}' THEN RETURN; END IF;
  FOR wanted IN SELECT * FROM
    (VALUES ('${TENANT_POLICY}', 'PERMISSIVE'), ('${TENANT_ONLY_POLICY}', 'RESTRICTIVE')) AS v(name, kind) LOOP
    SELECT ${policyIsRight(texts)} INTO found_right
      FROM pg_policy pol WHERE pol.polrelid = relation AND pol.polname = wanted.name;
    CONTINUE WHEN found_right;
    IF found_right IS NOT NULL THEN
      PERFORM ${S}.tenancy_run(format('DROP POLICY %I ON %s', wanted.name, target.name));
    END IF;
    IF known THEN
      RAISE WARNING 'tenancy: %: policy % was missing or not as configured, and is again', target.key, wanted.name;
    END IF;
    PERFORM ${S}.tenancy_run(format('CREATE POLICY %I ON %s AS %s FOR ALL TO PUBLIC USING (%s) WITH CHECK (%s)',
      wanted.name, target.name, wanted.kind, ${expression}, ${expression}));
  END LOOP;
END`,
  );
}

/**
 * Foreign keys between two confined tables that do not pair tenant column with tenant column. PostgreSQL checks them
 * past row security. `test` looks a parent up for the row `$1`, `crossing` counts rows that refer to another tenant's.
 */
function references(texts: TenancyTexts): string {
  const column = `quote_ident(${literal(texts.column)})`;
  const returns =
    "TABLE (child oid, child_key text, child_name text, parent_relname name, conname name, may_defer boolean, " +
    "defers boolean, test text, crossing text)";
  return sqlFunction(
    "tenancy_references()",
    returns,
    `
BEGIN
  RETURN QUERY
  WITH covered AS (SELECT t.* FROM (${coveredTables(texts)}) t WHERE t.type = '${texts.type}'),
  pairs AS (
    SELECT con.oid AS id, c.oid AS child, c.key AS child_key, c.name AS child_name, c.relkind AS child_kind,
      p.name AS parent_name, p.relname AS parent_relname, p.relkind AS parent_kind,
      con.conname, con.condeferrable, con.condeferred, k.position, quote_ident(f.attname) AS fk,
      format('p.%I OPERATOR(%I.%s) ', u.attname, opn.nspname, op.oprname) AS matches,
      CASE WHEN col.oid IS NULL THEN '' ELSE format(' COLLATE %I.%I', coln.nspname, col.collname) END AS collated,
      bool_or(k.fk = c.attnum AND k.pk = p.attnum) OVER (PARTITION BY con.oid) AS paired
    FROM pg_constraint con JOIN covered c ON c.oid = con.conrelid JOIN covered p ON p.oid = con.confrelid
      JOIN pg_namespace n ON n.oid = con.connamespace
      CROSS JOIN unnest(con.conkey, con.confkey, con.conpfeqop) WITH ORDINALITY AS k(fk, pk, op, position)
      JOIN pg_attribute f ON f.attrelid = con.conrelid AND f.attnum = k.fk
      JOIN pg_attribute u ON u.attrelid = con.confrelid AND u.attnum = k.pk
      JOIN pg_operator op ON op.oid = k.op JOIN pg_namespace opn ON opn.oid = op.oprnamespace
      LEFT JOIN pg_collation col ON col.oid = u.attcollation LEFT JOIN pg_namespace coln ON coln.oid = col.collnamespace
    WHERE con.contype = 'f' AND con.conparentid = 0
      AND n.nspname || '.' || con.conname <> ALL (${nameArray(texts.exceptions)})
  )
  SELECT p.child, p.child_key, p.child_name, p.parent_relname, p.conname, p.condeferrable, p.condeferred,
    -- A trigger's WHEN would keep the columns from being dropped.
    format('SELECT %s OR EXISTS (SELECT FROM %s%s p WHERE %s AND p.%s IS NOT DISTINCT FROM ($1).%5$s)',
      string_agg(format('($1).%s IS NULL', p.fk), ' OR ' ORDER BY p.position),
      CASE p.parent_kind WHEN 'r' THEN 'ONLY ' ELSE '' END, p.parent_name,
      string_agg(p.matches || '($1).' || p.fk || p.collated, ' AND ' ORDER BY p.position), ${column}),
    format('SELECT count(*) FROM %s%s c JOIN %s%s p ON %s WHERE c.%s IS DISTINCT FROM p.%6$s',
      CASE p.child_kind WHEN 'r' THEN 'ONLY ' ELSE '' END, p.child_name,
      CASE p.parent_kind WHEN 'r' THEN 'ONLY ' ELSE '' END, p.parent_name,
      string_agg(p.matches || 'c.' || p.fk || p.collated, ' AND ' ORDER BY p.position), ${column})
  FROM pairs p WHERE NOT p.paired
  GROUP BY p.id, p.child, p.child_key, p.child_name, p.child_kind, p.parent_name, p.parent_relname, p.parent_kind,
    p.conname, p.condeferrable, p.condeferred;
END`,
  );
}

/**
 * What has to be done so that each of those foreign keys has its trigger, and none is left of one that is gone. The
 * table's name is part of the trigger's, so that a partition can be attached whose own foreign key has one. A trigger
 * looks at every UPDATE: `UPDATE OF` would miss what a BEFORE trigger changes.
 */
function referenceWork(texts: TenancyTexts): string {
  return sqlFunction(
    "tenancy_reference_work()",
    "TABLE (key text, statement text)",
    `
BEGIN
  RETURN QUERY
  WITH wanted AS (
    SELECT r.child, r.child_key,
      format('%I', '${REFERENCE_TRIGGER_PREFIX}' || md5(r.child_key || ' ' || r.conname)) AS trigger,
      -- Exactly as pg_get_triggerdef shows it, so that one text both creates and compares.
      format('CREATE %sTRIGGER %I AFTER INSERT OR UPDATE ON %s %sFOR EACH ROW '
          'EXECUTE FUNCTION ${S}.tenancy_reference(%s, %s, %s)',
        CASE WHEN r.may_defer THEN 'CONSTRAINT ' ELSE '' END,
        '${REFERENCE_TRIGGER_PREFIX}' || md5(r.child_key || ' ' || r.conname), r.child_name,
        CASE WHEN r.may_defer
          THEN 'DEFERRABLE INITIALLY ' || CASE WHEN r.defers THEN 'DEFERRED ' ELSE 'IMMEDIATE ' END ELSE '' END,
        '''' || replace(r.test, '''', '''''') || '''',
        '''' || replace(r.conname, '''', '''''') || '''',
        '''' || replace(r.parent_relname, '''', '''''') || '''') AS definition
    FROM ${S}.tenancy_references() r
    WHERE EXISTS (SELECT FROM pg_policy pol WHERE pol.polrelid = r.child AND pol.polname = '${TENANT_ONLY_POLICY}')
  ), present AS (
    SELECT t.oid, t.tgrelid, t.tgparentid, t.tgenabled, format('%I', t.tgname) AS trigger,
      pg_get_triggerdef(t.oid) AS definition,
      n.nspname || '.' || c.relname AS key, format('%I.%I', n.nspname, c.relname) AS name
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE starts_with(t.tgname, '${REFERENCE_TRIGGER_PREFIX}') AND n.nspname = ANY (${nameArray(texts.schemas)})
  ), wrong AS (
    SELECT p.* FROM present p LEFT JOIN wanted w ON w.child = p.tgrelid AND w.trigger = p.trigger
    WHERE p.tgparentid = 0 AND p.definition IS DISTINCT FROM w.definition
  )
  SELECT w.key, format('DROP TRIGGER %s ON %s', w.trigger, w.name) FROM wrong w
  UNION ALL
  SELECT w.child_key, w.definition FROM wanted w
    WHERE NOT EXISTS (SELECT FROM present p WHERE p.tgrelid = w.child AND p.trigger = w.trigger
      AND p.oid NOT IN (SELECT x.oid FROM wrong x))
  UNION ALL
  SELECT p.key, format('ALTER TABLE %s ENABLE TRIGGER %s', p.name, p.trigger) FROM present p
    WHERE p.tgenabled <> 'O' AND p.oid NOT IN (SELECT x.oid FROM wrong x);
END`,
  );
}

const coverReferences = (): string =>
  sqlFunction(
    "tenancy_cover_references()",
    "void",
    `
DECLARE work text;
BEGIN
  -- All of it is looked up before the first of it is done.
  FOREACH work IN ARRAY ARRAY (SELECT w.statement FROM ${S}.tenancy_reference_work() w) LOOP
    PERFORM ${S}.tenancy_run(work);
  END LOOP;
END`,
  );

/**
 * Refuses a reference to another tenant's row with the very words for a row that is not there:
 * the two cannot be told apart.
 */
const reference = (): string =>
  sqlFunction(
    "tenancy_reference()",
    "trigger",
    `
DECLARE present boolean;
BEGIN
  EXECUTE TG_ARGV[0] INTO present USING NEW;
  IF NOT present THEN
    RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation',
      MESSAGE = format('insert or update on table "%s" violates foreign key constraint "%s"',
        TG_TABLE_NAME, TG_ARGV[1]),
      DETAIL = format('Key is not present in table "%s".', TG_ARGV[2]),
      SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, CONSTRAINT = TG_ARGV[1];
  END IF;
  RETURN NULL;
END`,
  );

/** Looks at the tables that a DDL statement named, with their partitions and children. */
function onEvent(texts: TenancyTexts): string {
  return sqlFunction(
    "tenancy_on_event()",
    "event_trigger",
    `
DECLARE
  stack text;
  relations oid[];
  relation oid;
BEGIN
  GET DIAGNOSTICS stack = PG_CONTEXT;
  IF position('${S}.tenancy_run(text)' IN stack) > 0 THEN RETURN; END IF;
  IF TG_EVENT = 'sql_drop' THEN
    -- Policies, triggers, constraints and columns: the table is still there.
    relations := ARRAY (SELECT to_regclass(format('%I.%I', d.address_names[1], d.address_names[2]))::oid
      FROM pg_event_trigger_dropped_objects() d
      WHERE d.object_type IN ('policy', 'trigger', 'table constraint', 'table column')
        AND d.address_names[1] = ANY (${nameArray(texts.schemas)}));
  ELSE
    relations := ARRAY (SELECT CASE d.classid
        WHEN 'pg_class'::regclass THEN d.objid
        WHEN 'pg_constraint'::regclass THEN (SELECT conrelid FROM pg_constraint WHERE oid = d.objid)
        WHEN 'pg_policy'::regclass THEN (SELECT polrelid FROM pg_policy WHERE oid = d.objid)
        WHEN 'pg_trigger'::regclass THEN (SELECT tgrelid FROM pg_trigger WHERE oid = d.objid)
      END FROM pg_event_trigger_ddl_commands() d
      UNION ALL SELECT c.oid FROM pg_event_trigger_ddl_commands() d
        JOIN pg_type t ON d.classid = 'pg_class'::regclass AND t.typrelid = d.objid
        JOIN pg_class c ON c.reloftype = t.oid);
  END IF;
  relations := ARRAY (
    WITH RECURSIVE named AS (
      SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.oid = ANY (relations) AND c.relkind IN ('r', 'p') AND n.nspname = ANY (${nameArray(texts.schemas)})
      UNION SELECT i.inhrelid FROM named JOIN pg_inherits i ON i.inhparent = named.oid
    ) SELECT oid FROM named);
  -- Whoever may not alter these tables never comes further: for a temporary table, say.
  IF cardinality(relations) = 0 THEN RETURN; END IF;
  FOREACH relation IN ARRAY relations LOOP
    PERFORM ${S}.tenancy_cover(relation);
  END LOOP;
  PERFORM ${S}.tenancy_cover_references();
END`,
  );
}

const FUNCTIONS_FOR_MIGRATOR = [
  "tenancy_run(text)",
  "tenancy_cover(oid)",
  "tenancy_references()",
  "tenancy_reference_work()",
  "tenancy_cover_references()",
  "tenancy_reference()",
] as const;

/** Names and argument types of all functions here, dependents first. */
export const TENANCY_FUNCTIONS = [
  "tenancy_on_event()",
  "tenancy_cover_references()",
  "tenancy_reference_work()",
  "tenancy_references()",
  "tenancy_cover(oid)",
  "tenancy_run(text)",
  "tenancy_reference()",
] as const;

/**
 * How each of Rampart's blocks begins: names mean PostgreSQL's own, whatever the session's settings; notices about what
 * is not there yet are left out.
 */
export const SETTINGS = [...FIXED_SETTINGS, "client_min_messages = warning"].map((setting) => `SET LOCAL ${setting}`);

/**
 * Statements for the superuser, in one transaction, before a migration and after it: from then on, a table with the
 * column is confined in the moment it is created or altered. What is there already is the guard's
 * (tenancy-guard-sql.ts). Applying them again changes nothing;
 * after a change of the configuration they replace what was there.
 */
export function renderTenancySql(args: TenancyArgs): string[] {
  const texts = tenancyTexts(args);
  const owner = quoted(texts.superuser);
  const migrator = quoted(texts.migrator);
  return [
    ...SETTINGS,
    `CREATE SCHEMA IF NOT EXISTS ${S}`,
    `ALTER SCHEMA ${S} OWNER TO ${owner}`,
    `REVOKE ALL ON SCHEMA ${S} FROM PUBLIC, ${migrator}`,
    `GRANT USAGE ON SCHEMA ${S} TO ${migrator}`,
    ...Object.values(TENANCY_EVENT_TRIGGERS).map((name) => `DROP EVENT TRIGGER IF EXISTS ${name}`),
    // What a function returns cannot be replaced, and an older release's may differ.
    ...TENANCY_FUNCTIONS.filter((signature) => signature !== "tenancy_reference()").map(
      (signature) => `DROP FUNCTION IF EXISTS ${S}.${signature}`,
    ),
    run(),
    cover(texts),
    references(texts),
    referenceWork(texts),
    coverReferences(),
    reference(),
    onEvent(texts),
    ...TENANCY_FUNCTIONS.flatMap((signature) => [
      `ALTER FUNCTION ${S}.${signature} OWNER TO ${owner}`,
      `REVOKE ALL ON FUNCTION ${S}.${signature} FROM PUBLIC`,
    ]),
    ...FUNCTIONS_FOR_MIGRATOR.map((signature) => `GRANT EXECUTE ON FUNCTION ${S}.${signature} TO ${migrator}`),
    ...Object.entries(TENANCY_EVENT_TRIGGERS).flatMap(([event, name]) => [
      `CREATE EVENT TRIGGER ${name} ON ${event} EXECUTE FUNCTION ${S}.tenancy_on_event()`,
      `ALTER EVENT TRIGGER ${name} ENABLE ALWAYS`,
    ]),
  ];
}
