import { describeDrill, readDrill } from "../../../commands/restore-drill/drill-result";
import { readVerification, timedName } from "../../../commands/restore/restore";
import { chooseSnapshot, parseSnapshots, type Snapshot } from "../../../commands/shared/snapshots";
import { identifier } from "../../../hardening/postgres/server/identifiers";

const snapshot = (id: string, time: string, installation = "one"): Snapshot => ({
  id: id.repeat(8),
  time,
  hostname: "prod",
  tags: ["rampart", `installation-${installation}`],
});
const OLD = snapshot("1111aaaa", "2026-11-01T02:30:00Z");
const NEW = snapshot("2222bbbb", "2026-11-02T02:30:00Z");
const FOREIGN = snapshot("3333cccc", "2026-11-03T02:30:00Z", "two");

describe("the backup that is meant", () => {
  test("is the newest, whatever the order of the list", () =>
    expect(chooseSnapshot(parseSnapshots(JSON.stringify([NEW, OLD])))).toEqual(NEW));
  test("is the one that is named", () => expect(chooseSnapshot([OLD, NEW], "1111aaaa")).toEqual(OLD));
  test("has to be named where two installations share a repository", () => {
    const choose = (): unknown => chooseSnapshot([OLD, NEW, FOREIGN]);
    expect(choose).toThrow(/more than one installation\. Say which.*--snapshot latest.*\n {2}1111aaaa /s);
    expect(choose).toThrow(/\n {2}1111aaaa {2}2026-11-01T02:30:00Z {2}prod installation-one/);
    expect(chooseSnapshot([OLD, NEW, FOREIGN], "latest")).toEqual(FOREIGN);
  });
  test("is refused where the repository holds no such backup, or gives no list", () => {
    expect(() => chooseSnapshot([])).toThrow("The repository holds no backup.");
    expect(() => chooseSnapshot([OLD], "9999ffff")).toThrow(/No backup has the id 9999ffff\. There are:\n {2}1111aaaa/);
    expect(() => parseSnapshots("Fatal: wrong password")).toThrow(
      "The repository gave no list of backups: Fatal: wrong password",
    );
  });
});

describe("what a restore says", () => {
  const figures = '{"facts": 9, "tables": 2, "rows": 7, "policies": 1, "roles": 5, "differences": 1}';
  test("is read line by line, the figures last", () => {
    const difference = { what: "rows", name: "app.items", expected: { rows: 1 }, found: null };
    expect(readVerification(`${JSON.stringify(difference)}\n${figures}\n`)).toEqual({
      tables: 2,
      rows: 7,
      policies: 1,
      differences: [difference],
    });
    expect(readVerification(`${figures}\n`).differences).toEqual([]);
  });
  test("is an error where it has no figures", () => {
    expect(() => readVerification("")).toThrow("The comparison gave no figures");
    expect(() => readVerification("{}")).toThrow("The comparison gave no figures");
  });
  test("names databases so that PostgreSQL takes them and they sort by time", () => {
    const at = new Date("2026-11-24T05:06:07Z");
    expect(timedName("app", "before", at)).toBe("app_before_20261124t050607");
    expect(identifier("name", timedName("a".repeat(63), "restore", at)).length).toBeLessThanOrEqual(63);
  });
});

describe("a drill's result", () => {
  const drill = {
    ok: false,
    time: "2026-11-24T05:00:00Z",
    snapshot: "1111aaaa22",
    taken: "2026-11-24T02:30:00Z",
    seconds: 9,
    error: "",
    databases: [],
    differenceCount: 1,
    differences: [{ what: "role", name: "app_rw", expected: { superuser: false }, found: { superuser: true } }],
  };
  test("says loudly what differs", () =>
    expect(describeDrill({ ...drill })).toBe(
      "RESTORE DRILL FAILED: backup 1111aaaa of 2026-11-24T02:30:00Z, 9 s\n" +
        "  1 differences from what the database held:\n  - role app_rw: " +
        'expected {"superuser":false}, found {"superuser":true}\n',
    ));
  test("is nothing where the drill ended without one", () =>
    expect(["", "{}", '{"ok":"yes"}', "null"].map((text) => readDrill(text))).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]));
});
