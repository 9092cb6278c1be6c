import { TENANT_COLUMN_TYPES } from "../../../hardening/postgres/tenancy/tenancy";
import { tenancyFaultsSql } from "../../../hardening/postgres/tenancy/tenancy-guard-sql";
import { catalogFindings } from "../../../verify/probes/tenancy/tenancy";
import { CONTROL, judgeTries, nobodysTenant, tries } from "../../../verify/probes/tenancy/tries";

const TENANCY = { variable: "app.tenant_id", column: "tenant_id", type: "text", exceptions: [] } as const;
const TABLE = { name: "app.projects", columns: ["id", "name"] };
const TENANTS = { one: "a", other: "b", real: "o'neill" };
const ALL = tries(TENANCY, TABLE, TENANTS, true);

const nothing = { state: "00000", rows: 0, words: "" };
const row = { state: "00000", rows: 1, words: "" };
const policy = { state: "42501", rows: 0, words: 'new row violates row-level security policy for table "projects"' };
/** As a stack answers whose row security holds. */
const holds = ALL.map(({ what }) => (what === CONTROL ? row : /inserts|gives/.test(what) ? policy : nothing));
const but = (what: string, attempt: (typeof holds)[number] | undefined): ReturnType<typeof judgeTries> =>
  judgeTries(
    ALL,
    ALL.map((one, index) => (one.what === what ? attempt : holds[index])),
  );

describe("what is tried on a table of tenants", () => {
  test("nothing of it changes more than one row, or takes a default", () => {
    expect(ALL.map(({ sql }) => sql)).toEqual([
      "SELECT FROM app.projects LIMIT 1",
      "SELECT FROM app.projects LIMIT 1",
      `UPDATE app.projects SET "tenant_id" = 'b' WHERE ctid = (SELECT ctid FROM app.projects LIMIT 1)`,
      `UPDATE app.projects SET "tenant_id" = 'b' WHERE ctid = (SELECT ctid FROM app.projects LIMIT 1)`,
      `INSERT INTO app.projects ("tenant_id", id, name) VALUES ('b', NULL, NULL)`,
      `INSERT INTO app.projects ("tenant_id", id, name) VALUES ('b', NULL, NULL)`,
      "SELECT FROM app.projects LIMIT 1",
      `UPDATE app.projects SET "tenant_id" = 'b' WHERE ctid = (SELECT ctid FROM app.projects LIMIT 1)`,
    ]);
    expect(ALL.at(-1)?.before).toEqual(["SELECT pg_catalog.set_config('app.tenant_id', 'o''neill', true)"]);
  });

  test("who only reads, and a table without rows, leave out what they cannot tell", () => {
    expect(tries(TENANCY, TABLE, { one: "a", other: "b" }, false)).toHaveLength(2);
  });

  test("a tenant that there is not is made for every type", () => {
    expect(TENANT_COLUMN_TYPES.map(nobodysTenant)).toEqual([
      expect.stringMatching(/^[0-9a-f-]{36}$/),
      expect.stringMatching(/^-1\d{9}$/),
      expect.stringMatching(/^-1\d{9}$/),
      expect.stringMatching(/^rampart-verify-/),
    ]);
  });
});

describe("what is told from the answers", () => {
  test("all as it has to be", () => {
    expect(judgeTries(ALL, holds)).toEqual({ faults: [], held: 8, untold: [] });
  });

  test.each([
    ["reads rows without a tenant", row],
    ["reads rows of others as a tenant that there is not", row],
    ["changes rows without a tenant", row],
    ["changes rows of others", row],
    ["inserts a row of another tenant", row],
    ["inserts a row without a tenant", { state: "23502", rows: 0, words: "null value in column id" }],
    ["gives a row to another tenant", row],
    [CONTROL, nothing],
  ])("%s: is a fault", (what, attempt) => {
    expect(but(what, attempt)).toEqual({ faults: [what], held: 7, untold: [] });
  });

  test("a timeout, a missing right and a trigger's own error tell nothing", () => {
    for (const attempt of [
      { state: "57014", rows: 0, words: "statement timeout" },
      { state: "42501", rows: 0, words: "permission denied for table projects" },
      { state: "P0001", rows: 0, words: "no" },
      undefined,
    ])
      expect(but("inserts a row of another tenant", attempt)).toMatchObject({ faults: [], held: 7 });
  });
});

describe("the guard on the live catalogs", () => {
  const table = (change: object = {}): object => ({
    table: "app.projects",
    covered: true,
    enabled: true,
    forced: true,
    asConfigured: true,
    ...change,
  });
  const evidence = (report: readonly object[], faults: readonly string[] = []): readonly string[] =>
    catalogFindings(
      "app",
      report,
      faults.map((fault) => ({ fault })),
    ).flatMap(({ status, evidence: words }) => (status === "fail" ? [words] : []));

  test("passes where every table is confined; one that is nobody's does not count", () => {
    expect(evidence([table(), table({ covered: false, enabled: false })])).toEqual([]);
  });

  test("names a table whose policies are not as configured, once", () => {
    expect(evidence([table({ forced: false })])).toEqual(["app.projects: its policies are not as configured"]);
    expect(evidence([table({ forced: false })], ["app.projects: row security is not enabled and forced"])).toEqual([
      "app.projects: row security is not enabled and forced",
    ]);
  });

  test("leaves out what the configuration excepts", () => {
    const sql = tenancyFaultsSql({
      schemas: ["app"],
      superuser: "postgres",
      tenancy: { ...TENANCY, exceptions: [{ object: "app.all", reason: "r" }] },
    });
    expect(sql).toContain("WHERE NOT f.keys && ARRAY['app.all']::pg_catalog.text[]");
  });
});
