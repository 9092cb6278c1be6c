import * as pulumi from "@pulumi/pulumi";
import { DockerClient } from "../../engine/docker";
import { healthHook } from "../../engine/health-hooks";
import { HEALTHY_CONTAINER_KEEPER } from "../../engine/keepers";
import { clock } from "../../engine/until";
import { record } from "../components/support";
import { FakeDocker } from "./fake-docker";

const HOST = "--host unix:///run/test.sock";
const SETTINGS = { name: "rampart-dev-api", startTimeoutSeconds: 60 };
const CHECK = { test: ["CMD", "wget", "-q", "http://127.0.0.1:3000/"], timeoutSeconds: 3 };

let cli: FakeDocker;
let now: number;
const path = process.env["PATH"];

beforeEach(() => {
  cli = new FakeDocker();
  process.env["PATH"] = cli.path;
  now = 0;
  jest.spyOn(clock, "now").mockImplementation(() => now);
  jest.spyOn(clock, "sleep").mockImplementation((ms) => Promise.resolve(void (now += ms)));
});

afterEach(() => {
  cli.remove();
  process.env["PATH"] = path;
  jest.restoreAllMocks();
});

const state = (facts: object): void => cli.answer("inspect", { stdout: JSON.stringify(facts) });
const calls = (): string[] => cli.calls.map((line) => line.replace(`${HOST} `, ""));
const verbs = (): string[] => calls().map((line) => line.split(" ")[0] ?? "");

/** Creates the receipt, as far as its hook goes. */
async function prove(
  settings: Partial<Parameters<typeof healthHook>[1]> = {},
  keepers: object = { [HEALTHY_CONTAINER_KEEPER]: "c0ffee" },
): Promise<void> {
  let binding: pulumi.ResourceHookBinding = {};
  await record(() => {
    binding = healthHook(new DockerClient("unix:///run/test.sock"), { ...SETTINGS, healthCheck: CHECK, ...settings });
  });
  const [hook] = binding.beforeCreate ?? [];
  if (!(hook instanceof pulumi.ResourceHook)) throw new Error("there is no hook before the receipt");
  const args = { urn: "", id: "", name: "rampart-dev-api-healthy", type: "", newInputs: { keepers } };
  await hook.callback(args);
}

describe("the receipt of a container's health", () => {
  test("is made once its own health check passes in it, which is asked at once", async () => {
    await prove();
    expect(calls()).toEqual(["exec c0ffee wget -q http://127.0.0.1:3000/"]);
  });

  test("gives a line to the shell, as the engine does", async () => {
    await prove({ healthCheck: { test: ["CMD-SHELL", "check && more"], timeoutSeconds: 3 } });
    expect(calls()).toEqual(["exec c0ffee /bin/sh -c check && more"]);
  });

  test("waits for it, often in the first seconds and then once a second", async () => {
    state({ Status: "running", Running: true, Health: { Status: "starting" } });
    cli.answer("exec", { afterFailures: 55 });
    await prove();
    expect(verbs().filter((verb) => verb === "exec")).toHaveLength(56);
    // 51 looks in ten seconds, five more a second apart.
    expect(now).toBe(10_000 + 4 * 1000);
  });

  test("takes the engine's own finding as well", async () => {
    cli.answer("exec", { code: 126, stderr: "no such file" });
    state({ Status: "running", Running: true, Health: { Status: "healthy" } });
    await prove();
    expect(verbs()).toEqual(["exec", "inspect"]);
  });

  test("rests on the engine's own rounds where the check may pass on what an earlier container left", async () => {
    state({ Status: "running", Running: true, Health: { Status: "healthy" } });
    await prove({ healthCheck: { ...CHECK, judgesThePast: true } });
    expect(verbs()).toEqual(["inspect"]);
  });

  test("is not made for one that never gets there, which is explained and stopped", async () => {
    cli.answer("exec", { code: 1, stderr: "refused\n" });
    cli.answer("logs", { stderr: "cannot bind\n" });
    state({ Status: "running", Running: true, Health: { Status: "starting" } });
    await expect(prove({ startTimeoutSeconds: 20 })).rejects.toThrow(
      "rampart-dev-api did not become healthy: status running\nlast health check: exit 1, refused\n" +
        "last log lines:\n    cannot bind",
    );
    expect(now).toBe(20_000);
    expect(calls().at(-1)).toBe("stop --time 5 c0ffee");
  });

  test("gives up at once on one that ended for good, and says by which exit code and for want of what", async () => {
    cli.answer("exec", { code: 1, stderr: "is not running\n" });
    state({ Status: "exited", Running: false, ExitCode: 137, OOMKilled: true });
    await expect(prove()).rejects.toThrow(
      "rampart-dev-api did not become healthy: status exited, exit code 137, " +
        "killed for want of memory (raise resources.memoryMiB)\nlast log lines:\n    (it wrote nothing)",
    );
    expect(now).toBe(200);
  });

  test("does not give up on one that its restart policy starts again", async () => {
    cli.answer("exec", { afterFailures: 3 });
    state({ Status: "restarting", Running: true, Restarting: true });
    await prove();
    expect(now).toBe(600);
  });

  test("wants a container that is known", async () => {
    await expect(prove({}, {})).rejects.toThrow("rampart-dev-api: its container is not known");
    expect(cli.calls).toEqual([]);
  });
});
