import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { RULES, sourcesOf } from "../../../hardening/rules";

const ROOT = join(__dirname, "../../..");
const sources = [...new Set(RULES.flatMap(sourcesOf))];
const of = (start: string): string[] =>
  sources.filter((source) => source.startsWith(start)).map((source) => source.slice(start.length));

/** What stands in the first column of a baseline's table. */
const linesOf = (name: string): string[] =>
  readFileSync(join(ROOT, "docs/baselines", name), "utf8")
    .split("\n")
    .flatMap((line) => (line.startsWith("| ") ? [line.split(" | ")[0]?.slice(2) ?? ""] : []));

describe("what rules come from", () => {
  test("are benchmarks, baselines and pages, each in one form", () => {
    const form = new RegExp(
      [
        String.raw`^(?:CIS Docker Benchmark 1\.6, [245]\.\d+ \(.+\)`,
        String.raw`CIS PostgreSQL 17 Benchmark, [1-8]\.\d+ \(.+\)`,
        String.raw`NIST SP 800-190, 4\.[1-6]\.\d \(.+\)`,
        "(?:AMO portal|DragDropDeploy|Helvetia Cloud|kitiumai/docker): .+",
        String.raw`docs/[a-z0-9/-]+\.md)$`,
      ].join("|"),
    );
    expect(sources.filter((source) => !form.test(source))).toEqual([]);
  });

  test.each(of("docs/"))("the page docs/%s is there", (path) => {
    expect(existsSync(join(ROOT, "docs", path))).toBe(true);
  });

  test.each([
    ["DragDropDeploy", "dragdropdeploy.md"],
    ["AMO portal", "amo-portal.md"],
    ["kitiumai/docker", "kitiumai-docker.md"],
  ])("the lines of %s are lines of its baseline", (name, file) => {
    const lines = linesOf(file);
    expect(of(`${name}: `).length).toBeGreaterThan(3);
    expect(of(`${name}: `).filter((line) => !lines.includes(line))).toEqual([]);
  });

  test("a rule names each once", () => {
    for (const rule of RULES)
      expect([rule.id, new Set(sourcesOf(rule)).size]).toEqual([rule.id, sourcesOf(rule).length]);
  });
});
