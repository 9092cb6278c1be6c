import { restoreDrill } from "../../../commands/restore-drill";
import { checkTarget, OPTIONS } from "../../../commands/restore/options";
import { UserError } from "../../../commands/shared/errors";
import { parse, type Input } from "../../../commands/shared/options";
import { rampart } from "../support";

const read = (...args: string[]): Input<typeof OPTIONS, "required"> => {
  const input = parse({ name: "restore", stack: "required", options: OPTIONS }, args);
  checkTarget(input);
  return input;
};
const target = (to: string): unknown => read("prod", "--database", "app", "--to", to).options.to;

describe("the options of a restore", () => {
  test("name only the stack where there is no target", () =>
    expect(read("prod")).toEqual({
      stack: "prod",
      options: {
        to: undefined,
        confirm: undefined,
        snapshot: undefined,
        database: undefined,
        "config-file": undefined,
      },
      rest: [],
    }));

  test("take an id of a snapshot that can be told from others", () => {
    expect(read("prod", "--snapshot", "1a2b3c4d").options.snapshot).toBe("1a2b3c4d");
    expect(read("prod", "--snapshot", "latest").options.snapshot).toBe("latest");
    for (const id of ["1a2b", "--x", "1a2b3c4z", "a; rm -rf /"])
      expect(() => read("prod", `--snapshot=${id}`)).toThrow(
        `--snapshot: given '${id}'; allowed: latest, or at least 8 hex digits of an id`,
      );
  });

  test("say where the backup goes", () => {
    expect(target("live")).toEqual({ kind: "live" });
    expect(target("directory:/tmp/a:b")).toEqual({ kind: "directory", path: "/tmp/a:b" });
    expect(read("prod", "--database", "app", "--to", "database:copy", "--confirm", "prod").options).toMatchObject({
      database: "app",
      to: { kind: "database", name: "copy" },
      confirm: "prod",
    });
  });

  test("refuse an unknown target, and names that PostgreSQL would not take", () => {
    for (const to of ["lives", "live:app", "directory:relative", "directory:", "database:", "elsewhere:x"])
      expect(() => target(to)).toThrow(
        `--to: given '${to}'; allowed: live, database:<new name> or directory:<absolute path>`,
      );
    for (const to of ["database:A", 'database:a"; DROP', "database:pg_x", "database:public"])
      expect(() => target(to)).toThrow(UserError);
    expect(() => read("prod", "--to", "database:copy")).toThrow(
      "--database: given nothing; allowed: the database that --to database:<new name> takes",
    );
    expect(() => read("prod", "--database", "A")).toThrow(/cannot be a name in PostgreSQL/);
    expect(() => read("prod", "--force")).toThrow("Unknown option '--force' of rampart restore");
  });
});

test("a drill takes the newest backup unless another is named", () => {
  expect(restoreDrill.options["snapshot"]).toMatchObject({ default: "latest" });
});

test("a restore over the live databases is refused at once where the stack's file is not here", async () => {
  const { code, stderr } = await rampart(["restore", "prod", "--to", "live", "--confirm", "prod"]);
  expect(code).toBe(1);
  expect(stderr).toContain("The stack's file is not here (Pulumi.prod.yaml).");
  expect(stderr).toContain("--config-file <file>");
});
