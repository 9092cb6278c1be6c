/** What `npm audit --json` reports, against the advisories that somebody accepted for a time. */

/** An advisory that is accepted: `scripts/audit-allowed.json` has them. */
export interface Allowed {
  /** `GHSA-…`. */
  readonly id: string;
  readonly reason: string;
  /** The last day on which it counts, in UTC: `2027-03-31`. */
  readonly until: string;
}

export interface Verdict {
  /** A line each: what fails the gate. */
  readonly faults: readonly string[];
  /** A line each: what a person may tidy up. */
  readonly notes: readonly string[];
}

interface Advisory {
  readonly id: string;
  readonly package: string;
  readonly severity: string;
  readonly title: string;
}

/** Levels that fail. */
const FAILING: readonly string[] = ["high", "critical"];
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/**
 * @param report what npm printed, as JSON
 * @param today in UTC: `2026-11-28`
 * @returns undefined where the report is none: npm could not ask for advisories
 */
export function judgeAudit(report: unknown, allowed: readonly Allowed[], today: string): Verdict | undefined {
  const advisories = advisoriesOf(report);
  if (advisories === undefined) return undefined;
  const failing = advisories.filter(({ severity }) => FAILING.includes(severity));
  const wrong = allowed.filter(({ reason, until }) => reason.trim().length < 10 || !DAY.test(until));
  const counts = allowed.filter((entry) => !wrong.includes(entry) && entry.until >= today);
  const ended = allowed.filter((entry) => !wrong.includes(entry) && entry.until < today);
  return {
    faults: [
      ...wrong.map(({ id }) => `${id}: an entry of audit-allowed.json needs a reason and a day, such as 2027-03-31`),
      ...failing
        .filter(({ id }) => !counts.some((entry) => entry.id === id))
        .map((advisory) => `${advisory.id}: ${advisory.severity}, ${advisory.package}: ${advisory.title}`),
      ...ended
        .filter(({ id }) => failing.some((advisory) => advisory.id === id))
        .map(({ id, until }) => `${id}: was accepted until ${until}`),
    ],
    notes: allowed
      .filter(({ id }) => !failing.some((advisory) => advisory.id === id))
      .map(({ id }) => `${id}: nothing has this advisory any more, so remove the entry from audit-allowed.json`),
  };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** Each once. A package that only depends on a faulty one names that one, and has no advisory of its own. */
function advisoriesOf(report: unknown): Advisory[] | undefined {
  if (!isRecord(report) || !isRecord(report["vulnerabilities"])) return undefined;
  const found = Object.values(report["vulnerabilities"]).flatMap((entry) => {
    const via = isRecord(entry) && Array.isArray(entry["via"]) ? (entry["via"] as unknown[]) : [];
    return via.filter(isRecord).map((one) => ({
      id: text(one["url"]).split("/").at(-1) ?? "",
      package: text(one["name"]),
      severity: text(one["severity"]),
      title: text(one["title"]),
    }));
  });
  return [...new Map(found.map((one) => [`${one.id} ${one.package}`, one])).values()];
}
