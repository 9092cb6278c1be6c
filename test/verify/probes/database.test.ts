import { attemptScript, readAttempts, readValues, valueScript } from "../../../verify/probes/database/attempts";
import {
  databaseFindings,
  objectFindings,
  roleFindings,
  type KnownRole,
} from "../../../verify/probes/database/catalog";
import { isCrowded } from "../../../verify/probes/database/client";
import { entranceFindings, entrances, entranceScript } from "../../../verify/probes/database/entrance";
import { knownLogins } from "../../../verify/probes/database/logins";
import { oversteps } from "../../../verify/probes/database/oversteps";
import { loginFinding, tried } from "../../../verify/probes/database/roles";
import { state } from "../support";

const PLACE = { schema: "app", table: { name: "app.items", column: "note" } };
const passed = { state: "00000", rows: 0, words: "" };
const refused = { state: "42501", rows: 0, words: "permission denied" };

describe("statements as a script for psql", () => {
  test("each is in a transaction that is rolled back, but for those that PostgreSQL takes in none", () => {
    const script = attemptScript(
      [
        { sql: "SELECT 1", before: ["SELECT set_config('a.b', '', true)"] },
        { sql: "ALTER SYSTEM x", alone: true },
      ],
      "@m",
    );
    expect(script).toBe(
      "SET statement_timeout = 3000;\nSET lock_timeout = 100;\nBEGIN;\n" +
        "SELECT set_config('a.b', '', true);\nSELECT 1;\n" +
        "\\echo @m 0 :SQLSTATE :ROW_COUNT :LAST_ERROR_MESSAGE\nROLLBACK;\nALTER SYSTEM x;\n" +
        "\\echo @m 1 :SQLSTATE :ROW_COUNT :LAST_ERROR_MESSAGE\n",
    );
  });

  test("answers are read by their number; an old error is none of a statement that passed", () => {
    const output = "@m 1 42501 0 permission denied for schema app\nnoise @m 2\n@m 2 00000 3 permission denied before\n";
    expect(readAttempts(output, "@m", 3)).toEqual([
      undefined,
      { state: "42501", rows: 0, words: "permission denied for schema app" },
      { state: "00000", rows: 3, words: "" },
    ]);
  });

  test("values come as hexadecimal digits, and a query without a row gives none", () => {
    expect(valueScript(["SELECT 1 AS value"], "@m")).toContain("FROM (SELECT 1 AS value) q \\gset rampart_\n");
    const hex = Buffer.from("a\nb").toString("hex");
    expect(readValues(`@m 0 ${hex}\n@m 1 :rampart_hex\n`, "@m", 2)).toEqual(["a\nb", undefined]);
  });
});

describe("who may log in", () => {
  const config = {
    database: {
      elevations: [
        { who: "anna", role: "app_ro", until: "2026-11-28T08:00:00Z", reason: "r" },
        { who: "ben", role: "app_rw", until: "2026-11-20T08:00:00Z", reason: "r" },
      ],
    },
  } as unknown as Parameters<typeof knownLogins>[0];

  test("the roles, the logins of services in the middle of a rotation, and whoever is elevated", () => {
    const login = (id: string, name: string): ReturnType<typeof state>["resources"][number] => ({
      id,
      type: "postgresql:index/role:Role",
      name: `x-roles-app_rw-login-${id}`,
      inputs: { name },
    });
    const known = knownLogins(
      config,
      state({
        resources: [login("00000001", "app_rw_a"), login("00000002", "app_rw_b")],
        passwords: { "x-secrets-app-rw-login-00000001": "p1", "x-secrets-app-rw-login-00000002": "p2" },
        outputs: {
          database: {
            passwords: { migrator: "m", app_ro: "r" },
            elevations: { elevated_anna: "ea", elevated_ben: "eb" },
          },
        },
      }),
      new Date("2026-11-28T00:00:00Z"),
    );
    expect(known.map(({ login: name, role, password, over }) => [name, role, password, over])).toEqual([
      ["migrator", "migrator", "m", false],
      ["app_ro", "app_ro", "r", false],
      ["app_rw_a", "app_rw", "p1", false],
      ["app_rw_b", "app_rw", "p2", false],
      ["elevated_anna", "app_ro", "ea", false],
      ["elevated_ben", "app_rw", "eb", true],
    ]);
  });
});

