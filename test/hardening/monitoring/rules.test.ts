import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { acmeRules } from "../../../hardening/monitoring/acme-rules";
import { jobRules, prometheusRules } from "../../../hardening/monitoring/prometheus-config";
import { describeWith, findProgram } from "../../programs";

interface Rules {
  readonly groups: readonly { readonly name: string; readonly rules: readonly { readonly alert?: string }[] }[];
}
interface RuleTests {
  readonly tests: readonly {
    readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
  }[];
}

const TESTS = ["rules.test.yml", "acme-rules.test.yml", "job-rules.test.yml"] as const;
/** The first is covered by a wildcard of its zone. */
const HOSTS = ["app.example.com", "example.com", "app.example.org"];
const RULES = { "rules.yml": prometheusRules(), "acme-rules.yml": acmeRules(HOSTS), "job-rules.yml": jobRules() };
/** The one group that a test of many days needs: the others would be evaluated at each of its steps. */
const CERTIFICATES = stringify({
  groups: (parse(prometheusRules()) as Rules).groups.filter(({ name }) => name === "certificates"),
});
const alerts = Object.values(RULES).flatMap((text) =>
  (parse(text) as Rules).groups.flatMap(({ rules }) => rules.flatMap(({ alert }) => alert ?? [])),
);
const tested = TESTS.flatMap((file) =>
  (parse(readFileSync(join(__dirname, file), "utf8")) as RuleTests).tests.flatMap((one) => one.alert_rule_test),
);

test("every rule has a test in which it fires", () => {
  const fired = tested.filter(({ exp_alerts: expected }) => expected.length > 0).map(({ alertname }) => alertname);
  expect([...new Set(fired)].sort()).toEqual([...new Set(alerts)].sort());
});

describeWith("promtool")("Prometheus' own judge", () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "rules-"));
    for (const file of TESTS) copyFileSync(join(__dirname, file), join(directory, file));
    for (const [file, text] of Object.entries({ ...RULES, "certificates.yml": CERTIFICATES }))
      writeFileSync(join(directory, file), text);
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const promtool = (...args: readonly string[]): string =>
    execFileSync(findProgram("promtool") ?? "", [...args], { cwd: directory, encoding: "utf8", stdio: "pipe" });

  test.each(TESTS)("the rules fire when they should, and only then: %s", (file) => {
    expect(promtool("test", "rules", file)).toContain("SUCCESS");
  });
});
