import fc from "fast-check";
import {
  canBeExcepted,
  endOfException,
  judge,
  RULES,
  type Exception,
  type PostureEntry,
  type Rule,
  type Status,
  type StackView,
} from "../../../hardening/rules";
import { EXCEPTIONS_RULE } from "../../../hardening/rules/exceptions";
import { containerOf } from "./container";

const AT = "2026-11-01T12:00:00.000Z";

const view = (list: readonly Exception[], at = AT): StackView => ({
  stack: "prod",
  environment: "prod",
  certificates: "letsencrypt",
  exceptions: { at, prefix: "rampart-prod", list },
  containers: [containerOf("rampart-prod-api", "api"), containerOf("rampart-prod-api-2", "api")],
  networks: [
    { resource: "rampart-prod-internal", name: "internal", engineName: "x", internal: true, subnet: "10.0.0.0/24" },
  ],
  volumes: [],
  images: [],
});

const rule = (more: Partial<Rule> = {}, ...verdicts: readonly (readonly [Status, string, string?])[]): Rule => ({
  id: "rampart-example",
  severity: "high",
  title: "is an example",
  why: "there has to be one",
  source: "docs/rules.md",
  judged: "each thing",
  remedy: "Write `example: true`.",
  keys: ["example"],
  check: () =>
    verdicts.map(([status, resource, scope]) => ({
      status,
      resource,
      message: `${status} of it`,
      ...(scope === undefined ? {} : { scope }),
    })),
  ...more,
});

const exception = (more: Partial<Exception> = {}): Exception => ({
  rule: "rampart-example",
  scope: "api",
  reason: "ticket 4711: until the move",
  until: "2026-12-31",
  ...more,
});

const said = (posture: readonly PostureEntry[]): string[] =>
  posture.map(({ id, status, resource, message }) => `${status} ${id} ${resource}: ${message}`);

describe("an exception", () => {
  test.each(["fail", "open"] as const)("makes what would %s accepted, with its reason and its last day", (status) => {
    const judged = judge([rule({}, [status, "rampart-prod-api"])], view([exception()]));
    expect(judged).toEqual([
      {
        id: "rampart-example",
        severity: "high",
        status: "accepted",
        resource: "rampart-prod-api",
        message: `${status} of it: ticket 4711: until the move (exception until 2026-12-31)`,
        until: "2026-12-31",
      },
    ]);
  });

  test.each(["pass", "accepted"] as const)(
    "leaves what is %s alone, and is told as one that excepts nothing",
    (status) => {
      const rules = [rule({}, [status, "rampart-prod-api"]), EXCEPTIONS_RULE];
      expect(said(judge(rules, view([exception()])))).toEqual([
        `${status} rampart-example rampart-prod-api: ${status} of it`,
        "open rampart-exceptions prod: exception from rampart-example for api until 2026-12-31: " +
          "nothing needs it; remove it",
      ]);
    },
  );

  test.each([
    ["2026-12-31T23:59:59.999Z", "accepted"],
    ["2027-01-01T00:00:00.000Z", "fail"],
  ])("is judged at %s as %s: its last day is over in UTC", (at, status) => {
    expect(judge([rule({}, ["fail", "rampart-prod-api"])], view([exception()], at))[0]?.status).toBe(status);
  });

  test.each(["fail", "open"] as const)(
    "that has ended fails where the rule would %s, and says when it ended",
    (status) => {
      const judged = judge([rule({}, [status, "rampart-prod-api"])], view([exception({ until: "2026-10-31" })]));
      expect(judged).toEqual([
        {
          id: "rampart-example",
          severity: "high",
          status: "fail",
          resource: "rampart-prod-api",
          message: `${status} of it; the exception from it has ended on 2026-10-31: ticket 4711: until the move`,
          remedy: "Write `example: true`.",
        },
      ]);
    },
  );

  test.each<[string, readonly (readonly [Status, string, string?])[], readonly string[]]>([
    [
      "api",
      [
        ["fail", "rampart-prod-api"],
        ["fail", "rampart-prod-api-2"],
        ["fail", "rampart-prod-web"],
      ],
      ["accepted", "accepted", "fail"],
    ],
    [
      "rampart-prod-api",
      [
        ["fail", "rampart-prod-api"],
        ["fail", "rampart-prod-api-2"],
      ],
      ["accepted", "fail"],
    ],
    [
      "internal",
      [
        ["fail", "rampart-prod-internal"],
        ["fail", "rampart-prod-internal-2"],
      ],
      ["accepted", "fail"],
    ],
    [
      "postgres-data",
      [
        ["fail", "rampart-prod-postgres-data"],
        ["fail", "prod"],
      ],
      ["accepted", "fail"],
    ],
    [
      "stack",
      [
        ["fail", "prod"],
        ["fail", "rampart-prod-api"],
      ],
      ["accepted", "fail"],
    ],
    ["stack", [["fail", "prod", "redis"]], ["fail"]],
    [
      "redis",
      [
        ["fail", "prod", "redis"],
        ["fail", "prod", "postgres"],
        ["fail", "prod"],
      ],
      ["accepted", "fail", "fail"],
    ],
    ["prod", [["fail", "prod"]], ["fail"]],
  ])("with the scope %s covers only what has that name", (scope, verdicts, statuses) => {
    const judged = judge([rule({}, ...verdicts)], view([exception({ scope })]));
    expect(judged.map(({ status }) => status)).toEqual(statuses);
  });

  test("of two, the one that lasts longer counts, and the other is told", () => {
    const list = [exception({ until: "2026-10-31" }), exception({ scope: "rampart-prod-api" })];
    expect(said(judge([rule({}, ["fail", "rampart-prod-api"]), EXCEPTIONS_RULE], view(list)))).toEqual([
      "accepted rampart-example rampart-prod-api: fail of it: ticket 4711: until the move (exception until 2026-12-31)",
      "open rampart-exceptions prod: exception from rampart-example for api until 2026-10-31: " +
        "nothing needs it; remove it",
    ]);
  });

  test("from what is not judged here is left to who judges it", () => {
    const rules = [rule({}, ["skip", "rampart-prod-api"], ["pass", "rampart-prod-web"]), EXCEPTIONS_RULE];
    expect(judge(rules, view([exception()]))).toHaveLength(2);
    expect(said(judge(rules, view([exception({ scope: "web" })])))[2]).toMatch(/nothing needs it; remove it$/);
  });

  test("from a rule that is not judged here is left to who judges it", () => {
    expect(judge([rule({ id: "rampart-other" }, ["pass", "prod"]), EXCEPTIONS_RULE], view([exception()]))).toHaveLength(
      1,
    );
  });

  test("is not told twice where a label of the container gives the reason", () => {
    const labelled = view([exception()]);
    const [api] = labelled.containers;
    if (api === undefined) throw new Error("there is no container");
    const containers = [{ ...api, accepted: { "rampart-example": "the program asks for it" } }];
    expect(said(judge([rule({}, ["fail", "rampart-prod-api"])], { ...labelled, containers }))).toEqual([
      "accepted rampart-example rampart-prod-api: fail of it: the program asks for it",
    ]);
  });

  test.each([
    ["a critical rule", { severity: "critical" }],
    ["a rule that no key weakens", { keys: [] }],
    ["a rule that says so", { exceptable: false }],
  ] as const)("from %s counts for nothing", (_what, more) => {
    const rules = [rule(more, ["fail", "rampart-prod-api"]), EXCEPTIONS_RULE];
    expect(said(judge(rules, view([exception()])))).toEqual([
      "fail rampart-example rampart-prod-api: fail of it",
      "open rampart-exceptions prod: exception from rampart-example for api until 2026-12-31: " +
        "there are no exceptions from this rule; remove it",
    ]);
  });
});

