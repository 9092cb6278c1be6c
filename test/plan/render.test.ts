import type { PostureEntry } from "../../hardening/rules";
import {
  compare,
  planJson,
  renderComparison,
  renderPlan,
  type PageOptions,
  type Plan,
  type RecordedResource,
} from "../../plan";
import { configOf, PROD, SERVICE } from "../components/support";

const config = configOf({ ...PROD, services: { api: SERVICE } }, "prod");
const resource = (change: Partial<RecordedResource>): RecordedResource => ({
  type: "docker:index/container:Container",
  name: "c",
  parent: "",
  parentType: "",
  custom: true,
  protect: false,
  inputs: {},
  ...change,
});
const entry = (change: Partial<PostureEntry>): PostureEntry => ({
  id: "cis-5.5",
  severity: "critical",
  status: "pass",
  resource: "c",
  message: "is not privileged",
  ...change,
});
const facts = { stack: "prod", environment: "prod", certificates: "letsencrypt" } as const;
const planOf = (change: Partial<Plan>): Plan => ({
  stack: "prod",
  config,
  facts,
  resources: [],
  posture: [],
  ...change,
});
const lines = (plan: Partial<Plan>, options: PageOptions = {}): string[] =>
  renderPlan(planOf(plan), options).split("\n");
const after = (list: readonly string[], start: string): string[] =>
  list.slice(list.findIndex((line) => line.startsWith(start)));

const POSTURE = [
  entry({}),
  entry({ resource: "d" }),
  entry({ resource: "e", status: "fail", message: "is privileged" }),
  ...["f", "g", "h", "i"].map((name) => entry({ resource: name, status: "accepted", message: "is privileged: why" })),
  entry({ id: "cis-5.2", severity: "medium", status: "skip", message: "only the engine can tell" }),
  entry({ id: "cis-5.15", severity: "low", status: "fail", message: "restarts always" }),
  entry({ id: "rampart-egress", severity: "medium", status: "open", message: "may open connections" }),
];

