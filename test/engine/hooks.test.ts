import * as pulumi from "@pulumi/pulumi";
import { containerHooks, type ContainerHooks } from "../../components";
import { JOB_CONTAINER_KEEPER, LABEL_ROUTES_PROBE } from "../../engine/hooks";
import { record } from "../components/support";
import { DockerClient } from "../../engine/docker";
import { clock } from "../../engine/until";
import { FakeDocker } from "./fake-docker";

const ENGINE = new DockerClient("unix:///run/test.sock");

let docker: FakeDocker;
let hooks: ContainerHooks;
const path = process.env["PATH"];

beforeEach(async () => {
  docker = new FakeDocker();
  process.env["PATH"] = docker.path;
  await record(() => {
    hooks = containerHooks("rampart-dev", "dev", ENGINE);
  });
});

afterEach(() => {
  docker.remove();
  process.env["PATH"] = path;
  jest.restoreAllMocks();
});

const labels = (values: Readonly<Record<string, string>>): { labels: { label: string; value: string }[] } => ({
  labels: Object.entries(values).map(([label, value]) => ({ label, value })),
});
const CONTAINER = {
  ...labels({
    "io.rampart.component": "service",
    "io.rampart.name": "api",
    "io.rampart.pids-limit": "128",
    "io.rampart.stack": "dev",
  }),
};

const hookArgs = (newInputs: Record<string, unknown>): pulumi.ResourceHookArgs => ({
  urn: "urn:pulumi:dev::rampart::docker:index/container:Container::rampart-dev-api",
  id: "c0ffee",
  name: "rampart-dev-api",
  type: "docker:index/container:Container",
  newInputs,
});

/** Calls the one hook that is bound to an event. */
async function call(
  binding: pulumi.ResourceHookBinding,
  event: "afterCreate" | "beforeCreate",
  newInputs: Record<string, unknown>,
): Promise<void> {
  const [hook, ...others] = binding[event] ?? [];
  if (!(hook instanceof pulumi.ResourceHook) || others.length > 0) throw new Error(`there is not one hook ${event}`);
  await hook.callback(hookArgs(newInputs));
}

describe("the hooks of a stack", () => {
  test("have names of their own, and only what they are for", () => {
    const job = hooks.jobReceipt({ name: "migration", timeoutSeconds: 1 });
    const routes = hooks.routesApplied({ edgeName: "edge", probePort: 8082 });
    const bound = [hooks.container, job, routes].flatMap((binding) =>
      Object.entries(binding).map(
        ([event, list]) => `${event} ${(list as { name: string }[]).map(({ name }) => name).join()}`,
      ),
    );
    expect(bound).toEqual([
      "beforeCreate rampart-dev-container-leftovers",
      "afterCreate rampart-dev-pids-limit",
      "beforeCreate rampart-dev-migration-run",
      "afterCreate rampart-dev-routes-applied",
    ]);
  });

  test("announce a role's password before the stack changes it, and explain one that fails", () => {
    const binding = hooks.guardedRole({ name: "rampart-dev-roles-app_rw", statements: pulumi.output([]) });
    expect(
      Object.entries(binding).map(
        ([event, list]) => `${event} ${(list as { name: string }[]).map(({ name }) => name).join()}`,
      ),
    ).toEqual(["onError rampart-dev-role-failed", "beforeUpdate rampart-dev-roles-app_rw-run"]);
  });

  test("are left out under Pulumi's own mocks, whose monitor knows none", async () => {
    await pulumi.runtime.setMocks(
      { newResource: ({ name, inputs }) => ({ id: name, state: inputs as object }), call: () => ({}) },
      "rampart",
      "dev",
    );
    const none = containerHooks("rampart-dev", "dev", ENGINE);
    await pulumi.runtime.disconnect();
    expect([
      none.container,
      none.jobReceipt({ name: "migration", timeoutSeconds: 1 }),
      none.routesApplied({ edgeName: "edge", probePort: 8082 }),
      none.filesApplied({ name: "gateway-routes", owner: "gateway", script: "/apply.sh" }),
    ]).toEqual([{}, {}, {}, {}]);
  });
});

