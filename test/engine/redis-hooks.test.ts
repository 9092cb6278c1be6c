import * as pulumi from "@pulumi/pulumi";
import { NO_REDIS_HOOKS, redisHooks, type RedisHooks } from "../../engine/redis-hooks";
import { record } from "../components/support";
import { DockerClient } from "../../engine/docker";
import { FakeDocker } from "./fake-docker";

const HOST = "--host unix:///run/test.sock";
const REDIS =
  `${HOST} ps --no-trunc --quiet --filter label=io.rampart.stack=dev --filter label=io.rampart.name=redis ` +
  "--filter label=io.rampart.component=redis";
const SERVICES =
  `${HOST} container ls --no-trunc --format {{.ID}} {{.Names}} {{.Label "io.rampart.name"}} ` +
  "--filter label=io.rampart.stack=dev --filter label=io.rampart.component=service";
const SCRIPT = "/bin/sh /etc/rampart/users.sh";

const both = (name: string): string => `newest x-${name}-0000002 ${name}\nolder x-${name}-0000001 ${name}\n`;

let docker: FakeDocker;
let hooks: RedisHooks;
const path = process.env["PATH"];

beforeEach(async () => {
  docker = new FakeDocker();
  process.env["PATH"] = docker.path;
  docker.answer("ps", { stdout: "newest\nolder\n" });
  docker.answer("container", { stdout: both("api") });
  docker.answer("inspect", { stdout: "healthy 12 10.0.0.2,10.0.1.2,\n" });
  await record(() => {
    hooks = redisHooks("rampart-dev", "dev", new DockerClient("unix:///run/test.sock"));
  });
});

afterEach(() => {
  docker.remove();
  process.env["PATH"] = path;
});

async function call(binding: pulumi.ResourceHookBinding): Promise<void> {
  const [hook, ...others] = binding.beforeCreate ?? [];
  if (!(hook instanceof pulumi.ResourceHook) || others.length > 0)
    throw new Error("there is not one hook beforeCreate");
  await hook.callback({ urn: "", id: "", name: "", type: "" });
}

const stage = (): Promise<void> => call(hooks.usersStaged);
const settle = (users: string[], containers: Readonly<Record<string, number>>): Promise<void> =>
  call(hooks.usersSettled({ users, containers }));
/** Of the whole log, as those that are stopped at the same time may share a line. */
const stopped = (): string[] =>
  [...docker.calls.join("\n").matchAll(/ stop --time \d+ (\w+)/g)].map(([, id = ""]) => id).sort();

describe("staging", () => {
  test("runs the container's own script, with nothing secret in the arguments", async () => {
    await stage();
    expect(docker.calls).toEqual([REDIS, `${HOST} exec newest ${SCRIPT} stage`]);
  });

  test("that Redis refuses is an error", async () => {
    docker.answer("exec", { code: 1, stderr: "rampart: ERR no room\n" });
    await expect(stage()).rejects.toThrow(
      "Redis did not take the change of its users, which the next `pulumi up` tries again: rampart: ERR no room",
    );
  });

  test("without a running Redis is an error", async () => {
    docker.answer("ps", { stdout: "" });
    await expect(stage()).rejects.toThrow(
      "Redis does not run, so its users could not be changed; services were left as they are. " +
        "Look at its log, then run `pulumi up --refresh`.",
    );
  });
});

describe("settling", () => {
  test("first stops what was superseded, in its own time, and spares the connections of what runs", async () => {
    docker.answer("exec", { stdout: "api\n" });
    await settle(["api"], { api: 1, web: 1 });
    expect(docker.calls.slice(0, 3)).toEqual([REDIS, `${HOST} exec newest ${SCRIPT} list`, SERVICES]);
    expect(docker.calls.slice(-3)).toEqual([
      `${HOST} stop --time 12 older`,
      REDIS,
      `${HOST} exec newest ${SCRIPT} settle api=10.0.0.2,10.0.1.2`,
    ]);
    expect(docker.calls.join()).not.toContain("stop --time 12 newest");
  });

  test("stops all containers of a service that left the stack, and the old ones of one that left Redis", async () => {
    docker.answer("exec", { stdout: "gone\nweb\n" });
    docker.answer("container", { stdout: `${both("gone")}${both("web")}${both("other")}` });
    await settle([], { web: 1, other: 1 });
    expect(stopped()).toEqual(["newest", "older", "older"]);
    expect(docker.calls.at(-1)).toBe(`${HOST} exec newest ${SCRIPT} settle web=10.0.0.2,10.0.1.2`);
  });

  test("keeps the old container, and so its password, beside a new one that is not healthy", async () => {
    docker.answer("inspect", { stdout: "unhealthy 12 10.0.0.2,\n" });
    await expect(settle(["api"], { api: 1 })).rejects.toThrow(
      "the new container of api is unhealthy, so the old one and its password are kept; " +
        "the next `pulumi up` ends them.",
    );
    expect(docker.calls.filter((line) => line.includes(" stop ") || line.includes("settle"))).toEqual([]);
  });

  test("goes on where a service has one container, whatever its health", async () => {
    docker.answer("ps", { stdout: "only\n" });
    docker.answer("container", { stdout: "only x-api-0000001 api\n" });
    docker.answer("inspect", { stdout: "unhealthy 12 10.0.0.2,\n" });
    await settle(["api"], { api: 1 });
    expect(docker.calls.at(-1)).toBe(`${HOST} exec only ${SCRIPT} settle api=10.0.0.2`);
  });

  test("leaves all containers of a service with replicas and a canary, and stops one not declared", async () => {
    const one = (id: string, name: string, version: number): string =>
      `${id} x-${name}-000000${version} ${name.replace(/\.\d+$/, "")}\n`;
    const all = [one("k2", "api.canary", 2), one("b2", "api.2", 2), one("a2", "api", 2), one("k1", "api.canary", 1)];
    const older = [one("b1", "api.2", 1), one("a1", "api", 1), one("c1", "api.3", 1)];
    docker.answer("container", { stdout: [...all, ...older].join("") });
    await settle(["api"], { api: 2, "api.canary": 1 });
    expect(stopped()).toEqual(["a1", "b1", "c1", "k1"]);
    const spared = Array.from({ length: 3 }, () => "10.0.0.2,10.0.1.2").join(",");
    expect(docker.calls.at(-1)).toBe(`${HOST} exec newest ${SCRIPT} settle api=${spared}`);
  });

  test("keeps the password of what could not be stopped", async () => {
    docker.answer("stop", {
      code: 1,
      stderr: "Error response from daemon: tried to kill container, but did not receive an exit event\n",
    });
    await expect(settle(["api"], { api: 1 })).rejects.toThrow(
      "the old container of api could not be stopped, so its password is kept: Error response from daemon: " +
        "tried to kill container, but did not receive an exit event",
    );
    expect(docker.calls.filter((line) => line.includes("settle"))).toEqual([]);
  });
});

test("Redis has no hooks under Pulumi's own mocks", () => {
  expect([NO_REDIS_HOOKS.usersStaged, NO_REDIS_HOOKS.usersSettled({ users: [], containers: {} })]).toEqual([{}, {}]);
});
