import { judgeAudit, type Allowed } from "../../scripts/audit-judge";
import allowedNow from "../../scripts/audit-allowed.json";

const advisory = (id: string, name: string, severity: string): object => ({
  source: 1100000,
  name,
  dependency: name,
  title: `a fault of ${name}`,
  url: `https://github.com/advisories/${id}`,
  severity,
  range: "<2.0.0",
});

/** As npm 10 prints it. */
const report = (...advisories: readonly object[]): object => ({
  auditReportVersion: 2,
  vulnerabilities: {
    tar: { name: "tar", severity: "high", isDirect: false, via: advisories, effects: ["cacache"], fixAvailable: true },
    cacache: { name: "cacache", severity: "high", isDirect: true, via: ["tar"], effects: [], fixAvailable: true },
  },
  metadata: { vulnerabilities: { total: 2 } },
});

const HIGH = advisory("GHSA-aaaa-bbbb-cccc", "tar", "high");
const LOW = advisory("GHSA-dddd-eeee-ffff", "tar", "moderate");
const ENTRY: Allowed = {
  id: "GHSA-aaaa-bbbb-cccc",
  reason: "the fault is in a path that is not called",
  until: "2026-12-31",
};
const TODAY = "2026-11-28";

test("a high advisory fails, once, and a moderate one does not", () =>
  expect(judgeAudit(report(HIGH, HIGH, LOW), [], TODAY)).toEqual({
    faults: ["GHSA-aaaa-bbbb-cccc: high, tar: a fault of tar"],
    notes: [],
  }));

test("one that is accepted counts until its day, and not after it", () => {
  expect(judgeAudit(report(HIGH), [ENTRY], TODAY)).toEqual({ faults: [], notes: [] });
  expect(judgeAudit(report(HIGH), [ENTRY], "2026-12-31")?.faults).toEqual([]);
  expect(judgeAudit(report(HIGH), [ENTRY], "2027-01-01")?.faults).toEqual([
    "GHSA-aaaa-bbbb-cccc: high, tar: a fault of tar",
    "GHSA-aaaa-bbbb-cccc: was accepted until 2026-12-31",
  ]);
});

test("an entry without a reason or a day accepts nothing", () => {
  for (const entry of [
    { ...ENTRY, reason: "later" },
    { ...ENTRY, until: "soon" },
  ])
    expect(judgeAudit(report(HIGH), [entry], TODAY)?.faults).toHaveLength(2);
});

test("an entry that accepts nothing is for a person to remove", () =>
  expect(judgeAudit(report(LOW), [ENTRY], TODAY)).toEqual({
    faults: [],
    notes: ["GHSA-aaaa-bbbb-cccc: nothing has this advisory any more, so remove the entry from audit-allowed.json"],
  }));

test("an answer without advisories passes, and no answer is none", () => {
  expect(judgeAudit({ auditReportVersion: 2, vulnerabilities: {} }, [], TODAY)).toEqual({ faults: [], notes: [] });
  for (const none of [undefined, { message: "405 Method Not Allowed", error: {} }, []])
    expect(judgeAudit(none, [], TODAY)).toBeUndefined();
});

test("each entry of the repository has a reason and a day", () =>
  expect(judgeAudit({ vulnerabilities: {} }, allowedNow as Allowed[], "2000-01-01")?.faults).toEqual([]));
