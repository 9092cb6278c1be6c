import type { Result } from "../e2e/lib/results";
import { runSuites, Skip, type Check, type Suite } from "../e2e/lib/runner";

type Log = string[];
interface World {
  readonly log: Log;
}

const passes = (name: string, marks: Partial<Check<World>> = {}): Check<World> => ({
  name,
  run: ({ log }) => Promise.resolve(void log.push(name)),
  ...marks,
});

/** Fails as many times as said, and then passes. */
function fails(name: string, times: number, marks: Partial<Check<World>> = {}): Check<World> {
  let left = times;
  return {
    name,
    run: ({ log }) => {
      log.push(name);
      left -= 1;
      return left >= 0 ? Promise.reject(new Error(`evidence of ${name}`)) : Promise.resolve("a figure");
    },
    ...marks,
  };
}

const suite = (checks: readonly Check<World>[], marks: Partial<Suite<World>> = {}): Suite<World> => ({
  name: "s",
  stack: "main",
  checks,
  ...marks,
});

interface Ran {
  readonly results: readonly Result[];
  readonly lines: readonly string[];
  readonly log: Log;
}

/** Each look at the clock is half a second after the last. */
async function runAll(suites: readonly Suite<World>[], stopped: () => boolean = () => false): Promise<Ran> {
  const lines: string[] = [];
  const log: Log = [];
  let clock = 0;
  const results = await runSuites(
    suites,
    { log },
    { stopped, print: (line) => lines.push(line), now: () => (clock += 500) },
  );
  return { results, lines, log };
}

const outcomes = ({ results }: Ran): string[] =>
  results.map((one) => `${one.name} ${one.outcome}${one.flaky === true ? " flaky" : ""}`);

describe("the runner of end-to-end checks", () => {
  test("prints a line a check with its seconds, and goes on after a failure", async () => {
    const ran = await runAll([suite([fails("a", 1), fails("b", 0)])]);
    expect(outcomes(ran)).toEqual(["s: a failed", "s: b passed"]);
    expect(ran.lines).toEqual(["FAIL  s: a (1.0 s)\n      evidence of a", "pass  s: b (1.0 s): a figure"]);
    expect(ran.results.map(({ seconds }) => seconds)).toEqual([0.5, 0.5]);
  });

  test("a failed check that is not repeatable is tried once", async () => {
    expect((await runAll([suite([fails("a", 1)])])).log).toEqual(["a"]);
  });

  test("a repeatable check that passes on its second try is flaky, and its first evidence is shown", async () => {
    const ran = await runAll([suite([fails("a", 1, { repeatable: true })])]);
    expect(outcomes(ran)).toEqual(["s: a passed flaky"]);
    expect(ran.lines).toEqual([
      "again s: a (0.5 s)\n      evidence of a",
      "pass  s: a (1.5 s): flaky, passed on its second try; a figure",
    ]);
  });

  test("a repeatable check that fails twice is failed, and there is no third try", async () => {
    const ran = await runAll([suite([fails("a", 2, { repeatable: true })])]);
    expect([ran.log, outcomes(ran)]).toEqual([["a", "a"], ["s: a failed"]]);
  });

  test("a suite makes its checks repeatable, but for those that say no", async () => {
    const ran = await runAll([suite([fails("a", 1), fails("b", 1, { repeatable: false })], { repeatable: true })]);
    expect(outcomes(ran)).toEqual(["s: a passed flaky", "s: b failed"]);
  });

  test("does not call a check flaky that passes at once", async () => {
    expect(outcomes(await runAll([suite([passes("a", { repeatable: true })])]))).toEqual(["s: a passed"]);
  });

  test("a check that cannot be made here is skipped, and not tried again", async () => {
    const skips: Check<World> = { name: "a", repeatable: true, run: () => Promise.reject(new Skip("no AppArmor")) };
    const ran = await runAll([suite([skips])]);
    expect([outcomes(ran), ran.lines]).toEqual([["s: a skipped"], ["skip  s: a: no AppArmor"]]);
    expect(ran.results[0]?.blocked).toBeUndefined();
  });

  test("a check that failed and then cannot be tried again is failed", async () => {
    let tries = 0;
    const check: Check<World> = {
      name: "a",
      repeatable: true,
      run: () => Promise.reject((tries += 1) === 1 ? new Error("evidence") : new Skip("gone")),
    };
    expect(outcomes(await runAll([suite([check])]))).toEqual(["s: a failed"]);
  });

  test("after a failed critical check the rest of its stack is blocked, and other stacks go on", async () => {
    const ran = await runAll([
      suite([fails("a", 1, { critical: true }), passes("b")]),
      suite([passes("c")], { name: "t" }),
      suite([passes("d")], { name: "u", stack: "kept" }),
    ]);
    expect(ran.log.sort()).toEqual(["a", "d"]);
    expect(ran.results.filter(({ blocked }) => blocked).map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
      "s: b skipped",
      "t: c skipped",
    ]);
    expect(ran.lines).toContain('skip  t: c: it needs "s: a"');
  });

  test("a critical check that passes on its second try blocks nothing", async () => {
    const ran = await runAll([suite([fails("a", 1, { critical: true, repeatable: true }), passes("b")])]);
    expect(outcomes(ran)).toEqual(["s: a passed flaky", "s: b passed"]);
  });

  test("an interrupted run begins nothing more, and tries nothing again", async () => {
    let over = false;
    const interrupts: Check<World> = {
      name: "a",
      repeatable: true,
      run: ({ log }) => {
        log.push("a");
        over = true;
        return Promise.reject(new Error("cut off"));
      },
    };
    const ran = await runAll([suite([interrupts, passes("b")])], () => over);
    expect(ran.log).toEqual(["a"]);
    expect(ran.results.map(({ outcome, blocked }) => [outcome, blocked])).toEqual([
      ["failed", undefined],
      ["skipped", true],
    ]);
  });
});
