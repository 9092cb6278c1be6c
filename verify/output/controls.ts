/** Checks, a control at a time. */
import type { Check, Outcome } from "../check";

export interface ControlResult extends Pick<Check, "id" | "title" | "severity"> {
  /** The worst of its checks. */
  readonly status: Outcome;
  readonly checks: readonly Check[];
}

/** The worst first. */
export const OUTCOMES: readonly Outcome[] = ["fail", "skip", "accepted", "pass"];

const worst = (checks: readonly Check[]): Outcome =>
  OUTCOMES.find((outcome) => checks.some(({ status }) => status === outcome)) ?? "pass";

/** In the order of their first checks. */
export function controlsOf(checks: readonly Check[]): ControlResult[] {
  const byId = new Map<string, Check[]>();
  for (const check of checks) byId.set(check.id, [...(byId.get(check.id) ?? []), check]);
  return [...byId.values()].flatMap((found) => {
    const [first] = found;
    return first === undefined
      ? []
      : [{ id: first.id, title: first.title, severity: first.severity, status: worst(found), checks: found }];
  });
}

export const countsOf = (checks: readonly Check[]): Readonly<Record<Outcome, number>> => ({
  pass: checks.filter(({ status }) => status === "pass").length,
  fail: checks.filter(({ status }) => status === "fail").length,
  accepted: checks.filter(({ status }) => status === "accepted").length,
  skip: checks.filter(({ status }) => status === "skip").length,
});
