import * as pulumi from "@pulumi/pulumi";
import type * as docker from "@pulumi/docker";
import { keepRunning } from "../../engine/keep-running";
import { DockerClient } from "../../engine/docker";
import { clock } from "../../engine/until";
import { FakeDocker } from "./fake-docker";

const ID = "c0ffee".padEnd(64, "0");
const URN = "urn:pulumi:dev::rampart::docker:index/container:Container::rampart-dev-postgres";
// Marked as Pulumi marks a resource, so that an output of it gives it as it is.
const container = (id = ID): docker.Container =>
  ({ __pulumiResource: true, id: pulumi.output(id), urn: pulumi.output(URN) }) as unknown as docker.Container;

let cli: FakeDocker;
let logged: { errors: unknown[]; warnings: unknown[] };
const path = process.env["PATH"];

beforeEach(() => {
  cli = new FakeDocker();
  process.env["PATH"] = cli.path;
  logged = { errors: [], warnings: [] };
  jest.spyOn(clock, "sleep").mockResolvedValue();
  jest.spyOn(pulumi.log, "error").mockImplementation((text) => Promise.resolve(void logged.errors.push(text)));
  jest.spyOn(pulumi.log, "warn").mockImplementation((text) => Promise.resolve(void logged.warnings.push(text)));
});

afterEach(() => {
  cli.remove();
  process.env["PATH"] = path;
  process.exitCode = 0;
  jest.restoreAllMocks();
});

const verbs = (): string[] => cli.calls.map((call) => call.split(" ")[2] ?? "");
const state = (value: object): void => cli.answer("inspect", { stdout: JSON.stringify(value) });

/** Looks for the container as a preview or an update does, and gives what depends on it. */
async function look(
  kind: "preview" | "update",
  { id = ID, listed = `${ID} exited Exited (137) 2 minutes ago` } = {},
): Promise<unknown> {
  jest.spyOn(pulumi.runtime, "isDryRun").mockReturnValue(kind === "preview");
  cli.answer("ps", { stdout: `${"beef".padEnd(64, "0")} running Up 2 hours (healthy)\n${listed}\n` });
  const one = container(id);
  const given = keepRunning("dev", new DockerClient("unix:///run/test.sock"))(one, { startTimeoutSeconds: 5 });
  const resolved = await new Promise((resolve) => pulumi.output(given).apply(resolve));
  expect(resolved).toBe(one);
  return resolved;
}

describe("a container of the state", () => {
  test("that runs is not touched, with one question for the whole stack", async () => {
    await look("update", { listed: `${ID} running Up 2 hours (healthy)` });
    expect(cli.calls).toEqual([
      "--host unix:///run/test.sock ps --all --no-trunc --filter label=io.rampart.stack=dev --format {{.ID}} " +
        "{{.State}} {{.Status}}",
    ]);
    expect(logged).toEqual({ errors: [], warnings: [] });
  });

  test("that was stopped is named by a preview, which starts nothing", async () => {
    state({ Status: "exited", Running: false, ExitCode: 137 });
    await look("preview");
    expect(verbs()).toEqual(["ps", "inspect"]);
    expect(logged).toEqual({
      errors: [],
      warnings: ["rampart-dev-postgres does not run (status exited, exit code 137): an update starts it."],
    });
    expect(process.exitCode ?? 0).toBe(0);
  });

  test("that was stopped is started by an update, which says so", async () => {
    state({ Status: "exited", Running: false, ExitCode: 137 });
    cli.answer("start", {
      stdout: ID,
      next: { inspect: JSON.stringify({ Status: "running", Running: true, Health: { Status: "healthy" } }) },
    });
    await look("update");
    expect(verbs()).toEqual(["ps", "inspect", "start", "inspect"]);
    expect(logged).toEqual({
      errors: [],
      warnings: ["rampart-dev-postgres does not run (status exited, exit code 137): it was started again."],
    });
    expect(process.exitCode ?? 0).toBe(0);
  });

  test("that ends again fails the update with its last words", async () => {
    state({ Status: "exited", Running: false, ExitCode: 1 });
    cli.answer("logs", { stdout: "FATAL: No space left on device\n" });
    await look("update");
    expect(logged.errors).toEqual([
      "rampart-dev-postgres does not run (status exited, exit code 1), was started, " +
        "and did not become healthy: status exited, exit code 1\nlast log lines:\n" +
        "    FATAL: No space left on device",
    ]);
    expect(process.exitCode).toBe(32);
  });

  test("that the engine cannot start fails the update with the engine's words", async () => {
    state({ Status: "exited", Running: false, ExitCode: 128 });
    cli.answer("start", { code: 1, stderr: "port is already allocated\n" });
    await look("update");
    expect(logged.errors).toEqual([
      "rampart-dev-postgres does not run (status exited, exit code 128), and could not be started: " +
        "port is already allocated",
    ]);
    expect(process.exitCode).toBe(32);
  });

  test.each([
    ["preview", "warnings"],
    ["update", "errors"],
  ] as const)("that is gone is named by a %s, with the command that makes it again", async (kind, level) => {
    cli.answer("inspect", { code: 1, stderr: "No such container" });
    await look(kind, { listed: "" });
    expect(logged[level]).toEqual([
      "rampart-dev-postgres: its container c0ffee000000 is gone, though Pulumi's state has it. " +
        `\`pulumi up --replace '${URN}'\` makes it again.`,
    ]);
    expect(process.exitCode ?? 0).toBe(kind === "preview" ? 0 : 32);
  });

  test("that is unhealthy is named, with what its check says, and no more", async () => {
    state({
      Status: "running",
      Running: true,
      Health: { Status: "unhealthy", Log: [{ Output: "the newest good backup is too old\n" }] },
    });
    await look("update", { listed: `${ID} running Up 2 hours (unhealthy)` });
    expect(verbs()).toEqual(["ps", "inspect"]);
    expect(logged).toEqual({
      errors: [],
      warnings: ["rampart-dev-postgres is unhealthy: the newest good backup is too old"],
    });
  });

  test("is not looked for where the engine does not answer, nor under mocks", async () => {
    cli.answer("ps", { code: 1, stderr: "Cannot connect to the Docker daemon" });
    jest.spyOn(pulumi.runtime, "isDryRun").mockReturnValue(true);
    const keep = keepRunning("dev", new DockerClient("unix:///run/test.sock"));
    for (const id of [ID, "rampart-dev-postgres_id"])
      await new Promise((resolve) => pulumi.output(keep(container(id), { startTimeoutSeconds: 5 })).apply(resolve));
    expect(verbs()).toEqual(["ps"]);
    expect(logged).toEqual({ errors: [], warnings: [] });
  });
});
