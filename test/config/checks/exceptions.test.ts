import { exceptionFaults } from "../../../config/checks/exceptions";
import { faultsOf, load, type Tree } from "../support";

const DAY_MS = 86_400_000;
/** A day so many days from now: the check looks at the clock. */
const inDays = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);

const exception = (more: Tree = {}): Tree => ({
  rule: "rampart-backups",
  scope: "stack",
  reason: "the bucket is ordered, ticket 4711",
  until: inDays(30),
  ...more,
});
const faults = (...exceptions: readonly Tree[]) => faultsOf({ exceptions });

test("there are none by default, and a good one is taken as it is", () => {
  expect(load().exceptions).toEqual([]);
  expect(load({ exceptions: [exception()] }).exceptions).toEqual([exception()]);
});

test("a day is one, as YAML and the Pulumi CLI hand it on", () => {
  const day = inDays(30);
  expect(load({ exceptions: [exception({ until: `${day} 00:00:00 +0000 UTC` })] }).exceptions[0]?.until).toBe(day);
});

test("a control of `rampart doctor` is excepted for the host", () => {
  const given = exception({ rule: "host-userns-remap", scope: "host" });
  expect(load({ exceptions: [given] }).exceptions).toEqual([given]);
});

describe("is refused", () => {
  test.each(["stack", "api"])("the scope %s for a control of the host", (scope) => {
    expect(faults(exception({ rule: "host-icc", scope }))).toEqual([
      {
        path: "rampart:exceptions[0].scope",
        given: JSON.stringify(scope),
        allowed: "host, as host-icc is a control of `rampart doctor`",
        fix: "write host",
      },
    ]);
  });

  test.each([
    ["rampart-backup", "write it as rampart-backups"],
    ["CIS-5.27", "write it as cis-5.27"],
    ["no-such-rule-at-all", "correct the id"],
  ])("the rule %s, which there is not", (rule, fix) => {
    expect(faults(exception({ rule }))).toEqual([
      {
        path: "rampart:exceptions[0].rule",
        given: JSON.stringify(rule),
        allowed: "the id of a rule, as a plan and docs/rules.md show it, or of a control, as docs/doctor.md does",
        fix,
      },
    ]);
  });

  test.each([
    "cis-5.5",
    "cis-5.32",
    "rampart-docker-api",
    "cis-4.1",
    "rampart-networks",
    "rampart-exceptions",
    "host-engine-tcp",
  ])("the rule %s, which takes no exceptions", (rule) => {
    expect(faults(exception({ rule }))).toMatchObject([
      {
        path: "rampart:exceptions[0].rule",
        allowed:
          "a rule or control that docs/rules.md or docs/doctor.md says takes exceptions; the others are not the " +
          "stack's to weaken",
      },
    ]);
  });

  test.each(["..........", "todo", "because", "a reason here"])("the reason %s", (reason) => {
    expect(faults(exception({ reason }))).toMatchObject([{ path: "rampart:exceptions[0].reason" }]);
  });

  test.each(["", "api/web", "*", "Api", "-api", "a b"])("the scope %p", (scope) => {
    expect(faults(exception({ scope }))).toMatchObject([{ path: "rampart:exceptions[0].scope" }]);
  });

  test.each(["2026-02-30", "tomorrow", "31.03.2027", "2027-3-31", "2027-03-31T12:00:00Z", "", "99999-01-01"])(
    "the end %p",
    (until) => {
      expect(faults(exception({ until }))).toMatchObject([
        {
          path: "rampart:exceptions[0].until",
          allowed: "a day, such as 2027-03-31; the exception counts until its end in UTC",
        },
      ]);
    },
  );

  test("a second one for the same rule and scope", () => {
    expect(faults(exception(), exception({ until: inDays(60) }))).toEqual([
      {
        path: "rampart:exceptions[1]",
        given: "rampart-backups for stack, which rampart:exceptions[0] excepts already",
        allowed: "one exception for a rule and a scope",
        fix: "remove one",
      },
    ]);
  });

  test.each(["rule", "scope", "reason", "until"])("one without %s", (key) => {
    const rest = Object.fromEntries(Object.entries(exception()).filter(([other]) => other !== key));
    expect(faults(rest)).toMatchObject([{ path: `rampart:exceptions[0].${key}` }]);
  });
});

describe("the end", () => {
  const now = new Date("2026-11-01T23:59:00Z");
  const judged = (until: string) =>
    exceptionFaults({ ...load(), exceptions: [{ rule: "a", scope: "b", reason: "c", until }] }, String, now);

  test("is at most 400 days away", () => {
    expect(judged("2027-12-06")).toEqual([]);
    expect(judged("2027-12-07")).toMatchObject([
      { given: '"2027-12-07"', allowed: "no later than 2027-12-06, 400 days from today" },
    ]);
  });

  test("may be over: the plan tells, and a deployment goes on", () => {
    expect(judged("2020-01-01")).toEqual([]);
  });
});
