/**
 * Statements that are tried, as a script for psql, and what came of them. Each is in a transaction of its own that is
 * rolled back, and gives up soon: it may be a statement that should have been refused, on a table of production.
 */

export interface Statement {
  readonly sql: string;
  /** What precedes it in its transaction, such as the choice of a tenant. */
  readonly before?: readonly string[];
  /** Whether PostgreSQL takes it in no transaction. It must then be one that does nothing even where it is allowed. */
  readonly alone?: boolean;
}

export interface Attempt {
  /** SQLSTATE; 00000 where it passed. */
  readonly state: string;
  /** Rows that it gave or changed. */
  readonly rows: number;
  /** The server's own words; empty where it passed. */
  readonly words: string;
}

export const PASSED = "00000";
export const INSUFFICIENT_PRIVILEGE = "42501";
/** The server was busy, or somebody else held a lock: nothing can be told of rights. */
const CIRCUMSTANCES = /^(08|40|53|57|55P03)/;

/** Whether an attempt tells anything. */
export const isTold = (attempt: Attempt | undefined): attempt is Attempt =>
  attempt !== undefined && !CIRCUMSTANCES.test(attempt.state);

/** Milliseconds. A lock that is waited for holds up whoever comes behind. */
const LOCK_TIMEOUT_MS = 100;
const STATEMENT_TIMEOUT_MS = 3000;

const LIMITS = [`SET statement_timeout = ${STATEMENT_TIMEOUT_MS};`, `SET lock_timeout = ${LOCK_TIMEOUT_MS};`] as const;

/** @param mark a word that nothing in the database begins a line with */
export function attemptScript(statements: readonly Statement[], mark: string): string {
  return [
    ...LIMITS,
    ...statements.map(({ sql, before = [], alone = false }, index) =>
      [
        ...(alone ? [] : ["BEGIN;"]),
        ...before.map((one) => `${one};`),
        `${sql};`,
        `\\echo ${mark} ${index} :SQLSTATE :ROW_COUNT :LAST_ERROR_MESSAGE`,
        ...(alone ? [] : ["ROLLBACK;"]),
      ].join("\n"),
    ),
    "",
  ].join("\n");
}

/** What psql wrote, by statement; undefined for one that psql did not come to. */
export function readAttempts(output: string, mark: string, count: number): readonly (Attempt | undefined)[] {
  const found = new Map<number, Attempt>();
  for (const line of output.split("\n")) {
    const [, index, state, rows, words] = new RegExp(`^${mark} (\\d+) (\\S{5}) (\\d+) ?(.*)$`).exec(line) ?? [];
    if (index === undefined || state === undefined) continue;
    found.set(Number(index), { state, rows: Number(rows), words: state === PASSED ? "" : (words ?? "") });
  }
  return Array.from({ length: count }, (_, index) => found.get(index));
}

/**
 * A script that tells one value of each query, which names it `value`; in hexadecimal digits, as a text may have lines.
 * @param mark as for `attemptScript`
 */
export function valueScript(queries: readonly string[], mark: string): string {
  return [
    ...LIMITS,
    ...queries.map((query, index) =>
      [
        "\\unset rampart_hex",
        `SELECT encode(convert_to(q.value::text, 'UTF8'), 'hex') AS hex FROM (${query}) q \\gset rampart_`,
        `\\echo ${mark} ${index} :rampart_hex`,
      ].join("\n"),
    ),
    "",
  ].join("\n");
}

/** By query; undefined where it gave none. */
export function readValues(output: string, mark: string, count: number): readonly (string | undefined)[] {
  const found = new Map<number, string>();
  for (const line of output.split("\n")) {
    const [, index, hex] = new RegExp(`^${mark} (\\d+) ([0-9a-f]+)$`).exec(line) ?? [];
    if (hex !== undefined) found.set(Number(index), Buffer.from(hex, "hex").toString("utf8"));
  }
  return Array.from({ length: count }, (_, index) => found.get(index));
}