describe("what a login may", () => {
  const beyond = oversteps(PLACE, "app_rw");
  const duty = [{ sql: "SELECT 1" }];
  const of = (answers: Parameters<typeof tried>[1], own = [passed]): ReturnType<typeof loginFinding> =>
    loginFinding({ login: "app_rw", role: "app_rw" }, tried(beyond, answers), tried(duty, own));

  test("refused everything, and able to do its work, it passes", () => {
    expect(of(beyond.map(() => refused)).status).toBe("pass");
  });

  test("one statement that gets through is named, also one that fails for another reason than rights", () => {
    const at = beyond.findIndex(({ what }) => what === "make a table");
    const database = beyond.findIndex(({ what }) => what === "make a database");
    const answers = beyond.map((_, index) =>
      index === at ? passed : index === database ? { state: "3D000", rows: 0, words: "no template" } : refused,
    );
    expect(of(answers)).toEqual({
      status: "fail",
      target: "app_rw",
      evidence: "may make a table (it passed), make a database (SQLSTATE 3D000: no template)",
    });
  });

  test("an extension that the image has not got tells nothing", () => {
    const answers = beyond.map(({ untold }) => (untold ? { state: "0A000", rows: 0, words: "" } : refused));
    expect(of(answers).status).toBe("pass");
  });

  test("without the control, or without answers, nothing is claimed", () => {
    expect(
      of(
        beyond.map(() => refused),
        [refused],
      ).status,
    ).toBe("fail");
    expect(of(beyond.map(() => undefined)).status).toBe("skip");
    const late = { state: "57014", rows: 0, words: "canceling statement due to statement timeout" };
    expect(
      of(
        beyond.map(() => refused),
        [late],
      ).status,
    ).toBe("skip");
    expect(of([late, ...beyond.slice(1).map(() => refused)]).status).toBe("pass");
  });
});

test("a login whose connections are all taken is told from one that does not get in", () => {
  expect(isCrowded('FATAL:  too many connections for role "monitor"')).toBe(true);
  expect(isCrowded("FATAL:  password authentication failed")).toBe(false);
});

describe("ways in", () => {
  const ways = entrances("app_ro", "app");
  const said = (words: Readonly<Record<number, string>>): string =>
    ways
      .map((_, index) => `${index} ${words[index] ?? "FATAL: pg_hba.conf rejects connection, no encryption"}`)
      .join("\n");
  const closed = { 0: "in", 2: "tlsv1 alert protocol version", 3: "password authentication failed for user" };

  test("no password is in the script but one that is nobody's", () => {
    expect(entranceScript(ways).match(/PGPASSWORD=\S+/g)).toEqual(
      Array.from({ length: 3 }, () => "PGPASSWORD=rampart-verify-nobodys-password"),
    );
  });

  test("all closed, they pass", () => {
    const findings = entranceFindings(ways, said(closed), "postgres");
    expect(findings.map(({ status }) => status)).toEqual(Array.from({ length: 7 }, () => "pass"));
  });

  test("one that is open fails, and so does one where the superuser is asked for his password", () => {
    const findings = entranceFindings(
      ways,
      said({ ...closed, 1: "in", 4: "password authentication failed for user postgres" }),
      "postgres",
    );
    expect(findings.flatMap(({ status, evidence }) => (status === "fail" ? [evidence] : []))).toEqual([
      "lets a client in: in clear",
      "lets a client come as far as its login as the superuser: pg_hba.conf should refuse it",
    ]);
  });

  test("where the right way in is closed, or words are unknown, nothing is claimed", () => {
    expect(entranceFindings(ways, said({ ...closed, 0: "timeout" }), "postgres").map(({ status }) => status)).toEqual([
      "skip",
    ]);
    expect(entranceFindings(ways, said({ ...closed, 1: "timeout" }), "postgres")[0]?.status).toBe("skip");
  });
});

