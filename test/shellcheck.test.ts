/** Every shell script of the repository, as its editor sees it: with the settings of the nearest .shellcheckrc. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { describeWith } from "./programs";

const root = resolve(__dirname, "..");

/** Directories with scripts; the entries of `.ci` have no extension. */
const scriptsIn = (directory: string): string[] =>
  readdirSync(join(root, directory), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".sh") || directory === ".ci")
    .map((path) => join(directory, path))
    .sort();
const SCRIPTS = ["hardening", "verify", "test/e2e", ".ci"].flatMap(scriptsIn);

describeWith("shellcheck")("shellcheck has nothing to say of", () => {
  test.each(SCRIPTS)("%s", (file) => {
    // A file that is sourced is checked once more with what it finds there.
    const { stdout, stderr, status } = spawnSync(
      "shellcheck",
      ["--external-sources", "--check-sourced", "--format=gcc", file],
      { cwd: root, encoding: "utf8" },
    );
    expect([stdout, stderr, status]).toEqual(["", "", 0]);
  });
});
