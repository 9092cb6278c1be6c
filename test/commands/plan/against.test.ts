import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readAgainst } from "../../../commands/plan/against";
import type { StackFile } from "../../../plan/stack-file";
import { testWith } from "../../programs";

let repository: string;
const root = (): string => join(repository, "deploy");
const git = (...args: string[]): void =>
  void execFileSync("git", ["-C", repository, "-c", "user.name=a", "-c", "user.email=a@example.com", ...args], {
    stdio: "ignore",
  });

beforeEach(() => {
  repository = mkdtempSync(join(tmpdir(), "rampart-against-"));
  mkdirSync(root());
  writeFileSync(join(root(), "Pulumi.yaml"), "name: rampart\n");
  writeFileSync(join(root(), "Pulumi.prod.yaml"), "config: { rampart:name: older }\n");
});
afterEach(() => rmSync(repository, { recursive: true, force: true }));

const read = (given: string, env: NodeJS.ProcessEnv = process.env): Promise<StackFile> =>
  readAgainst({
    root: root(),
    stack: "prod",
    stackFile: join(root(), "Pulumi.prod.yaml"),
    given,
    cwd: repository,
    env,
  });

describe("--against", () => {
  test("takes a file, from where the user stands", async () => {
    writeFileSync(join(repository, "other.yaml"), "config: { rampart:name: other }\n");
    expect((await read("other.yaml")).values).toEqual({ "rampart:name": "other" });
  });

  testWith("git")("takes a revision of the stack's own file, wherever in the repository the project lies", async () => {
    git("init", "-b", "main");
    git("add", ".");
    git("commit", "-m", "one");
    writeFileSync(join(root(), "Pulumi.prod.yaml"), "config: { rampart:name: newer }\n");
    expect((await read("main")).values).toEqual({ "rampart:name": "older" });
  });

  testWith("git")("says what is wrong with what is neither", async () => {
    git("init", "-b", "main");
    git("add", "deploy/Pulumi.yaml");
    git("commit", "-m", "one");
    await expect(read("nowhere")).rejects.toMatchObject({
      message: "--against: given 'nowhere'; allowed: a stack's file, or a git revision that has Pulumi.prod.yaml",
      hint: "There is no such file, and no such revision in this repository.",
      exitCode: 2,
    });
    await expect(read("main")).rejects.toMatchObject({ hint: "The revision has no Pulumi.prod.yaml." });
    await expect(read("--output=/tmp/x")).rejects.toMatchObject({
      hint: "There is no such file, and no such revision in this repository.",
    });
  });

  test("says that git is missing", async () =>
    expect(read("main", { PATH: "" })).rejects.toMatchObject({
      hint: "There is no such file, and git is not installed.",
    }));
});
