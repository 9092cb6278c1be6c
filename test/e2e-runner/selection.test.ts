import type { Check, Suite } from "../e2e/lib/runner";
import { listing, namesOf, select } from "../e2e/lib/selection";

const check = (name: string, marks: Partial<Check<null>> = {}): Check<null> => ({
  name,
  run: () => Promise.resolve(),
  ...marks,
});

const SUITES: readonly Suite<null>[] = [
  { name: "deploy", stack: "main", checks: [check("up", { critical: true, smoke: true }), check("healthy")] },
  { name: "probe", stack: "main", smoke: true, checks: [check("headers"), check("rate", { smoke: false })] },
  { name: "bad release", stack: "main", sequence: true, checks: [check("fails"), check("again"), check("mended")] },
  {
    name: "replace",
    stack: "main",
    checks: [
      check("five"),
      check("back", { critical: true, continues: true }),
      check("ill", { smoke: true }),
      check("next", { continues: true }),
    ],
  },
  { name: "backups", stack: "kept", once: true, checks: [check("deploy", { critical: true }), check("restore")] },
];

const selected = (wanted: Parameters<typeof select>[1]): string[] => namesOf(select(SUITES, wanted));

describe("the selection of end-to-end checks", () => {
  test("takes everything when nothing is asked for", () => {
    expect(select(SUITES, {})).toEqual(SUITES);
  });

  test("with --only takes the named checks and the critical ones before them on their stack", () => {
    expect(selected({ only: "headers" })).toEqual(["deploy: up", "probe: headers"]);
    expect(selected({ only: "healthy,restore" })).toEqual([
      "deploy: up",
      "deploy: healthy",
      "backups: deploy",
      "backups: restore",
    ]);
  });

  test("takes all checks of a suite that is named", () => {
    expect(selected({ only: "probe" })).toEqual(["deploy: up", "probe: headers", "probe: rate"]);
  });

  test("a check in a sequence brings all checks of its suite before it, and none after it", () => {
    expect(selected({ only: "again" })).toEqual(["deploy: up", "bad release: fails", "bad release: again"]);
  });

  test("a check that continues another brings that one, and the chain does not leave its suite", () => {
    expect(selected({ only: "next" })).toEqual([
      "deploy: up",
      "replace: five",
      "replace: back",
      "replace: ill",
      "replace: next",
    ]);
    expect(selected({ only: "fails" })).toEqual(["deploy: up", "bad release: fails"]);
  });

  test("lets a check's own mark win over its suite's", () => {
    const suites = SUITES.map((suite) => ({
      ...suite,
      checks: suite.checks.map((one) => (one.name === "mended" ? { ...one, continues: false } : one)),
    }));
    expect(namesOf(select(suites, { only: "mended" }))).toEqual(["deploy: up", "bad release: mended"]);
  });

  test("the smoke run takes the marked checks and what they need", () => {
    expect(selected({ smoke: true })).toEqual([
      "deploy: up",
      "probe: headers",
      "replace: five",
      "replace: back",
      "replace: ill",
    ]);
  });

  test("an engine after the first leaves out the suites for one engine, unless they are asked for", () => {
    expect(selected({ again: true })).toEqual(selected({ only: "deploy: up,healthy,headers,rate,bad,replace" }));
    expect(selected({ again: true, only: "restore" })).toEqual(["backups: deploy", "backups: restore"]);
  });

  test("by names takes exactly these and what they need", () => {
    expect(selected({ names: new Set(["backups: restore"]) })).toEqual(["backups: deploy", "backups: restore"]);
    expect(selected({ names: new Set() })).toEqual([]);
  });

  test("takes only checks that fulfil both of two conditions", () => {
    expect(selected({ smoke: true, only: "rate" })).toEqual([]);
  });

  test("what is selected by its own names again is the same", () => {
    const names = selected({ smoke: true });
    expect(selected({ names: new Set(names) })).toEqual(names);
  });
});

test("the list names suites, stacks, checks and their marks", () => {
  expect(listing(select(SUITES, { only: "rate,restore" }))).toEqual([
    "deploy (stack main)",
    "  up [smoke, critical]",
    "probe (stack main)",
    "  rate",
    "backups (stack kept, first engine only)",
    "  deploy [critical]",
    "  restore",
    "4 checks in 3 suites",
  ]);
});