test("one exception from cis-5.2 covers a host without AppArmor, and none does in a plan", () => {
  const exceptions = [exception({ rule: "cis-5.2", scope: "stack" })];
  const status = (engine: Pick<StackView, "engine">): string[] =>
    judge(RULES, { ...view(exceptions), ...engine })
      .filter(({ id }) => id === "cis-5.2" || id === "rampart-exceptions")
      .map(({ status: is }) => is);
  expect(status({ engine: { appArmor: false, seccomp: true } })).toEqual(["accepted", "accepted"]);
  expect(status({ engine: { appArmor: true, seccomp: true } })).toEqual(["pass", "pass", "open"]);
  expect(status({})).toEqual(["skip", "skip"]);
});

describe("the rules that take exceptions", () => {
  test("are neither critical nor beyond what a stack's file says", () => {
    for (const each of RULES.filter(canBeExcepted)) {
      expect([each.id, each.severity]).not.toEqual([each.id, "critical"]);
      expect([each.id, each.keys ?? []]).not.toEqual([each.id, []]);
    }
    expect(RULES.filter(canBeExcepted).map(({ id }) => id)).toContain("rampart-backups");
  });
});

test("whatever the exceptions, nothing that fails passes, no critical rule gives way, and nothing is lost", () => {
  const statuses = fc.constantFrom<Status>("pass", "fail", "open", "skip", "accepted");
  const names = fc.constantFrom("rampart-prod-api", "rampart-prod-api-2", "rampart-prod-internal", "prod");
  const exceptions = fc.array(
    fc.record({
      rule: fc.constantFrom("rampart-example", "cis-5.5"),
      scope: fc.constantFrom("api", "stack", "internal", "rampart-prod-api", "nobody"),
      reason: fc.constant("ticket 4711: until the move"),
      until: fc.constantFrom("2026-10-31", "2026-11-01", "2027-03-31"),
    }),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(exceptions, fc.array(fc.tuple(statuses, names), { maxLength: 8 }), (list, verdicts) => {
      const rules = [
        rule({}, ...verdicts),
        rule({ id: "cis-5.5", severity: "critical" }, ...verdicts),
        EXCEPTIONS_RULE,
      ];
      const before = judge(rules, view([]));
      const after = judge(rules, view(list));
      expect(after.slice(0, before.length).map(({ id, resource }) => [id, resource])).toEqual(
        before.map(({ id, resource }) => [id, resource]),
      );
      before.forEach((entry, index) => {
        const now = after[index];
        if (entry.severity === "critical") expect(now).toEqual(entry);
        else if (now?.status !== entry.status) expect(["accepted", "fail"]).toContain(now?.status);
      });
      // Each exception covers something, or is told.
      const told = after.slice(before.length);
      expect(told.every(({ id, status }) => id === "rampart-exceptions" && status === "open")).toBe(true);
      for (const { until } of after)
        if (until !== undefined) expect(endOfException(until)).toBeGreaterThan(Date.parse(AT));
    }),
    { numRuns: 100, seed: 25 },
  );
});
