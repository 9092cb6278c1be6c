import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import {
  REDIS_METRICS_DIRECTORY,
  redisMetricsScript,
  renderRedisMetricsConfig,
} from "../../../hardening/monitoring/redis-metrics";
import { redisPasswordHash, renderRedisAcl } from "../../../hardening/redis";
import { REDIS_METRICS_USER } from "../../../hardening/redis/acl";
import { describeWith, findProgram } from "../../programs";
import { RedisServer } from "../redis/redis-server";

const PASSWORD = "metricspassword";
const API = { name: "api", passwordSha256: redisPasswordHash("apipassword"), keyPrefixes: ["api:"] };
const ACL = renderRedisAcl([API], redisPasswordHash(PASSWORD));
const INPUT = { listen: "10.0.255.17:9121", subnet: "10.0.255.0/24", tls: false };

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
};

test("only the network of monitoring may ask", () => {
  expect(renderRedisMetricsConfig(INPUT)).toContain(
    "bind 10.0.255.17:9121\n    tcp-request connection reject unless { src 10.0.255.0/24 }",
  );
});

test("with TLS, the server is verified by its name", () => {
  expect(renderRedisMetricsConfig({ ...INPUT, tls: true })).toContain(
    "server redis redis:6379 ssl verify required ca-file /run/secrets/redis_ca verifyhost redis ",
  );
});

test("without monitoring there is no user that measures", () => {
  expect(renderRedisAcl([API])).not.toContain(REDIS_METRICS_USER);
});

describeWith(
  "redis-server",
  "redis-cli",
  "haproxy",
)("a real redis-server", () => {
  let server: RedisServer;
  let haproxy: ChildProcess | undefined;

  beforeAll(async () => {
    server = await RedisServer.create(ACL);
  });
  afterAll(async () => {
    if (haproxy !== undefined) {
      haproxy.kill("SIGKILL");
      await once(haproxy, "exit");
    }
    await server.remove();
  });

  const cli = (...command: string[]): string => server.cli(REDIS_METRICS_USER, PASSWORD, command);

  test.each([
    [["PING"]],
    [["GET", "api:k"]],
    [["KEYS", "*"]],
    [["CONFIG", "GET", "*"]],
    [["ACL", "LIST"]],
    [["SCAN", "0"]],
  ])("whoever measures may not %j", (command) => {
    expect(cli(...command)).toContain("NOPERM");
  });

  test("the user comes and goes with monitoring, while Redis runs", () => {
    const changed = { status: 0, output: "" };
    server.declare(renderRedisAcl([API]));
    expect(server.users("settle")).toEqual(changed);
    expect(cli("INFO")).toContain("WRONGPASS");
    server.declare(ACL);
    expect(server.users("stage")).toEqual(changed);
    expect(cli("INFO")).toContain("redis_version");
    expect(server.users("settle")).toEqual(changed);
    expect(cli("INFO")).toContain("redis_version");
    expect(cli("GET", "api:k")).toContain("NOPERM");
  });

  test("INFO becomes metrics; a wrong password is an answer, too", async () => {
    const [metrics, own, health] = [await freePort(), await freePort(), await freePort()];
    writeFileSync(join(server.directory, "redis-metrics.lua"), redisMetricsScript());
    const config = renderRedisMetricsConfig({ listen: `127.0.0.1:${metrics}`, subnet: "127.0.0.0/8", tls: false })
      .replaceAll(REDIS_METRICS_DIRECTORY, server.directory)
      .replace("server redis redis:6379", `server redis 127.0.0.1:${server.port}`)
      .replace("bind 127.0.0.1:6379", `bind 127.0.0.1:${own}`)
      .replace("127.0.0.1:8080", `127.0.0.1:${health}`);
    writeFileSync(join(server.directory, "haproxy.cfg"), config);
    const password = join(server.directory, "password");
    const read = async (given: string): Promise<string[]> => {
      writeFileSync(password, given);
      const child = spawn(findProgram("haproxy") ?? "", ["-f", join(server.directory, "haproxy.cfg")], {
        env: {
          RAMPART_REDIS_PASSWORD_FILE: password,
          RAMPART_REDIS_PORT: String(own),
          RAMPART_REDIS_USER: REDIS_METRICS_USER,
        },
        stdio: "ignore",
      });
      haproxy = child;
      for (;;) {
        const answer = await fetch(`http://127.0.0.1:${metrics}/metrics`).catch(() => undefined);
        if (child.exitCode !== null) throw new Error("haproxy ended");
        if (answer === undefined) continue;
        const text = await answer.text();
        child.kill("SIGKILL");
        await once(child, "exit");
        haproxy = undefined;
        return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
      }
    };
    const lines = await read(PASSWORD);
    expect(lines).toContain("redis_up 1");
    expect(lines).toContain("redis_aof_last_write_status 1");
    const value = (name: string): number => Number(lines.find((line) => line.startsWith(`${name} `))?.split(" ")[1]);
    expect(value("redis_memory_used_bytes")).toBeGreaterThan(100_000);
    expect(value("redis_memory_max_bytes")).toBeGreaterThan(value("redis_memory_used_bytes"));
    expect(await read("anotherpassword")).toEqual(["redis_up 0"]);
  });
});
