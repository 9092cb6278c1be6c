import { describeDifference, type Difference } from "../shared/difference";

/** What a drill writes: one line of JSON. */
export interface DrillResult {
  readonly ok: boolean;
  readonly time: string;
  readonly snapshot: string;
  /** When the backup was taken. */
  readonly taken: string;
  readonly seconds: number;
  readonly error: string;
  readonly databases: readonly {
    readonly database: string;
    readonly tables: number;
    readonly rows: number;
    readonly policies: number;
    readonly roles: number;
  }[];
  readonly differenceCount: number;
  readonly differences: readonly Difference[];
}

export function readDrill(text: string): DrillResult | undefined {
  try {
    const parsed = JSON.parse(text) as Partial<DrillResult>;
    return typeof parsed.ok === "boolean" && Array.isArray(parsed.differences) && Array.isArray(parsed.databases)
      ? (parsed as DrillResult)
      : undefined;
  } catch {
    return undefined;
  }
}

/** A drill for a person to read; one that failed says so first. */
export function describeDrill(drill: DrillResult): string {
  const { ok, error, differences, differenceCount, databases, snapshot, taken, seconds } = drill;
  const of = snapshot === "" ? "" : ` backup ${snapshot.slice(0, 8)} of ${taken},`;
  return [
    `RESTORE DRILL ${ok ? "PASSED" : "FAILED"}:${of} ${seconds} s`,
    ...(error === "" ? [] : [`  ${error}`]),
    ...(differenceCount === 0 ? [] : [`  ${differenceCount} differences from what the database held:`]),
    ...differences.map((difference) => `  - ${describeDifference(difference)}`),
    ...databases.map(
      (one) =>
        `  ${one.database}: ${one.tables} tables, ${one.rows} rows, ${one.policies} policies, ${one.roles} ` +
        `roles${ok ? ": the same" : ""}`,
    ),
    "",
  ].join("\n");
}
