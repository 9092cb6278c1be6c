/** Every login of the stack, over TLS with the server verified, oversteps its rights. */
import { leaf, tree } from "../../../hardening/tree";
import type { Finding } from "../../check";
import type { Stage } from "../../stage";
import type { Probe } from "../probe";
import { INSUFFICIENT_PRIVILEGE, isTold, PASSED, type Attempt, type Statement } from "./attempts";
import { DatabaseClient, hasDatabase, isCrowded, look } from "./client";
import type { KnownLogin } from "./logins";
import { duties, oversteps, type Overstep, type Place } from "./oversteps";

/** A table of the application's, and a column of it that takes a value. */
const tableQuery = (schema: string): string => `SELECT coalesce((
  SELECT json_build_object('name', format('%I.%I', n.nspname, c.relname), 'column', quote_ident(a.attname))
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
  WHERE n.nspname = '${schema}' AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
    AND a.attgenerated = '' AND a.attidentity = ''
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
  ORDER BY c.relname, a.attnum LIMIT 1), '{}'::json)`;

export async function placeOf(stage: Stage): Promise<Place> {
  const { name: database, schema } = stage.config.database;
  const { name, column } = tree(await look(stage, database, tableQuery(schema)));
  return name === undefined ? { schema } : { schema, table: { name: leaf(name), column: leaf(column) } };
}

/** Each statement and what came of it. */
type Tried<T extends Statement> = readonly (readonly [statement: T, attempt: Attempt | undefined])[];

export const tried = <T extends Statement>(
  statements: readonly T[],
  attempts: readonly (Attempt | undefined)[],
): Tried<T> => statements.map((statement, index) => [statement, attempts[index]] as const);

/** What one login may and may not do. */
export function loginFinding(
  { login: target, role }: Pick<KnownLogin, "login" | "role">,
  refused: Tried<Overstep>,
  duty: Tried<Statement>,
): Finding {
  const broken = duty.filter(([, attempt]) => isTold(attempt) && attempt.state !== PASSED);
  const through = refused.filter(
    ([{ untold = [] }, attempt]) =>
      isTold(attempt) && attempt.state !== INSUFFICIENT_PRIVILEGE && !untold.includes(attempt.state),
  );
  if (through.length > 0)
    return {
      status: "fail",
      target,
      evidence: `may ${through.map(([{ what }, attempt]) => `${what} (${outcome(attempt)})`).join(", ")}`,
    };
  if (broken.length > 0)
    return {
      status: "fail",
      target,
      evidence:
        `cannot do what ${role} is for: ` +
        broken.map(([{ sql }, attempt]) => `${sql}: ${outcome(attempt)}`).join("; "),
    };
  const answered = refused.filter(([, attempt]) => attempt?.state === INSUFFICIENT_PRIVILEGE).length;
  // The control: without it a refusal may have another reason.
  const working = duty.filter(([, attempt]) => attempt?.state === PASSED).length;
  if (answered < refused.length / 2 || working === 0)
    return {
      status: "skip",
      target,
      evidence: `not told: ${answered} of ${refused.length} refused, ${working} of ${duty.length} of its own taken`,
    };
  return {
    status: "pass",
    target,
    evidence: `as ${role} ${answered} statements refused, ${working} of its own taken`,
  };
}

const outcome = (attempt: Attempt | undefined): string => {
  if (attempt === undefined) return "no answer";
  return attempt.state === PASSED ? "it passed" : `SQLSTATE ${attempt.state}: ${attempt.words}`;
};

async function findingOf(client: DatabaseClient, database: string, place: Place, login: KnownLogin): Promise<Finding> {
  const target = login.login;
  const [beyond, own] = [oversteps(place, login.role), duties(place, login.role)];
  try {
    const attempts = await client.attempts(target, database, [...beyond, ...own]);
    if (login.over) return { status: "fail", target, evidence: "its time is over, and it gets in" };
    return loginFinding(
      login,
      tried(beyond, attempts.slice(0, beyond.length)),
      tried(own, attempts.slice(beyond.length)),
    );
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    if (login.over && /authentication failed|pg_hba\.conf|not permitted to log in/.test(words))
      return { status: "pass", target, evidence: "its time is over, and it does not get in" };
    if (isCrowded(words))
      return { status: "skip", target, evidence: `not told: all its connections are taken: ${words}` };
    return { status: "fail", target, evidence: `does not get in with the password that the state knows: ${words}` };
  }
}

export const roles: Probe = {
  id: "probe-roles",
  title: "every login of the database does what its role is for, and is refused the rest",
  severity: "high",
  why: "whoever takes over a service has what its login may do",
  run: async (stage) => {
    if (!hasDatabase(stage)) return [];
    const { name } = stage.config.database;
    const [client, place] = await Promise.all([DatabaseClient.open(stage), placeOf(stage)]);
    return Promise.all(client.logins.map((login) => findingOf(client, name, place, login)));
  },
};
