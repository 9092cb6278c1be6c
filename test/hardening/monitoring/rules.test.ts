import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { prometheusRules } from "../../../hardening/monitoring/prometheus-config";
import { describeWith, findProgram } from "../../programs";

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string }[] }[];
}
interface RuleTests {
  readonly tests: readonly {
    readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
  }[];
}

const testFile = join(__dirname, "rules.test.yml");
const alerts = (parse(prometheusRules()) as Rules).groups.flatMap(({ rules }) => rules.map(({ alert }) => alert));
const tested = (parse(readFileSync(testFile, "utf8")) as RuleTests).tests.flatMap((one) => one.alert_rule_test);

test("every rule has a test in which it fires", () => {
  const fired = tested.filter(({ exp_alerts: expected }) => expected.length > 0).map(({ alertname }) => alertname);
  expect([...new Set(fired)].sort()).toEqual([...alerts].sort());
});

describeWith("promtool")("Prometheus' own judge", () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "rules-"));
    copyFileSync(testFile, join(directory, "rules.test.yml"));
    writeFileSync(join(directory, "rules.yml"), prometheusRules());
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const promtool = (...args: readonly string[]): string =>
    execFileSync(findProgram("promtool") ?? "", [...args], { cwd: directory, encoding: "utf8", stdio: "pipe" });

  test("the rules fire when they should, and only then", () => {
    expect(promtool("test", "rules", "rules.test.yml")).toContain("SUCCESS");
  });
});
