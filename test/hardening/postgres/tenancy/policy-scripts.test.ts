import {
  guardScripts,
  tenancyScripts,
  type PolicyDatabases,
} from "../../../../hardening/postgres/tenancy/policy-scripts";

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