describe("the catalogs", () => {
  const role = (change: object = {}): object => ({
    name: "app_rw",
    superuser: false,
    createRole: false,
    createDatabase: false,
    replication: false,
    bypassesRowSecurity: false,
    connectionLimit: 50,
    scram: true,
    ends: false,
    memberOf: [],
    ...change,
  });
  const known: KnownRole = {
    login: "app_rw",
    memberOf: [],
    bypassesRowSecurity: false,
    connectionLimit: 50,
    ends: false,
  };
  const evidence = (change: object, of: Partial<KnownRole> = {}): string | undefined =>
    roleFindings([role(change)], [{ ...known, ...of }])[0]?.evidence;

  test("a role as it is declared passes", () => {
    expect(roleFindings([role(), role({ name: "postgres", superuser: true })], [known])).toEqual([
      { status: "pass", target: "app_rw", evidence: "has no attribute or membership beyond its own" },
    ]);
  });

  test.each<readonly [object, Partial<KnownRole>, string]>([
    [{ superuser: true }, {}, "is a superuser"],
    [{ createRole: true }, {}, "may make roles"],
    [{ createDatabase: true }, {}, "may make databases"],
    [{ replication: true }, {}, "may replicate, and so copy every row"],
    [{ bypassesRowSecurity: true }, {}, "bypasses row security"],
    [{ scram: false }, {}, "has a password that is not kept as SCRAM-SHA-256"],
    [{ memberOf: ["migrator"] }, {}, "is a member of migrator"],
    [{}, { memberOf: ["pg_monitor"] }, "is no member of pg_monitor"],
    [{ connectionLimit: 51 }, {}, "may open 51 connections, not 50"],
    [{ connectionLimit: -1 }, { connectionLimit: undefined }, "has no limit of connections"],
    [{}, { ends: true }, "does not end by itself"],
  ])("%j is named", (change, of, words) => {
    expect(evidence(change, of)).toBe(words);
  });

  test("a role that somebody made, and one that somebody dropped, are named", () => {
    expect(roleFindings([role({ name: "by_hand" })], [known]).map(({ status, target }) => [status, target])).toEqual([
      ["fail", "by_hand"],
      ["fail", "app_rw"],
    ]);
  });

  test("a database that PUBLIC may enter fails, and one that is not the stack's is a person's to judge", () => {
    const found = [
      { name: "app", public: false },
      { name: "old", public: false },
      { name: "postgres", public: true },
    ];
    expect(databaseFindings(found, ["app"]).map(({ status }) => status)).toEqual(["pass", "skip", "fail"]);
  });

  test("rights of PUBLIC, other owners, makers, writers and guards that are off are named", () => {
    const clean = { public: [], owners: [], creators: [], writers: [], guards: ["rampart_drop_owned A"] };
    const faults = (change: object): string[] =>
      objectFindings({ ...clean, ...change }, "app", ["rampart_drop_owned"]).flatMap(({ status, evidence: words }) =>
        status === "fail" ? [words] : [],
      );
    expect(faults({})).toEqual([]);
    expect(faults({ public: ["schema app"] })).toEqual(["PUBLIC has rights on schema app"]);
    expect(faults({ owners: ["app.x of me"] })).toEqual(["somebody else than migrator owns app.x of me"]);
    expect(faults({ creators: ["app_rw in schema app"] })).toEqual(["may make things: app_rw in schema app"]);
    expect(faults({ writers: ["app_ro INSERT app.x"] })).toEqual([
      "may write, whose role only reads: app_ro INSERT app.x",
    ]);
    expect(faults({ guards: ["rampart_drop_owned O"] })).toEqual([
      "event triggers are gone or off: rampart_drop_owned",
    ]);
  });
});
