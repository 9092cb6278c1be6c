import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../free-ports";
import {
  REDIS_METRICS_DIRECTORY,
  redisMetricsScript,
  renderRedisMetricsConfig,
} from "../../../hardening/monitoring/redis-metrics";
import { authorityCertificate, serverCertificate } from "../../../hardening/pki/certificates";
import { SEED_BYTES } from "../../../hardening/pki/keys";
import { certificatePeriod } from "../../../hardening/pki/period";
import { redisPasswordHash, renderRedisAcl } from "../../../hardening/redis";
import { REDIS_METRICS_USER } from "../../../hardening/redis/acl";
import { describeWith, findProgram } from "../../programs";
import { RedisServer } from "../redis/redis-server";

const PASSWORD = "metricspassword";
const API = { name: "api", passwordSha256: redisPasswordHash("apipassword"), keyPrefixes: ["api:"] };
const ACL = renderRedisAcl([API], redisPasswordHash(PASSWORD));
const INPUT = { listen: "10.0.255.17:9121", subnet: "10.0.255.0/24", tls: false };

/** The stack's own authority, and what it gives Redis. */
function certificates(seed: string): { readonly certificate: string; readonly key: string; readonly ca: string } {
  const stackName = "rampart-dev";
  const period = certificatePeriod(new Date());
  const names = ["redis", "127.0.0.1", "localhost"];
  const { certificate, privateKey } = serverCertificate({ seed, stackName, server: "redis", names, period });
  return { certificate, key: privateKey, ca: authorityCertificate({ seed, stackName }) };
}
const SEED = Buffer.alloc(SEED_BYTES, 7).toString("base64");
const OTHER_SEED = Buffer.alloc(SEED_BYTES, 8).toString("base64");

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
  let encrypted: RedisServer | undefined;
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
    await encrypted?.remove();
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

  /** What the exporter says of a server, with a password and the certificate of an authority. */
  async function read(of: RedisServer, password: string, ca?: string): Promise<string[]> {
    const [metrics, own, health] = [await freePort(), await freePort(), await freePort()];
    const { directory } = of;
    writeFileSync(join(directory, "redis-metrics.lua"), redisMetricsScript());
    writeFileSync(join(directory, "redis_ca"), ca ?? "");
    writeFileSync(join(directory, "redis_password"), password);
    const input = { listen: `127.0.0.1:${metrics}`, subnet: "127.0.0.0/8", tls: ca !== undefined };
    const config = renderRedisMetricsConfig(input)
      .replaceAll(REDIS_METRICS_DIRECTORY, directory)
      .replace("/run/secrets", directory)
      .replace("server redis redis:6379", `server redis 127.0.0.1:${of.port}`)
      .replace("bind 127.0.0.1:6379", `bind 127.0.0.1:${own}`)
      .replace("127.0.0.1:8080", `127.0.0.1:${health}`);
    writeFileSync(join(directory, "haproxy.cfg"), config);
    const child = spawn(findProgram("haproxy") ?? "", ["-f", join(directory, "haproxy.cfg")], {
      env: {
        RAMPART_REDIS_PASSWORD_FILE: join(directory, "redis_password"),
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
  }

  test("INFO becomes metrics; a wrong password is an answer, too", async () => {
    const lines = await read(server, PASSWORD);
    expect(lines).toContain("redis_up 1");
    expect(lines).toContain("redis_aof_last_write_status 1");
    const value = (name: string): number => Number(lines.find((line) => line.startsWith(`${name} `))?.split(" ")[1]);
    expect(value("redis_memory_used_bytes")).toBeGreaterThan(100_000);
    expect(value("redis_memory_max_bytes")).toBeGreaterThan(value("redis_memory_used_bytes"));
    expect(await read(server, "anotherpassword")).toEqual(["redis_up 0"]);
  });

  test("over TLS the server is verified: another authority's is not believed", async () => {
    encrypted = await RedisServer.create(ACL, certificates(SEED));
    expect(await read(encrypted, PASSWORD, certificates(SEED).ca)).toContain("redis_up 1");
    expect(await read(encrypted, PASSWORD, certificates(OTHER_SEED).ca)).toEqual(["redis_up 0"]);
  });
});
