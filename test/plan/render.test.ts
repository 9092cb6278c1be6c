import type { PostureEntry } from "../../hardening/rules";
import { planJson, renderPlan, type Plan, type RecordedResource } from "../../plan";

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
  status: "pass",
  resource: "c",
  message: "is not privileged",
  ...change,
});
const lines = (plan: Partial<Plan>): string[] =>
  renderPlan({ stack: "dev", resources: [], posture: [], ...plan }).split("\n");

describe("a rendered plan", () => {
  test("counts what it would declare, and says that nothing was done", () => {
    expect(lines({ resources: [resource({}), resource({ type: "rampart:x:X", custom: false, name: "x" })] })[0]).toBe(
      'Plan of stack "dev": 1 resources in 1 components. Nothing was contacted or changed.',
    );
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
    expect(lines({ resources }).slice(2, 6)).toEqual([
      "└─ A same",
      "   ├─ Volume outer",
      "   └─ B same",
      "      └─ Volume inner  protected",
    ]);
  });

  test("names a rule once where all agree, and each finding where they do not", () => {
    const posture = [
      entry({}),
      entry({ resource: "d" }),
      entry({ resource: "e", status: "fail", message: "is privileged" }),
      ...["f", "g", "h", "i"].map((name) =>
        entry({ resource: name, status: "accepted", message: "is privileged: a reason" }),
      ),
    ];
    expect(lines({ posture }).slice(3)).toEqual([
      "Posture: 1 fail, 4 accepted, 0 skip, 2 pass",
      "  pass      cis-5.5                      is not privileged (2 of 7)",
      "  fail      cis-5.5                      e: is privileged",
      "  accepted  cis-5.5                      4 resources: is privileged: a reason",
      "",
    ]);
  });

  test("says that a carrier's files are secret, and nothing of them", () => {
    const carrier = (uploads: unknown): string | undefined =>
      lines({ resources: [resource({ inputs: { start: false, networkMode: "none", uploads } })] })[2];
    expect(carrier("[secret]")).toBe("└─ Container c  writes secret files");
    expect(carrier([{ file: "/files/a" }, { file: "/files/b/c" }])).toBe("└─ Container c  writes a, c");
    expect(carrier(undefined)).toBe("└─ Container c");
  });
});

describe("plan --json", () => {
  test("leaves out what is not part of the contract", () => {
    expect(planJson({ stack: "dev", resources: [resource({ inputs: { a: 1 } })], posture: [entry({})] })).toEqual({
      stack: "dev",
      resources: [{ type: "docker:index/container:Container", name: "c", parent: "", inputs: { a: 1 } }],
      posture: [{ id: "cis-5.5", status: "pass", resource: "c", message: "is not privileged" }],
    });
  });
});