describe("what a killed update left", () => {
  const LISTED = "ps --all --no-trunc --filter label=io.rampart.stack=dev --format {{.ID}} {{.Names}}";
  const listed =
    "b0 rampart-dev-api-0a1b2c3\nb1 rampart-dev-api-secrets-carrier-0a1b2c3\nb2 rampart-dev-api-0a1b2c3-x\n" +
    "b3 rampart-dev-other-0a1b2c3\n";

  test("is stopped and removed before the same container is made, if it never got its limit", async () => {
    docker.answer("ps", { stdout: listed });
    docker.answer("inspect", { stdout: "null\n" });
    await call(hooks.container, "beforeCreate", CONTAINER);
    expect(docker.calls.map((line) => line.replace("--host unix:///run/test.sock ", ""))).toEqual([
      LISTED,
      "inspect --format {{json .HostConfig.PidsLimit}} b0",
      "stop --time 10 b0",
      "rm --force b0",
    ]);
  });

  test("is not what has its limit: that one serves", async () => {
    docker.answer("ps", { stdout: listed });
    docker.answer("inspect", { stdout: "128\n" });
    await call(hooks.container, "beforeCreate", CONTAINER);
    expect(docker.calls.filter((line) => / (stop|rm) /.test(line))).toEqual([]);
  });

  test("is any carrier of that name, as nothing runs in one", async () => {
    docker.answer("ps", { stdout: listed });
    await call(hooks.carrier, "beforeCreate", CONTAINER);
    expect(
      docker.calls
        .filter((line) => / (stop|rm) /.test(line))
        .map((line) => line.replace("--host unix:///run/test.sock ", "")),
    ).toEqual(["rm --force b0"]);
  });

  test("is asked for once in an update, and again only where the engine did not answer", async () => {
    docker.answer("ps", { code: 1 });
    await call(hooks.carrier, "beforeCreate", CONTAINER);
    docker.answer("ps", { stdout: listed, code: 0 });
    docker.answer("inspect", { stdout: "128\n" });
    for (const binding of [hooks.container, hooks.carrier, hooks.container])
      await call(binding, "beforeCreate", CONTAINER);
    expect(docker.calls.filter((line) => line.endsWith(LISTED))).toHaveLength(2);
    expect(docker.calls.filter((line) => / rm /.test(line))).toHaveLength(1);
  });

  test("that cannot be looked for is a warning, and the creation goes on", async () => {
    docker.answer("ps", { stdout: listed });
    process.env["PATH"] = "/nowhere";
    const warned = jest.spyOn(pulumi.log, "warn").mockResolvedValue(undefined);
    await call(hooks.container, "beforeCreate", CONTAINER);
    expect(warned).toHaveBeenCalledWith(
      expect.stringMatching(/^rampart-dev-api: what a killed update left could not be looked for: the Docker CLI/),
    );
  });
});

describe("the PIDs limit", () => {
  test("is set on the container that was created, on the engine of the provider", async () => {
    await call(hooks.container, "afterCreate", CONTAINER);
    expect(docker.calls).toEqual(["--host unix:///run/test.sock update --pids-limit 128 c0ffee"]);
  });

  test("that the engine refuses is an error with the way out", async () => {
    docker.answer("update", {
      code: 1,
      stderr: "noise\nError response from daemon: cgroup v1 has no pids controller\n",
    });
    await expect(call(hooks.container, "afterCreate", CONTAINER)).rejects.toThrow(
      "rampart-dev-api runs without its PIDs limit: the engine did not take the PIDs limit 128: " +
        "Error response from daemon: cgroup v1 has no pids controller\n" +
        "After mending it, run `pulumi up --replace " +
        "'urn:pulumi:dev::rampart::docker:index/container:Container::rampart-dev-api'`.",
    );
  });

  test("fails without the Docker CLI, and names it", async () => {
    process.env["PATH"] = "/nonexistent";
    await expect(call(hooks.container, "afterCreate", CONTAINER)).rejects.toThrow(
      "rampart-dev-api runs without its PIDs limit: the Docker CLI (`docker`) is not installed here; " +
        "Rampart needs it beside the Pulumi CLI. Install it, then try again.",
    );
  });
});

describe("a job", () => {
  const inputs = { keepers: { [JOB_CONTAINER_KEEPER]: "c0ffee" } };
  const run = (timeoutSeconds = 60): Promise<void> =>
    call(hooks.jobReceipt({ name: "migration", timeoutSeconds }), "beforeCreate", inputs);

  test("is started and waited for; exit code 0 is all that is asked", async () => {
    docker.answer("wait", { stdout: "0\n" });
    await run();
    expect(docker.calls).toEqual([
      "--host unix:///run/test.sock start c0ffee",
      "--host unix:///run/test.sock wait c0ffee",
    ]);
  });

  test("that ends with another exit code fails with its last log lines", async () => {
    docker.answer("wait", { stdout: "3\n" });
    docker.answer("logs", { stdout: "001_users.sql\n", stderr: 'ERROR: relation "users" already exists\n' });
    await expect(run()).rejects.toThrow(
      "migration ended with exit code 3; services were not changed, and the next `pulumi up` runs it again.\n" +
        'last log lines:\n    001_users.sql\n    ERROR: relation "users" already exists',
    );
    expect(docker.calls.at(-1)).toBe("--host unix:///run/test.sock logs --tail 15 c0ffee");
  });

  test("that wrote nothing says so", async () => {
    docker.answer("wait", { stdout: "137\n" });
    await expect(run()).rejects.toThrow(
      "migration ended with exit code 137; services were not changed, and the next `pulumi up` runs it again.\n" +
        "last log lines:\n    (it wrote nothing)",
    );
  });

  test("that does not end is stopped", async () => {
    docker.answer("wait", { hangs: true });
    docker.answer("logs", { stdout: "waiting for a lock\n" });
    await expect(run(0.2)).rejects.toThrow(
      "migration did not end within 0.2 s and was stopped; services were not changed.\nlast log lines:\n" +
        "    waiting for a lock",
    );
    expect(docker.calls).toContain("--host unix:///run/test.sock stop --time 10 c0ffee");
  });

  test("whose container is gone is not waited for", async () => {
    docker.answer("start", { code: 1, stderr: "Error: No such container: c0ffee\n" });
    await expect(run()).rejects.toThrow("migration could not be started: Error: No such container: c0ffee");
    expect(docker.calls).toHaveLength(1);
  });

  test("whose engine goes away while it runs is not said to be late", async () => {
    docker.answer("wait", { code: 1, stderr: "Cannot connect to the Docker daemon\n" });
    await expect(run()).rejects.toThrow(
      "migration could not be waited for, and may still be running: Cannot connect to the Docker daemon",
    );
  });

  test("without a container is a fault of the program", async () => {
    await expect(
      call(hooks.jobReceipt({ name: "migration", timeoutSeconds: 1 }), "beforeCreate", { keepers: {} }),
    ).rejects.toThrow("migration: its container is not known");
    expect(docker.calls).toEqual([]);
  });
});

