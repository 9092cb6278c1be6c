/** What the server's catalogs say of roles, of PUBLIC, and of who owns what. Pure: the queries, and what is judged. */
import { POSTGRES_SUPERUSER } from "../../../hardening/postgres/roles/roles";
import { TENANCY_SCHEMA } from "../../../hardening/postgres/tenancy/tenancy";
import { leaf, tree, type Tree } from "../../../hardening/tree";
import type { Finding } from "../../check";

/** What a role is by the stack's state. */
export interface KnownRole {
  readonly login: string;
  /** What it is a member of. */
  readonly memberOf: readonly string[];
  readonly bypassesRowSecurity: boolean;
  /** Connections at a time; undefined: any limit will do. */
  readonly connectionLimit?: number | undefined;
  /** Whether the role has to end by itself. */
  readonly ends: boolean;
}

export const ROLES_QUERY = `SELECT coalesce(json_agg(r ORDER BY r.name), '[]'::json) FROM (
  SELECT r.rolname AS name, r.rolsuper AS superuser, r.rolcreaterole AS "createRole", r.rolcreatedb AS "createDatabase",
    r.rolreplication AS replication, r.rolbypassrls AS "bypassesRowSecurity", r.rolconnlimit AS "connectionLimit",
    r.rolpassword IS NULL OR r.rolpassword LIKE 'SCRAM-SHA-256$%' AS scram,
    r.rolvaliduntil IS NOT NULL AND isfinite(r.rolvaliduntil) AS ends,
    ARRAY (SELECT g.rolname FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid
      ORDER BY 1) AS "memberOf"
  FROM pg_authid r WHERE r.rolname !~ '^pg_') r`;

export const DATABASES_QUERY = `SELECT coalesce(json_agg(d ORDER BY d.name), '[]'::json) FROM (
  SELECT datname AS name, EXISTS (SELECT FROM aclexplode(coalesce(datacl, acldefault('d', datdba))) a
    WHERE a.grantee = 0) AS public FROM pg_database WHERE datallowconn) d`;

/** @param schemas the application's, in the database in which it is asked */
export const objectsQuery = (schemas: readonly string[]): string => {
  const own = `ARRAY[${schemas.map((schema) => `'${schema}'`).join(", ")}]::name[]`;
  const system = "nspname !~ '^pg_' AND nspname <> 'information_schema'";
  const ofExtension = (oid: string): string =>
    `EXISTS (SELECT FROM pg_depend x WHERE x.objid = ${oid} AND x.deptype = 'e')`;
  const objects = `SELECT n.nspname || '.' || c.relname AS name, c.relowner AS owner, c.oid
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = ANY (${own}) AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
    UNION ALL SELECT n.nspname || '.' || p.proname, p.proowner, p.oid
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = ANY (${own})`;
  return `SELECT json_build_object(
    'owners', (SELECT coalesce(json_agg(format('%s of %s', o.name, pg_get_userbyid(o.owner)) ORDER BY 1), '[]')
      FROM (${objects}
        UNION ALL SELECT 'schema ' || nspname, nspowner, oid FROM pg_namespace WHERE nspname = ANY (${own})) o
      WHERE pg_get_userbyid(o.owner) <> 'migrator' AND NOT ${ofExtension("o.oid")}),
    'public', (SELECT coalesce(json_agg(w.what ORDER BY 1), '[]') FROM (
      SELECT 'schema ' || nspname AS what FROM pg_namespace n, aclexplode(coalesce(nspacl, acldefault('n', nspowner))) a
        WHERE a.grantee = 0 AND ${system}
      UNION SELECT 'table ' || c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
        aclexplode(c.relacl) a WHERE a.grantee = 0 AND n.nspname = ANY (${own})
      UNION SELECT 'function ' || p.oid::regprocedure || ', which is SECURITY DEFINER' FROM pg_proc p
        JOIN pg_namespace n ON n.oid = p.pronamespace, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
        WHERE a.grantee = 0 AND p.prosecdef AND ${system}
      UNION SELECT 'function ' || p.oid::regprocedure FROM pg_proc p, aclexplode(coalesce(p.proacl,
        acldefault('f', p.proowner))) a WHERE a.grantee = 0 AND p.pronamespace = 'pg_catalog'::regnamespace
        AND p.proname IN ('lo_creat', 'lo_create', 'lo_from_bytea')) w),
    'creators', (SELECT coalesce(json_agg(format('%s in schema %s', pg_get_userbyid(a.grantee), nspname) ORDER BY 1),
        '[]')
      FROM pg_namespace n, aclexplode(nspacl) a WHERE a.privilege_type = 'CREATE' AND a.grantee NOT IN (0, nspowner)
        AND ${system}),
    'writers', (SELECT coalesce(json_agg(DISTINCT format('%s %s %s', r.rolname, v.privilege, o.name)), '[]')
      FROM (${objects}) o JOIN pg_class c ON c.oid = o.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
        CROSS JOIN (VALUES ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE')) v(privilege)
        CROSS JOIN pg_roles r WHERE r.rolname IN ('app_ro', 'backup', 'monitor')
        AND has_table_privilege(r.oid, o.oid, v.privilege)),
    'guards', (SELECT coalesce(json_agg(evtname || ' ' || evtenabled::text ORDER BY 1), '[]') FROM pg_event_trigger
      WHERE starts_with(evtname, '${TENANCY_SCHEMA}_')))`;
};

