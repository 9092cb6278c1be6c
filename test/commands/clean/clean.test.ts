import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { removeImage } from "../../../commands/clean/engine";
import { DockerClient } from "../../../engine/docker";
import { FakeDocker } from "../../engine/fake-docker";
import { FakePulumi } from "../fake-pulumi";
import { rampart } from "../support";

const digest = (version: number): string => `me/web@sha256:${String(version).repeat(64)}`;
const reference = (version: number): string => digest(version).replace("@", `:${version}.0@`);
const entry = (version: number): object => ({
  kind: "update",
  result: "succeeded",
  endTime: `2026-01-0${version}T10:00:00.000Z`,
  environment: {},
  config: { "rampart:services": { secret: false, value: "", objectValue: { web: { image: reference(version) } } } },
});

describe("rampart clean", () => {
  let docker: FakeDocker;
  let pulumi: FakePulumi;
  let root: string;
  const path = process.env["PATH"];
  const file = (disk: string): void =>
    writeFileSync(
      join(root, "Pulumi.dev.yaml"),
      `config:\n  rampart:services: { web: { image: "${reference(3)}" } }\n  rampart:disk: ${disk}\n`,
    );
  beforeEach(() => {
    docker = new FakeDocker();
    pulumi = new FakePulumi();
    root = mkdtempSync(join(tmpdir(), "rampart-clean-"));
    copyFileSync(resolve(__dirname, "../../../Pulumi.yaml"), join(root, "Pulumi.yaml"));
    file("{ keepConfigurations: 1 }");
    pulumi.answer("stack history", { stdout: JSON.stringify([3, 2, 1].map(entry)) });
    process.env["PATH"] = `${pulumi.directory}:${docker.path}`;
    docker.answer("image", { stdout: "id\n" });
    docker.answer("inspect", {
      stdout: JSON.stringify(
        [1, 2, 3].map((version) => ({ Id: `id${version}`, RepoDigests: [digest(version)], Size: 3 * 1024 ** 2 })),
      ),
    });
    docker.answer("system", { stdout: '{"Type":"Build Cache","Reclaimable":"1.2GB"}\n' });
  });
  afterEach(() => {
    process.env["PATH"] = path;
    docker.remove();
    pulumi.remove();
    rmSync(root, { recursive: true });
  });
  const run = (...args: string[]) =>
    rampart(
      ["clean", "dev", ...args],
      {
        PATH: process.env["PATH"],
        HOME: root,
        CI: "true",
        DOCKER_HOST: "ssh://shop",
        PULUMI_BACKEND_URL: "file:///elsewhere",
      },
      root,
    );
  const changes = (): string[] =>
    docker.calls.map((call) => call.replace("--host ssh://shop ", "")).filter((call) => / rm |prune/.test(call));

  test("shows what can go, and removes nothing unless somebody agrees", async () => {
    const { code, stdout, stderr } = await run();
    expect(code).toBe(0);
    expect(stdout.split("\n").map((line) => line.trimEnd())).toEqual([
      "stack dev on ssh://shop",
      "One image can go, 3 MiB at most:",
      "      3 MiB  me/web:1.0@sha256:111111111111  deployed until 2026-01-02",
      "2 images stay:",
      "      3 MiB  me/web:2.0@sha256:222222222222  for a rollback",
      "      3 MiB  me/web:3.0@sha256:333333333333  deployed",
      "How much is free on the engine's disk could not be told.",
      "",
    ]);
    expect(stderr).toContain("Nothing was removed. To do it, add --yes.");
    expect(changes()).toEqual([]);
  });

  test("removes by digest, without force, and leaves the build cache", async () => {
    const { code, stderr } = await run("--yes");
    expect([code, stderr]).toEqual([0, "  ok  one image removed.\n"]);
    expect(changes()).toEqual([`image rm ${digest(1)}`]);
  });

  test("prunes the build cache by age where that is asked for", async () => {
    docker.answer("builder", { stdout: "ID\tRECLAIMABLE\nabc\ttrue\nTotal:\t1.1GB\n" });
    const { stdout, stderr } = await run("--yes", "--build-cache");
    expect(stdout).toContain("The engine's build cache could give back 1.2GB.");
    expect(stderr).toContain("the build cache gave back 1.1GB");
    expect(changes()[0]).toBe("builder prune --force --filter until=336h");
  });

  test("as JSON it only tells, unless --yes", async () => {
    const told = JSON.parse((await run("--json")).stdout) as Record<string, unknown>;
    expect(told).toMatchObject({ stack: "dev", engine: "ssh://shop", removed: [], failed: [] });
    expect(changes()).toEqual([]);
    expect(JSON.parse((await run("--json", "--yes")).stdout)).toMatchObject({ removed: [digest(1)] });
  });

  test("a fault of its key ends it", async () => {
    file("{ keepConfigurations: 0 }");
    const faulty = await run();
    expect([faulty.code, faulty.stderr]).toEqual([
      1,
      "rampart:disk of stack dev has a fault.\n`npx rampart plan dev` says which, and what is allowed.\n",
    ]);
  });

  test("what the engine does not give up is told of, and the command fails", async () => {
    docker.answer("builder", { code: 1, stderr: "permission denied" });
    const { code, stderr } = await run("--yes", "--build-cache");
    expect([code, stderr]).toEqual([1, expect.stringContaining("The build cache could not be pruned: ")]);
    expect(await removeImage(new DockerClient("ssh://shop"), digest(1))).toBeUndefined();
    docker.answer("image", { code: 1, stderr: "conflict: container c0ffee uses it\n" });
    expect(await removeImage(new DockerClient("ssh://shop"), digest(1))).toBe("conflict: container c0ffee uses it");
  });

  test("a container that goes meanwhile does no harm, and an engine that does not answer ends it", async () => {
    docker.answer("inspect", { code: 1, stderr: "Error: No such container: c0ffee" });
    expect((await run("--json", "--yes")).code).toBe(0);
    docker.answer("inspect", { code: 1, stdout: "[]", stderr: "Cannot connect to the Docker daemon" });
    const { code, stderr } = await run("--yes");
    expect([code, stderr]).toEqual([1, "Images could not be looked at: Cannot connect to the Docker daemon\n"]);
  });

  test("a stack that was never deployed, and an engine that does not answer, end it", async () => {
    docker.answer("image", { code: 1, stderr: "Cannot connect to the Docker daemon" });
    expect((await run("--yes")).code).toBe(1);
    pulumi.answer("stack history", { stdout: "[]" });
    expect((await run("--yes")).stderr).toContain("Stack dev was never deployed");
    expect(changes()).toEqual([]);
  });
});
