import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FakeDocker } from "../../engine/fake-docker";
import { FakeProject } from "../fake-project";
import type { FakePulumi } from "../fake-pulumi";
import type { Ran } from "../support";

const DIGEST = "0123456789abcdef".repeat(4);
const image = (version: string): string => `registry.acme.com/web:${version}@sha256:${DIGEST}`;
const FILE = (version: string): string => `# The shop.
config:
  rampart:environment: dev
  rampart:services:
    web:
      image: ${image(version)} # what runs
      port: 8080
      routes: [{ host: app.localhost }]
`;
const entry = (version: string, changes: object = {}): object => ({
  kind: "update",
  result: "succeeded",
  endTime: `2026-11-27T10:00:0${version.at(0) ?? ""}.000Z`,
  environment: {},
  config: {
    "rampart:environment": { value: "dev", secret: false },
    "rampart:services": {
      secret: false,
      value: "",
      objectValue: { web: { image: image(version), port: 8080, routes: [{ host: "app.localhost" }] } },
    },
    ...changes,
  },
});

describe("rampart rollback", () => {
  let docker: FakeDocker;
  let pulumi: FakePulumi;
  let root: string;
  let project: FakeProject;
  beforeEach(() => {
    project = new FakeProject(FILE("2.0.0"));
    ({ docker, pulumi, root } = project);
    pulumi.answer("stack history", { stdout: JSON.stringify([entry("2.0.0"), entry("1.0.0")]) });
  });
  afterEach(() => project.remove());
  const run = (...args: string[]): Promise<Ran> => project.rampart("rollback", "dev", ...args);
  const commands = (): string[] => pulumi.calls.map((call) => call.replace(`--non-interactive --cwd ${root} `, ""));
  const file = (): string => readFileSync(join(root, "Pulumi.dev.yaml"), "utf8");

  test("shows what it would do, and changes nothing unless somebody agrees", async () => {
    const { code, stdout, stderr } = await run();
    expect(stdout).toContain(`services.web.image`);
    expect(stdout).toMatch(/2\.0\.0\S* →\s+\S*1\.0\.0/);
    expect(stderr).toContain(`${image("1.0.0")} is still on the engine`);
    expect(stderr).toContain("Nothing was changed. To do it, add --yes.");
    expect(code).toBe(1);
    expect(commands()).toEqual([
      "stack history --json --page-size 200 --stack dev",
      "preview --diff=false --stack dev",
    ]);
    expect(pulumi.file("preview")).toBe(FILE("1.0.0"));
    expect(file()).toBe(FILE("2.0.0"));
    expect(readdirSync(join(root, ".rampart/rollback"))).toEqual([]);
  });

  test("writes the earlier values into the file, deploys them, and says what to commit", async () => {
    const { code, stdout } = await run("--yes");
    expect(code).toBe(0);
    expect(commands().at(-1)).toBe(
      "up --yes --skip-preview --message rampart rollback to 2026-11-27T10:00:01.000Z --stack dev",
    );
    expect(pulumi.file("up")).toBe(FILE("1.0.0"));
    expect(file()).toBe(FILE("1.0.0"));
    expect(stdout).toContain('git commit --message "Roll dev back" -- Pulumi.dev.yaml');
    const [copy = ""] = readdirSync(join(root, ".rampart/rollback"));
    expect(readFileSync(join(root, ".rampart/rollback", copy), "utf8")).toBe(FILE("2.0.0"));
  });

  test("an image that is gone from the engine is told", async () => {
    docker.answer("image", { code: 1 });
    expect((await run()).stderr).toContain(`${image("1.0.0")} is not on the engine any more, and is pulled`);
  });

  test("a preview that fails ends it", async () => {
    pulumi.answer("preview", { code: 255 });
    const { code, stderr } = await run("--yes");
    expect([code, stderr.includes("The preview ended with 255")]).toEqual([1, true]);
    expect(file()).toBe(FILE("2.0.0"));
  });

  test("an update that fails leaves the earlier values in the file, and says how to go on", async () => {
    pulumi.answer("up", { code: 255 });
    const { code, stderr } = await run("--yes");
    expect(code).toBe(1);
    expect(stderr).toContain("Pulumi.dev.yaml has the earlier values: `pulumi up --stack dev` continues.");
    expect(file()).toBe(FILE("1.0.0"));
  });

  test("is refused across a migration, before anything is previewed", async () => {
    const migration = (version: string): object => ({
      "rampart:migration": { secret: false, objectValue: { image: image(version) } },
    });
    pulumi.answer("stack history", {
      stdout: JSON.stringify([entry("2.0.0", migration("2.0.0")), entry("1.0.0", migration("1.0.0"))]),
    });
    const { code, stderr } = await run("--yes");
    expect(code).toBe(1);
    expect(stderr).toContain(`(${image("1.0.0")} → ${image("2.0.0")}), and does not say that the version before works`);
    expect(stderr).toContain("npx rampart restore dev");
    expect(commands()).toHaveLength(1);
  });

  test("lists what it could go back to, and says where there is nothing", async () => {
    expect((await run("--list")).stdout).toBe("  1  2026-11-27T10:00:01.000Z\n");
    expect((await run("--to", "2")).stderr).toContain("--to: given '2'; allowed: 1 to 1");
    pulumi.answer("stack history", { stdout: JSON.stringify([entry("1.0.0")]) });
    expect((await run()).stderr).toContain("Stack dev has no earlier configuration to go back to");
    pulumi.answer("stack history", { stdout: "[]" });
    expect((await run()).stderr).toContain("Stack dev was never deployed");
    expect(existsSync(join(root, ".rampart"))).toBe(false);
  });

  test("changes of the file that were never deployed are told", async () => {
    writeFileSync(join(root, "Pulumi.dev.yaml"), FILE("3.0.0"));
    expect((await run()).stderr).toContain("Pulumi.dev.yaml has changes that were never deployed");
  });
});