describe("new routes", () => {
  const inputs = labels({ [LABEL_ROUTES_PROBE]: "/rampart-config/1a2b" });
  const apply = (newInputs: Record<string, unknown> = inputs): Promise<void> =>
    call(hooks.routesApplied({ edgeName: "edge", probePort: 8082 }), "afterCreate", newInputs);

  test("are announced to the running edge, which is then asked until it serves them", async () => {
    docker.answer("ps", { stdout: "edge-id\n" });
    docker.answer("exec", { afterFailures: 2 });
    jest.spyOn(clock, "sleep").mockResolvedValue();
    await apply();
    const probe =
      "--host unix:///run/test.sock exec edge-id wget -q -O /dev/null http://127.0.0.1:8082/rampart-config/1a2b";
    expect(docker.calls).toEqual([
      "--host unix:///run/test.sock ps --no-trunc --quiet --filter label=io.rampart.stack=dev --filter " +
        "label=io.rampart.name=edge",
      "--host unix:///run/test.sock kill --signal HUP edge-id",
      probe,
      probe,
      probe,
    ]);
  });

  test("that the edge does not take in time fail, with its log", async () => {
    docker.answer("ps", { stdout: "edge-id\n" });
    docker.answer("exec", { code: 1, stderr: "wget: server returned error: HTTP/1.1 404 Not Found\n" });
    docker.answer("logs", { stdout: '{"level":"error","message":"yaml: line 3"}\n' });
    let now = 0;
    jest.spyOn(clock, "now").mockImplementation(() => (now += 15_000));
    jest.spyOn(clock, "sleep").mockResolvedValue();
    await expect(apply()).rejects.toThrow(
      "the edge did not take the new routes within 20 s; last seen: wget: server returned error: " +
        "HTTP/1.1 404 Not Found\n" +
        'The edge goes on serving the old routes.\nlast log lines:\n    {"level":"error","message":"yaml: line 3"}',
    );
  });

  test("are an error where the edge is gone", async () => {
    docker.answer("ps", { stdout: "edge-id\n" });
    docker.answer("kill", { code: 1, stderr: "Error response from daemon: no such container\n" });
    await expect(apply()).rejects.toThrow(
      "the edge could not be told of the new routes: Error response from daemon: no such container",
    );
  });

  test("need no announcement before there is an edge", async () => {
    await apply();
    expect(docker.calls).toHaveLength(1);
  });
});

describe("new files of a running container", () => {
  const settings = { name: "gateway-routes", owner: "gateway", script: "/etc/rampart/apply.sh" };
  const apply = (): Promise<void> => call(hooks.filesApplied(settings), "afterCreate", {});
  const listed =
    "--host unix:///run/test.sock ps --no-trunc --quiet --filter label=io.rampart.stack=dev " +
    "--filter label=io.rampart.name=gateway --filter label=io.rampart.component=gateway";
  const script = (id: string): string =>
    `--host unix:///run/test.sock exec ${id} /bin/sh -c test -f "$1" || exit 0; exec /bin/sh "$1" ` +
    "- /etc/rampart/apply.sh";

  test("are taken by every one that runs: while one replaces another, both serve", async () => {
    docker.answer("ps", { stdout: "new-id\nold-id\n" });
    await apply();
    expect(docker.calls).toEqual([listed, script("new-id"), script("old-id")]);
  });

  test("need nobody to take them where none runs", async () => {
    await apply();
    expect(docker.calls).toEqual([listed]);
  });

  test("that one does not take fail, with what it says, and the others are not asked", async () => {
    docker.answer("ps", { stdout: "new-id\nold-id\n" });
    docker.answer("exec", { code: 1, stderr: "api-1a2b has no address after 20 s\n" });
    await expect(apply()).rejects.toThrow(
      "gateway did not take its new files; the next `pulumi up` tries again.\n    api-1a2b has no address after 20 s",
    );
    expect(docker.calls).toEqual([listed, script("new-id")]);
  });

  test("have a hook whose name says whose they are", () => {
    const names = (hooks.filesApplied({ ...settings, name: "other" }).afterCreate ?? []) as { name: string }[];
    expect(names.map(({ name }) => name)).toEqual(["other-applied"]);
  });
});
