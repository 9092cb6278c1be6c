import { mergeResults, parseResults, summary, unsettled, type EngineResult } from "../e2e/lib/results";

const result = (name: string, changes: Partial<EngineResult> = {}): EngineResult => ({
  name,
  engine: "20.10",
  outcome: "passed",
  seconds: 1,
  ...changes,
});

describe("the end of a report", () => {
  test("is the flaky checks, and then the counts in the form that CI reads", () => {
    const lines = summary([
      result("a"),
      result("b", { flaky: true }),
      result("c", { outcome: "failed" }),
      result("d", { outcome: "skipped", seconds: 0, blocked: true }),
      result("b", { flaky: true, engine: "26" }),
    ]);
    expect(lines.slice(-2)).toEqual(["2 flaky: b (Docker 20.10); b (Docker 26)", "3 passed, 1 failed, 1 skipped"]);
  });

  test("says so when nothing was flaky", () => {
    expect(summary([]).slice(-2)).toEqual(["0 flaky", "0 passed, 0 failed, 0 skipped"]);
  });

  test("names the ten slowest checks, the slowest first", () => {
    const lines = summary(Array.from({ length: 12 }, (_, index) => result(`c${index}`, { seconds: index * 10 })));
    const slowest = lines.filter((line) => / s {2}/.test(line));
    expect(slowest).toHaveLength(10);
    expect(slowest[0]).toBe("   110.0 s  c11 (Docker 20.10)");
    expect(slowest.at(-1)).toBe("    20.0 s  c2 (Docker 20.10)");
  });
});

describe("what --rerun-failed runs", () => {
  const last = [
    result("passed"),
    result("failed", { outcome: "failed" }),
    result("blocked", { outcome: "skipped", blocked: true }),
    result("impossible", { outcome: "skipped" }),
    result("elsewhere", { outcome: "failed", engine: "26" }),
    result("flaky", { flaky: true }),
  ];

  test("is what failed and what never began on that engine", () => {
    expect([...unsettled(last, "20.10")]).toEqual(["failed", "blocked"]);
    expect([...unsettled(last, "26")]).toEqual(["elsewhere"]);
  });

  test("is forgotten once it passed, and only then", () => {
    const after = mergeResults(last, [
      result("failed"),
      result("blocked", { outcome: "failed" }),
      result("elsewhere", { outcome: "skipped", engine: "26" }),
    ]);
    expect(after).toHaveLength(last.length);
    expect([...unsettled(after, "20.10")]).toEqual(["blocked"]);
    expect([...unsettled(after, "26")]).toEqual(["elsewhere"]);
  });

  test("keeps a check of the rerun that the last run did not have", () => {
    expect(mergeResults([result("a")], [result("b")]).map(({ name }) => name)).toEqual(["a", "b"]);
  });
});

describe("the file of results", () => {
  test("is read as it was written", () => {
    const results = [result("a", { flaky: true }), result("b", { outcome: "failed" })];
    expect(parseResults(JSON.stringify(results))).toEqual(results);
  });

  test.each(["{}", "[1]", '[{ "name": "a" }]', '[{ "name": "a", "engine": "26", "outcome": "good", "seconds": 1 }]'])(
    "is refused as %s",
    (text) => {
      expect(() => parseResults(text)).toThrow("it is not the result of a run");
    },
  );
});