const ATTRIBUTES = {
  superuser: "is a superuser",
  createRole: "may make roles",
  createDatabase: "may make databases",
  replication: "may replicate, and so copy every row",
} as const;

const texts = (value: unknown): string[] => (Array.isArray(value) ? (value as unknown[]).map(leaf) : []);

function roleFaults(found: Tree, known: KnownRole): string[] {
  const memberOf = texts(found["memberOf"]);
  return [
    ...Object.entries(ATTRIBUTES).flatMap(([attribute, words]) => (found[attribute] === true ? [words] : [])),
    ...(found["bypassesRowSecurity"] === true && !known.bypassesRowSecurity ? ["bypasses row security"] : []),
    ...(found["scram"] === true ? [] : ["has a password that is not kept as SCRAM-SHA-256"]),
    ...memberOf.filter((role) => !known.memberOf.includes(role)).map((role) => `is a member of ${role}`),
    ...known.memberOf.filter((role) => !memberOf.includes(role)).map((role) => `is no member of ${role}`),
    ...(found["connectionLimit"] === -1 ? ["has no limit of connections"] : []),
    ...(known.connectionLimit !== undefined && Number(found["connectionLimit"]) > known.connectionLimit
      ? [`may open ${Number(found["connectionLimit"])} connections, not ${known.connectionLimit}`]
      : []),
    ...(known.ends && found["ends"] !== true ? ["does not end by itself"] : []),
  ];
}

/** @param found what ROLES_QUERY gave */
export function roleFindings(found: unknown, known: readonly KnownRole[]): Finding[] {
  const rows = Array.isArray(found) ? (found as unknown[]).map(tree) : [];
  const byName = new Map(known.map((role) => [role.login, role]));
  const there = new Set(rows.map(({ name }) => leaf(name)));
  return [
    ...rows.flatMap((row): Finding[] => {
      const target = leaf(row["name"]);
      if (target === POSTGRES_SUPERUSER) return [];
      const role = byName.get(target);
      if (role === undefined)
        return [
          { status: "fail", target, evidence: "is a role that the state does not know: somebody made it by hand" },
        ];
      const faults = roleFaults(row, role);
      return [
        {
          status: faults.length === 0 ? "pass" : "fail",
          target,
          evidence: faults.join("; ") || "has no attribute or membership beyond its own",
        },
      ];
    }),
    ...known
      .filter(({ login }) => !there.has(login))
      .map(({ login }): Finding => ({ status: "fail", target: login, evidence: "is not there" })),
  ];
}

/** @param found what DATABASES_QUERY gave */
export function databaseFindings(found: unknown, own: readonly string[]): Finding[] {
  const rows = Array.isArray(found) ? (found as unknown[]).map(tree) : [];
  return rows.map((row): Finding => {
    const target = `database ${leaf(row["name"])}`;
    if (row["public"] === true)
      return { status: "fail", target, evidence: "PUBLIC has a right on it, and so every role that anybody makes" };
    return ["postgres", "template1", ...own].includes(leaf(row["name"]))
      ? { status: "pass", target, evidence: "PUBLIC has no right on it" }
      : {
          status: "skip",
          target,
          evidence: "for a person to decide: it is not the stack's; drop it unless a restore has just left it",
        };
  });
}

/** @param found what `objectsQuery` gave; @param guards names of the event triggers that have to be on */
export function objectFindings(found: unknown, database: string, guards: readonly string[]): Finding[] {
  const lists = tree(found);
  const on = texts(lists["guards"]);
  const sorts: readonly (readonly [faults: readonly string[], bad: string, good: string])[] = [
    [texts(lists["public"]), "PUBLIC has rights on", "PUBLIC has nothing in its schemas"],
    [texts(lists["owners"]), "somebody else than migrator owns", "migrator owns what is in its schemas"],
    [texts(lists["creators"]), "may make things:", "nobody but owners makes things in its schemas"],
    [texts(lists["writers"]), "may write, whose role only reads:", "app_ro, backup and monitor write no table"],
    [
      guards.filter((name) => !on.includes(`${name} A`)),
      "event triggers are gone or off:",
      "the event triggers that guard it are on",
    ],
  ];
  return sorts.map(([faults, bad, good]): Finding => ({
    status: faults.length === 0 ? "pass" : "fail",
    target: `database ${database}`,
    evidence: faults.length === 0 ? good : `${bad} ${some(faults)}`,
  }));
}

const SHOWN = 8;
const some = (what: readonly string[]): string =>
  what.slice(0, SHOWN).join(", ") + (what.length > SHOWN ? ` and ${what.length - SHOWN} more` : "");
