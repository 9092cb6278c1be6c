import { parseBackupOptions, parseRestoreOptions, parseTarget } from "../../../commands/backup/options";
import { UsageError } from "../../../commands/start/options";

describe("options of the commands about backups", () => {
  test("name one stack", () => {
    expect(parseBackupOptions(["prod"])).toEqual({ stack: "prod", help: false });
    expect(parseBackupOptions(["prod", "--snapshot", "latest", "--config-file", "x.yaml"])).toEqual({
      stack: "prod",
      help: false,
      snapshot: "latest",
      configFile: "x.yaml",
    });
    for (const args of [[], ["a", "b"], ["a b"], ["--snapshot", "12345678"]])
      expect(() => parseBackupOptions(args)).toThrow("one stack's name is wanted, such as prod");
  });

  test("take an id of a snapshot that can be told from others", () => {
    expect(parseBackupOptions(["prod", "--snapshot", "1a2b3c4d"]).snapshot).toBe("1a2b3c4d");
    for (const id of ["1a2b", "--x", "1a2b3c4z", "a; rm -rf /"])
      expect(() => parseBackupOptions(["prod", `--snapshot=${id}`])).toThrow(
        /use latest, or at least 8 hex digits of an id/,
      );
  });

  test("of a restore say where it goes", () => {
    expect(parseRestoreOptions(["prod"])).toEqual({ stack: "prod", help: false });
    expect(parseTarget("live")).toEqual({ kind: "live" });
    expect(parseTarget("directory:/tmp/a:b")).toEqual({ kind: "directory", path: "/tmp/a:b" });
    expect(
      parseRestoreOptions(["prod", "--database", "app", "--to", "database:copy", "--confirm", "prod"]),
    ).toMatchObject({ database: "app", target: { kind: "database", name: "copy" }, confirm: "prod" });
  });

  test("of a restore refuse what is no target, and names that PostgreSQL would not take", () => {
    for (const to of ["", "lives", "live:app", "directory:relative", "directory:", "database:", "elsewhere:x"])
      expect(() => parseTarget(to)).toThrow("use live, database:<new name> or directory:<absolute path>");
    for (const to of ["database:A", 'database:a"; DROP', "database:pg_x", "database:public"])
      expect(() => parseTarget(to)).toThrow(UsageError);
    expect(() => parseRestoreOptions(["prod", "--to", "database:copy"])).toThrow("add --database <name>");
    expect(() => parseRestoreOptions(["prod", "--database", "A"])).toThrow(/cannot be a name in PostgreSQL/);
    expect(() => parseRestoreOptions(["prod", "--force"])).toThrow(UsageError);
  });
});
