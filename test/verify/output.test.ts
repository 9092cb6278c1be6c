import { verificationText } from "../../commands/verify/render";
import type { Check } from "../../verify/check";
import { controlsOf, countsOf } from "../../verify/output/controls";
import { junit } from "../../verify/output/junit";
import { sarif } from "../../verify/output/sarif";

const check = (change: Partial<Check>): Check => ({
  id: "cis-5.5",
  title: "is not privileged",
  severity: "critical",
  status: "pass",
  target: "api",
  evidence: "is not privileged",
  ...change,
});
const CHECKS = [
  check({ id: "drift-missing", title: "is there", severity: "high", evidence: "is there" }),
  check({}),
  check({ target: "web", status: "fail", evidence: "is privileged" }),
  check({ id: "cis-5.9", title: "publishes no port", severity: "medium", status: "accepted", evidence: "must: <why>" }),
  ...["a", "b", "c", "d"].map((target) =>
    check({ id: "cis-5.2", title: "runs under AppArmor", severity: "medium", status: "skip", target, evidence: "no" }),
  ),
];
const VERIFICATION = { stack: "dev", engine: "unix:///s, Docker 26.1", checks: CHECKS };

test("a control is as bad as the worst of its checks, in the order in which they came", () => {
  expect(controlsOf(CHECKS).map(({ id, status, checks }) => [id, status, checks.length])).toEqual([
    ["drift-missing", "pass", 1],
    ["cis-5.5", "fail", 2],
    ["cis-5.9", "accepted", 1],
    ["cis-5.2", "skip", 4],
  ]);
  expect(countsOf(CHECKS)).toEqual({ pass: 2, fail: 1, accepted: 1, skip: 4 });
});

test("the text has a line for each control, and what does not simply hold below it", () => {
  const text = verificationText(VERIFICATION, 3.4, { width: 100, paint: (_, words) => words, verbose: false });
  expect(text).toMatchInlineSnapshot(`
"Stack dev on unix:///s, Docker 26.1

pass      drift-missing             is there (1)
FAIL      cis-5.5                   is not privileged (1 of 2), critical
          FAIL web: is privileged
accepted  cis-5.9                   publishes no port (0 of 1)
          accepted api: must: <why>
skip      cis-5.2                   runs under AppArmor (0 of 4)
          skip 4 resources: no

4 controls, 8 checks in 3 s: 2 pass, 1 fail, 1 accepted, 4 skipped"
`);
});

test("verbose, the text has each thing that holds", () => {
  const text = verificationText(VERIFICATION, 3, { width: 100, paint: (_, words) => words, verbose: true });
  expect(text).toContain("pass api: is not privileged");
  expect(text).toContain("skip a, b, c, d: no");
});

test("JUnit has a case for each check, and what an XML reader would take for markup is escaped", () => {
  const report = junit({ ...VERIFICATION, checks: [...CHECKS, check({ target: 'x"<&\u0007', status: "fail" })] });
  expect(report).toContain('<testsuite name="dev" tests="9" failures="2" skipped="4">');
  expect(report).toContain('<testcase classname="cis-5.5" name="web: is not privileged">');
  expect(report).toContain('<failure message="is privileged"/>');
  expect(report).toContain("<system-out>must: &lt;why&gt;</system-out>");
  expect(report).toContain("x&quot;&lt;&amp;\ufffd: is not privileged");
});

test("SARIF has what fails as results, and what is accepted as suppressed ones", () => {
  const report = sarif(VERIFICATION, "0.1.0") as { runs: { results: Record<string, unknown>[]; tool: unknown }[] };
  expect(report.runs[0]?.results.map(({ ruleId, level, suppressions }) => [ruleId, level, suppressions])).toEqual([
    ["cis-5.5", "error", undefined],
    ["cis-5.9", "warning", [{ kind: "external", justification: "must: <why>" }]],
  ]);
  expect(JSON.stringify(report.runs[0]?.tool)).toContain('"id":"drift-missing"');
});
