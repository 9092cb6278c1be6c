import { describeDamage, parseFacts } from "../../commands/backup-repair/facts";

const SNAPSHOT = {
  id: "1a2b3c4d".padEnd(64, "0"),
  time: "2026-11-27T02:30:00Z",
  hostname: "prod",
  tags: ["rampart", "installation-00ff"],
};

describe("what repair.sh prints", () => {
  it("is read by the first word of each line", () =>
    expect(parseFacts("began\nerrors 3\npack aa\npack bb\nsnapshot 00112233\nhit 1a2b3c4d\n")).toEqual({
      clean: false,
      began: true,
      index: false,
      packs: ["aa", "bb"],
      snapshots: ["00112233"],
      hit: ["1a2b3c4d"],
      forgotten: [],
      errors: 3,
    }));

  it("is told with the backups' times", () =>
    expect(
      describeDamage(parseFacts("errors 3\npack aa\nsnapshot 00112233\nhit 1a2b3c4d\nhit ffffffff\n"), [SNAPSHOT]),
    ).toBe(
      [
        "The repository is damaged: restic counts 3 errors.",
        "Damaged packs (1):",
        "  aa",
        "Backups whose own file is damaged, and which are lost:",
        "  00112233",
        "Backups with content in what is damaged:",
        "  1a2b3c4d  2026-11-27T02:30:00Z  prod installation-00ff",
        "  ffffffff",
      ].join("\n"),
    ));

  it("says that a damaged index hides the rest", () =>
    expect(describeDamage(parseFacts("errors 1\nindex\n"), [SNAPSHOT])).toBe(
      "The repository is damaged: restic counts 1 error.\n" +
        "The index is damaged. What else is damaged is known only after the index is repaired.",
    ));

  it("names twenty packs, and counts more", () => {
    const packs = Array.from({ length: 23 }, (_, index) => `pack p${index}`);
    const told = describeDamage(parseFacts(["errors 23", ...packs].join("\n")), []);
    expect(told).toContain("Damaged packs (23):");
    expect(told).toContain("  p19\n  and 3 more\nNo other backup has content in what is damaged.");
  });
});
