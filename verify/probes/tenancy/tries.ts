/** What a session of a tenant's, or of nobody's, tries on a table of tenants. Pure. */
import { randomInt, randomUUID } from "node:crypto";
import { quoted } from "../../../hardening/postgres/server/identifiers";
import { literal, type Tenancy, type TenantColumnType } from "../../../hardening/postgres/tenancy/tenancy";
import { INSUFFICIENT_PRIVILEGE, PASSED, type Attempt, type Statement } from "../database/attempts";

/** A table of tenants, as the live catalogs have it. */
export interface TenantTable {
  /** As SQL names it. */
  readonly name: string;
  /** Its other columns that take values. */
  readonly columns: readonly string[];
}

export interface Tenants {
  /** Two tenants that there are not. */
  readonly one: string;
  readonly other: string;
  /** One that has a row in the table. Absent where the table is empty. */
  readonly real?: string;
}

/** A value of the column's type that is nobody's. */
export function nobodysTenant(type: TenantColumnType): string {
  switch (type) {
    case "uuid":
      return randomUUID();
    case "bigint":
    case "integer":
      return String(-randomInt(1_000_000_000, 2_000_000_000));
    case "text":
      return `rampart-verify-${randomUUID()}`;
    default: {
      const unknown: never = type;
      throw new Error(`no such type: ${String(unknown)}`);
    }
  }
}

export interface Try extends Statement {
  readonly what: string;
  /** Whether the attempt is as it has to be; undefined where nothing can be told from it. */
  readonly holds: (attempt: Attempt) => boolean | undefined;
}

/** Timeouts, missing rights and what a trigger of the application's says tell nothing of row security. */
const untold = ({ state }: Attempt): boolean => state !== PASSED && state !== INSUFFICIENT_PRIVILEGE;
const byPolicy = ({ state, words }: Attempt): boolean =>
  state === INSUFFICIENT_PRIVILEGE && /row-level security/.test(words);
const nothing = (attempt: Attempt): boolean | undefined =>
  attempt.state === PASSED ? attempt.rows === 0 : byPolicy(attempt) ? true : undefined;
const something = (attempt: Attempt): boolean | undefined => (attempt.state === PASSED ? attempt.rows > 0 : undefined);
/** NOT NULL, a foreign key or a check is looked at only after the policy: it let the row through. */
const CONSTRAINTS = /^23/;
const refused = (attempt: Attempt): boolean | undefined => {
  if (byPolicy(attempt)) return true;
  if (attempt.state === PASSED || CONSTRAINTS.test(attempt.state)) return false;
  return undefined;
};

const as = (variable: string, tenant: string): string =>
  `SELECT pg_catalog.set_config(${literal(variable)}, ${literal(tenant)}, true)`;

/** @param writes whether the login may write at all */
export function tries({ variable, column }: Tenancy, table: TenantTable, tenants: Tenants, writes: boolean): Try[] {
  const [name, tenant] = [table.name, quoted(column)];
  const { one, other, real } = tenants;
  const read = `SELECT FROM ${name} LIMIT 1`;
  // A row without values: the policy is asked before a constraint is. A default might take a number of a sequence.
  const insert = (whose: string): string =>
    `INSERT INTO ${name} (${[tenant, ...table.columns].join(", ")}) ` +
    `VALUES (${[literal(whose), ...table.columns.map(() => "NULL")].join(", ")})`;
  // One row at most, whatever is broken.
  const row = `WHERE ctid = (SELECT ctid FROM ${name} LIMIT 1)`;
  const move = `UPDATE ${name} SET ${tenant} = ${literal(other)} ${row}`;
  return [
    { what: "reads rows without a tenant", sql: read, before: [as(variable, "")], holds: nothing },
    {
      what: "reads rows of others as a tenant that there is not",
      sql: read,
      before: [as(variable, one)],
      holds: nothing,
    },
    ...(writes
      ? [
          { what: "changes rows without a tenant", sql: move, before: [as(variable, "")], holds: nothing },
          { what: "changes rows of others", sql: move, before: [as(variable, one)], holds: nothing },
          { what: "inserts a row of another tenant", sql: insert(other), before: [as(variable, one)], holds: refused },
          { what: "inserts a row without a tenant", sql: insert(other), before: [as(variable, "")], holds: refused },
        ]
      : []),
    ...(real === undefined
      ? []
      : [
          { what: CONTROL, sql: read, before: [as(variable, real)], holds: something },
          ...(writes
            ? [{ what: "gives a row to another tenant", sql: move, before: [as(variable, real)], holds: refused }]
            : []),
        ]),
  ];
}

/** Who reads as a tenant that has rows has to see one. */
export const CONTROL = "sees no row of its own tenant";

export interface Told {
  readonly faults: readonly string[];
  readonly held: number;
  readonly untold: readonly string[];
}

export function judgeTries(all: readonly Try[], attempts: readonly (Attempt | undefined)[]): Told {
  const judged = all.map((one, index) => {
    const attempt = attempts[index];
    const holds =
      attempt === undefined || (untold(attempt) && !CONSTRAINTS.test(attempt.state)) ? undefined : one.holds(attempt);
    return { what: one.what, holds, why: attempt === undefined ? "no answer" : `${attempt.state} ${attempt.words}` };
  });
  return {
    faults: judged.flatMap(({ what, holds }) => (holds === false ? [what] : [])),
    held: judged.filter(({ holds }) => holds === true).length,
    untold: judged.flatMap(({ what, holds, why }) => (holds === undefined ? [`${what}: ${why}`] : [])),
  };
}
