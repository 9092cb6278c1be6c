import {
  despiteDeadlocks,
  guardScripts,
  tenancyScripts,
  type PolicyDatabases,
} from "../../../../hardening/postgres/tenancy/policy-scripts";

const DEADLOCK = {
  code: 3,
  stderr: "ERROR:  40P01: deadlock detected\nDETAIL:  Process 689 waits for AccessExclusiveLock\n",
};
const GUARD = { code: 3, stderr: "ERROR:  tenancy: app.notes: deadlock detected in its name alone\n" };
const FINE = { code: 0, stderr: "" };

async function times(
  answers: readonly { readonly code: number; readonly stderr: string }[],
): Promise<readonly [runs: number, code: number]> {
  let runs = 0;
  const { code } = await despiteDeadlocks(() => Promise.resolve(answers[runs++] ?? FINE));
  return [runs, code];
}

test.each([
  ["a deadlock is tried again", [DEADLOCK, FINE], [2, 0]],
  ["but not for ever", [DEADLOCK, DEADLOCK, DEADLOCK, FINE], [3, 3]],
  ["what the guard says is final", [GUARD, FINE], [1, 3]],
  ["what passes runs once", [FINE], [1, 0]],
] as const)("%s", async (_, answers, expected) => expect(await times(answers)).toEqual(expected));

const CONFIG: PolicyDatabases = {
  name: "app",
  schema: "app",
  schemas: ["audit"],
  databases: { billing: { schemas: ["main"], tenancy: { sharedTables: ["main.currencies"], exceptions: [] } } },
  tenancy: { variable: "app.tenant_id", column: "tenant_id", type: "uuid", exceptions: [] },
};

test("each database is guarded by its own schemas and what tenancy leaves out there", () => {
  const [app, billing, ...rest] = guardScripts(CONFIG, "postgres").map(({ database, statements }) => ({
    database,
    sql: statements.join("\n"),
  }));
  expect(rest).toEqual([]);
  expect([app?.database, billing?.database]).toEqual(["app", "billing"]);
  expect(app?.sql).toContain("ARRAY['app', 'audit']");
  expect(app?.sql).not.toContain("main.currencies");
  expect(billing?.sql).toContain("ARRAY['main']");
  expect(billing?.sql).toContain("main.currencies");
});

test("without tenancy nothing is prepared, and the guard looks for tables that are still confined", () => {
  const without: PolicyDatabases = { ...CONFIG, tenancy: undefined };
  expect(tenancyScripts(without, "postgres")).toEqual([]);
  expect(tenancyScripts(CONFIG, "postgres").map(({ database }) => database)).toEqual(["app", "billing"]);
  expect(guardScripts(without, "postgres")[0]?.statements.join("\n")).toContain("put rampart:database.tenancy back");
});
