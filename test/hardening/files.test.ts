import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileStatement, fileText, withParts } from "../../hardening/files";

const directory = mkdtempSync(join(tmpdir(), "rampart-files-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const write = (name: string, text: string): void => writeFileSync(join(directory, name), text);

test("a file's notes and marked directives stay in the source, and every other comment is delivered", () => {
  write(
    "a.sh",
    "#!/bin/sh\n## for the reader\n##\n# for everybody\n# shellcheck source=b.sh ##\n" +
      "# shellcheck disable=SC2086\n  ## in a function\n### a\necho a ## b\n",
  );
  expect(fileText(directory, "a.sh")).toBe(
    "#!/bin/sh\n# for everybody\n# shellcheck disable=SC2086\n### a\necho a ## b\n",
  );
  write("a.sql", "--- for the reader\n-- for everybody\n  --- too\nSELECT 1;\n    --option\n");
  expect(fileText(directory, "a.sql")).toBe("-- for everybody\nSELECT 1;\n    --option\n");
});

test("an include stands for the other file, with what that one includes", () => {
  write("inner.sql", "--- why\nSELECT 2;\n");
  write("middle.sh", "psql <<'SQL'\n\\ir inner.sql\nSQL\n");
  write("outer.sh", "#!/bin/sh\n. ./middle.sh\n. /etc/rampart/common.sh\n  . ./middle.sh\n");
  expect(fileText(directory, "outer.sh")).toBe(
    "#!/bin/sh\npsql <<'SQL'\nSELECT 2;\nSQL\n. /etc/rampart/common.sh\n  . ./middle.sh\n",
  );
});

test("files of one name in two directories are two files", () => {
  mkdirSync(join(directory, "other"));
  write("same.sh", "one\n");
  writeFileSync(join(directory, "other", "same.sh"), "two\n");
  expect([fileText(directory, "same.sh"), fileText(join(directory, "other"), "same.sh")]).toEqual(["one\n", "two\n"]);
});

test("a statement ends without its semicolon", () => {
  write("statement.sql", "DO $$ BEGIN NULL; END $$;\n");
  expect(fileStatement(directory, "statement.sql")).toBe("DO $$ BEGIN NULL; END $$");
});

test("parts are replaced wherever they stand, each once, and a part that is not there is an error", () => {
  expect(withParts("a b $1 a", { a: "b", b: "a", $1: "$&" })).toBe("b a $& b");
  expect(withParts("a", {})).toBe("a");
  expect(() => withParts("a", { "/run/secrets": "/tmp" })).toThrow('the file has no "/run/secrets" to replace');
});
