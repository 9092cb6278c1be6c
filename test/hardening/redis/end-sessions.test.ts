import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { redisEndSessionsScript, redisPasswordHash, renderRedisAcl } from "../../../hardening/redis";
import { describeWith } from "../../programs";
import { RedisServer } from "./redis-server";

describeWith("redis-server", "redis-cli")("sessions of a real redis-server", () => {
  let server: RedisServer;
  beforeAll(async () => {
    const user = (name: string) => ({ name, passwordSha256: redisPasswordHash("word"), keyPrefixes: [`${name}:`] });
    server = await RedisServer.create(renderRedisAcl([user("api"), user("worker")]));
  });
  afterAll(() => server.remove());

  const api = (...args: string[]): string => server.cli("api", "word", args).trim();
  function end(...prefixes: string[]): {
    readonly status: number | null;
    readonly stdout: string;
    readonly stderr: string;
  } {
    const script = redisEndSessionsScript({ port: server.port, scratchDirectory: server.path("scratch") });
    const { status, stdout, stderr } = spawnSync("sh", ["-c", script, "sh", ...prefixes], { encoding: "utf8" });
    return { status, stdout, stderr };
  }

  test("are deleted by the beginnings of their keys, and nothing else is", () => {
    const odd = ['api:sess:a "b"', "api:sess:c\\d", "api:sess:*", "api:sess:[x]"];
    for (const key of ["api:sess:1", ...odd, "api:{u}:1", "api:session", "api:job:1"]) api("SET", key, "x");
    server.cli("worker", "word", ["SET", "worker:sess:1", "x"]);
    expect(end("api:sess:", "api:{u}:", "api:none:")).toEqual({
      status: 0,
      stdout: "api:sess: 5\napi:{u}: 1\napi:none: 0\n",
      stderr: "",
    });
    expect(["api:sess:1", ...odd, "api:{u}:1"].map((key) => api("EXISTS", key)).join("")).toBe("000000");
    expect([api("EXISTS", "api:session"), api("EXISTS", "api:job:1")]).toEqual(["1", "1"]);
    expect(server.cli("worker", "word", ["EXISTS", "worker:sess:1"]).trim()).toBe("1");
  });

  test("leave no user behind", () => {
    end("api:sess:");
    const password = readFileSync(server.path("scratch", "rampart-admin"), "utf8");
    const users = server.cli("rampart", password, ["ACL", "LIST"]);
    expect([users.includes("user api "), users.includes("rampart-respond")]).toEqual([true, false]);
  });

  test("of a server that does not answer are not said to be deleted", () => {
    const script = redisEndSessionsScript({ port: 1, scratchDirectory: server.path("scratch") });
    const { status } = spawnSync("sh", ["-c", script, "sh", "api:sess:"], { encoding: "utf8" });
    expect(status).not.toBe(0);
  });
});