describe("a rendered plan", () => {
  test("counts what it would declare, and says that nothing was done", () => {
    expect(
      lines({ resources: [resource({}), resource({ type: "rampart:x:X", custom: false, name: "x" })] }).slice(0, 2),
    ).toEqual([
      'Plan of stack "prod" (environment prod): 1 resources in 1 components.',
      "Nothing was contacted or changed.",
    ]);
  });

  test("shows what fails and what is open, the worst first, and counts the rest", () => {
    expect(after(lines({ posture: POSTURE }), "Posture")).toEqual([
      "Posture: 2 fail, 1 open, 4 accepted, 1 not judged here, 2 pass",
      "",
      "  fail             critical  cis-5.5 (rule: is not privileged)",
      "                               e: is privileged",
      "                               Fix: No key makes a container privileged: put the container back with",
      "                               `pulumi up --refresh`. Name the one capability that a program needs",
      "                               under `confinement.capabilities`.",
      "  fail             low       cis-5.15 (rule: restarts at most five times after failures)",
      "                               c: restarts always",
      "                               Fix: No key changes the restarts: put the container back with `pulumi",
      "                               up --refresh`.",
      "  open             medium    rampart-egress (rule: services cannot open connections to the internet)",
      "                               c: may open connections",
      "",
      "  accepted         4: cis-5.5",
      "  not judged here  1: cis-5.2",
      "  pass             2 critical, 0 high, 0 medium, 0 low",
      "",
      "--verbose lists every rule and every resource.",
      "",
    ]);
  });

  test("with --verbose lists every rule: once where it passes, each finding where it does not", () => {
    expect(after(lines({ posture: POSTURE }, { verbose: true }), "  accepted")).toEqual([
      "  accepted         critical  cis-5.5 (rule: is not privileged)",
      "                               4 resources: is privileged: why",
      "  not judged here  medium    cis-5.2 (rule: runs under an AppArmor profile)",
      "                               c: only the engine can tell",
      "  pass             critical  cis-5.5: is not privileged (2)",
      "",
      "  pass             2 critical, 0 high, 0 medium, 0 low",
      "",
    ]);
  });

  test("with --verbose says what to change where a person has to decide, too", () => {
    expect(after(lines({ posture: POSTURE }, { verbose: true }), "  open").slice(1, 5)).toEqual([
      "                               c: may open connections",
      "                               Fix: Remove `egress: true` from the service, or list the names that",
      "                               it needs: `egress: [api.stripe.com]`. If the service needs one other",
      "                               service, have the two meet on `internal`.",
    ]);
  });

  test("is painted by severity and status, and only then has escape codes", () => {
    const painted = lines({ posture: POSTURE }, { paint: (style, text) => `<${style}>${text}</>` });
    expect(painted).toContainEqual("  <red>fail           </>  <red>critical</>  cis-5.5 (rule: is not privileged)");
    expect(painted.map((line) => line.replace(/<[a-z]+>|<\/>/g, ""))).toEqual(lines({ posture: POSTURE }));
  });

  test.each([40, 72, 100, 250])("fits into %s columns, and never takes more than 100", (width) => {
    const long = "https://example.com/".padEnd(300, "x");
    const plan = {
      config: configOf(
        {
          ...PROD,
          services: { api: { ...SERVICE, command: [long, "a b"], environment: { LONG: "word ".repeat(60) } } },
        },
        "prod",
      ),
      resources: [resource({ name: "n".repeat(150) })],
      posture: [entry({ status: "fail", message: `is privileged ${long}` })],
    };
    for (const line of lines(plan, { width, verbose: true }))
      expect(line.length).toBeLessThanOrEqual(Math.min(width, 100));
  });

  test("keeps components of one name apart by their types", () => {
    const resources = [
      resource({ type: "rampart:a:A", name: "same", custom: false }),
      resource({ type: "rampart:b:B", name: "same", custom: false, parent: "same", parentType: "rampart:a:A" }),
      resource({
        name: "inner",
        parent: "same",
        parentType: "rampart:b:B",
        type: "docker:index/volume:Volume",
        protect: true,
      }),
      resource({ name: "outer", parent: "same", parentType: "rampart:a:A", type: "docker:index/volume:Volume" }),
    ];
    expect(after(lines({ resources }, { verbose: true }), "Resources").slice(1, 5)).toEqual([
      "└─ A same",
      "   ├─ Volume outer",
      "   └─ B same",
      "      └─ Volume inner protected",
    ]);
  });

  test("says that a carrier's files are secret, and nothing of them", () => {
    const carrier = (uploads: unknown): string | undefined =>
      after(
        lines({ resources: [resource({ inputs: { start: false, networkMode: "none", uploads } })] }, { verbose: true }),
        "Resources",
      )[1];
    expect(carrier("[secret]")).toBe("└─ Container c writes secret files");
    expect(carrier([{ file: "/files/a" }, { file: "/files/b/c" }])).toBe("└─ Container c writes a, c");
    expect(carrier(undefined)).toBe("└─ Container c");
  });
});

describe("a comparison", () => {
  const weaker = planOf({ config: configOf({ ...PROD, services: { api: { ...SERVICE, egress: true } } }, "prod") });

  test("says what changed, what weakens the stack first", () => {
    const posture = [entry({ id: "rampart-egress" })];
    const changed = compare("main", planOf({ posture }), {
      ...weaker,
      posture: [entry({ id: "rampart-egress", status: "open" })],
    });
    expect(renderComparison(changed).split("\n")).toEqual([
      "Against main: 1 weaker, 0 stronger, 0 other.",
      "",
      "Weaker",
      "  services.api.egress",
      "      false → true",
      "",
      "Controls that stand otherwise",
      "  rampart-egress",
      "      c: pass → open",
      "",
      "",
    ]);
  });

  test("of two that are the same says so", () =>
    expect(renderComparison(compare("main", weaker, weaker))).toBe("Against main: nothing changed.\n\n"));
});

describe("plan --json", () => {
  test("leaves out what is not part of the contract", () => {
    const plan = planOf({ resources: [resource({ inputs: { a: 1 } })], posture: [entry({})] });
    const json = planJson(plan);
    expect(json).toMatchObject({
      stack: "prod",
      resources: [{ type: "docker:index/container:Container", name: "c", parent: "", inputs: { a: 1 } }],
      posture: [{ id: "cis-5.5", severity: "critical", status: "pass", resource: "c", message: "is not privileged" }],
    });
    expect(Object.keys(json)).toEqual(["stack", "resources", "posture", "summary"]);
    expect(planJson(plan, compare("main", plan, plan)).against).toEqual({ source: "main", changes: [], controls: [] });
  });
});
