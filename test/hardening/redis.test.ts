import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import {
  redisMaxMemoryMiB, redisPasswordHash, REDIS_HEALTH_CHECK, renderRedisAcl, renderRedisConf, type RedisUser,
} from "../../hardening/redis";

const USERS: readonly RedisUser[] = [
  { name: "worker", passwordSha256: redisPasswordHash("workerpassword"), keyPrefixes: ["bull:"], scan: true },
  { name: "api", passwordSha256: redisPasswordHash("apipassword"), previousPasswordSha256: redisPasswordHash("oldpassword"), keyPrefixes: ["bull:", "api:"] },
];

describe("redis.conf", () => {
  test("names every directive once, sorted", () => {
    const names = renderRedisConf({ maxMemoryMiB: 100 }).split("\n").filter((line) => line !== "" && !line.startsWith("#")).map((line) => line.split(" ")[0]);
    expect(names).toEqual([...new Set(names)].sort());
  });

  test("keeps data and refuses to be found unprotected", () => {
    const conf = renderRedisConf({ maxMemoryMiB: 100 });
    for (const line of ["protected-mode yes", "appendonly yes", "appendfsync everysec", "maxmemory 100mb", "maxmemory-policy noeviction", "aclfile /etc/rampart/users.acl", "dir /data", "bind * -::*"]) {
      expect(conf).toContain(`\n${line}\n`);
    }
  });

  test("leaves room beside the data", () => {
    expect(redisMaxMemoryMiB(256)).toBe(153);
    expect(() => redisMaxMemoryMiB(16)).toThrow("memoryMiB: 16 is not enough for Redis");
    expect(() => renderRedisConf({ maxMemoryMiB: 0 })).toThrow("maxMemoryMiB: 0 is not allowed");
  });
});

describe("the ACL file", () => {
  test("as a person reads it", () => {
    const commands = "+@all -@admin -@dangerous +info -function -script|flush -script|kill -dbsize -pubsub -randomkey -scan";
    const hash = (user: string): string => `#${redisPasswordHash(user)}`;
    expect(renderRedisAcl(USERS).split("\n")).toEqual([
      "user default reset off",
      "user health reset on nopass +ping",
      `user api reset on ${hash("apipassword")} ${hash("oldpassword")} ~api:* ~bull:* &api:* &bull:* ${commands}`,
      `user worker reset on ${hash("workerpassword")} ~bull:* &bull:* ${commands} +scan`,
      "",
    ]);
  });

  const one = (changes: Partial<RedisUser>): RedisUser[] => [{ name: "api", passwordSha256: redisPasswordHash("p"), keyPrefixes: ["api:"], ...changes }];
  test.each([
    [one({ name: "default" }), 'users: "default" cannot be a user'],
    [one({ name: "health" }), 'users: "health" cannot be a user'],
    [one({ name: "a b" }), 'users: "a b" cannot be a user'],
    [one({ passwordSha256: "secret" }), "users.api.passwordSha256: not 64 lower-case hexadecimal digits"],
    [one({ keyPrefixes: [] }), "users.api.keyPrefixes: none given"],
    [one({ keyPrefixes: [""] }), 'users.api.keyPrefixes: "" is not allowed'],
    [one({ keyPrefixes: ["*"] }), 'users.api.keyPrefixes: "*" is not allowed'],
    [one({ keyPrefixes: ["a ~*"] }), 'users.api.keyPrefixes: "a ~*" is not allowed'],
    [[...one({}), ...one({})], 'users: "api" is there twice'],
    [[...one({ keyPrefixes: ["api"] }), ...one({ name: "other", keyPrefixes: ["api2:"] })], '"api" covers "api2:" of "other"; end it with a separator'],
  ])("refuses case %#", (users, message) => {
    expect(() => renderRedisAcl(users)).toThrow(message);
  });

  test("an error never shows a hash", () => {
    expect(() => renderRedisAcl(one({ passwordSha256: "hunter2" }))).not.toThrow("hunter2");
  });
});

const installed = spawnSync("redis-server", ["--version"]).status === 0;
if (!installed) test.skip("skipped: redis-server is not installed", () => undefined);

(installed ? describe : describe.skip)("a real redis-server with both files", () => {
  let directory: string;
  let port: number;
  let child: ChildProcess;
  let log = "";

  /** What redis-cli prints, errors included. */
  function cli(user: string | undefined, password: string, command: readonly string[], host = "127.0.0.1"): string {
    const login = user === undefined ? [] : ["--user", user, "--pass", password, "--no-auth-warning"];
    const { stdout, stderr } = spawnSync("redis-cli", ["-h", host, "-p", String(port), ...login, ...command], { encoding: "utf8", timeout: 5000 });
    return `${stdout}${stderr}`.trim();
  }
  const api = (...command: string[]): string => cli("api", "apipassword", command);

  async function start(): Promise<void> {
    log = "";
    child = spawn("redis-server", [join(directory, "redis.conf")], { stdio: ["ignore", "pipe", "pipe"] });
    await new Promise<void>((resolve, reject) => {
      child.stdout?.on("data", (chunk: Buffer) => {
        log += chunk.toString();
        if (log.includes("Ready to accept connections")) resolve();
      });
      child.once("exit", () => reject(new Error(log)));
    });
  }

  async function stop(signal: NodeJS.Signals): Promise<void> {
    const exit = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await exit;
  }

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "rampart-redis-"));
    port = await new Promise((resolve) => {
      const server = createServer().listen(0, "127.0.0.1", () => {
        const address = server.address();
        server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
      });
    });
    writeFileSync(join(directory, "users.acl"), renderRedisAcl(USERS));
    writeFileSync(join(directory, "redis.conf"), renderRedisConf({ maxMemoryMiB: 64, port, aclFile: join(directory, "users.acl"), dataDirectory: directory }));
    await start();
    cli("worker", "workerpassword", ["SET", "bull:job", "1"]);
  });

  afterAll(async () => {
    await stop("SIGKILL");
    rmSync(directory, { recursive: true, force: true });
  });

  test.each<[string[], string]>([
    [["SET", "api:k", "v"], "OK"],
    [["GET", "api:k"], "v"],
    [["GET", "bull:job"], "1"],
    [["EVAL", "return redis.call('GET', KEYS[1])", "1", "api:k"], "v"],
    [["SCRIPT", "LOAD", "return 1"], "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"],
    [["XADD", "bull:events", "1-1", "a", "b"], "1-1"],
    [["PUBLISH", "api:channel", "x"], "0"],
    [["CLIENT", "SETNAME", "api"], "OK"],
    [["MULTI"], "OK"],
    [["SELECT", "1"], "OK"],
  ])("a service may %j", (command, answer) => {
    expect(api(...command)).toBe(answer);
  });

  test("what ioredis and BullMQ read at the start is there", () => {
    const info = api("INFO");
    for (const key of ["redis_version:", "loading:0", "maxmemory_policy:noeviction"]) expect(info).toContain(key);
    expect(api("HELLO", "3")).toContain("redis");
  });

  test.each([
    [["GET", "other:k"]],
    [["SET", "other:k", "v"]],
    [["DEL", "other:k"]],
    [["COPY", "api:k", "other:k"]],
    [["RENAME", "api:k", "other:k"]],
    [["EVAL", "return redis.call('GET', 'other:k')", "0"]],
    [["PUBLISH", "other:channel", "x"]],
    [["SUBSCRIBE", "other:channel"]],
    [["PSUBSCRIBE", "*"]],
    [["KEYS", "*"]],
    [["SCAN", "0"]],
    [["RANDOMKEY"]],
    [["DBSIZE"]],
    [["PUBSUB", "CHANNELS"]],
    [["FLUSHALL"]],
    [["FLUSHDB"]],
    [["SWAPDB", "0", "1"]],
    [["CONFIG", "GET", "*"]],
    [["CONFIG", "SET", "dir", "/tmp"]],
    [["ACL", "LIST"]],
    [["ACL", "SETUSER", "api", "+@all"]],
    [["DEBUG", "SLEEP", "0"]],
    [["MODULE", "LIST"]],
    [["MONITOR"]],
    [["SHUTDOWN", "NOSAVE"]],
    [["SAVE"]],
    [["BGREWRITEAOF"]],
    [["REPLICAOF", "NO", "ONE"]],
    [["SLAVEOF", "NO", "ONE"]],
    [["PSYNC", "?", "-1"]],
    [["MIGRATE", "127.0.0.1", "1", "api:k", "0", "1"]],
    [["RESTORE", "api:k", "0", "x"]],
    [["CLIENT", "LIST"]],
    [["CLIENT", "KILL", "ID", "1"]],
    [["FUNCTION", "FLUSH"]],
    [["SCRIPT", "FLUSH"]],
    [["SLOWLOG", "GET"]],
    [["LATENCY", "RESET"]],
    [["SORT", "api:k", "GET", "other:*"]],
    [["FAILOVER"]],
    [["CLUSTER", "RESET"]],
  ])("a service may not %j", (command) => {
    expect(api(...command)).toMatch(/^NOPERM|-NOPERM this user|^ERR The user executing the script can't access|^ERR DEBUG command not allowed/);
  });

  test("a user that says so may SCAN", () => {
    expect(cli("worker", "workerpassword", ["SCAN", "0"])).not.toContain("NOPERM");
  });

  test("nobody comes in without a user and a password", () => {
    expect(cli(undefined, "", ["PING"])).toBe("NOAUTH Authentication required.");
    expect(cli("default", "", ["PING"])).toContain("NOAUTH");
    expect(cli("api", "wrong", ["PING"])).toContain("WRONGPASS");
  });

  test("the password that is being rotated out still works", () => {
    expect(cli("api", "oldpassword", ["GET", "api:k"])).toBe("v");
  });

  test("the health user may PING and no more; the health check's exit code tells", () => {
    expect(cli("health", "anything", ["GET", "api:k"])).toMatch(/^NOPERM/);
    expect(cli("health", "anything", ["INFO"])).toMatch(/^NOPERM/);
    const [, program = "", ...rest] = REDIS_HEALTH_CHECK;
    const check = (target: number): { status: number | null; stdout: string } => {
      const { status, stdout } = spawnSync(program, ["-p", String(target), ...rest], { encoding: "utf8" });
      return { status, stdout: stdout.trim() };
    };
    expect(check(port)).toEqual({ status: 0, stdout: "PONG" });
    expect(check(1).status).not.toBe(0);
  });

  const outside = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []).find(({ family, internal }) => family === "IPv4" && !internal)?.address;
  if (outside === undefined) test.skip("skipped: this machine has no address outside the loopback", () => undefined);
  else {
    test("answers from outside the loopback: protected mode does not get in the way of users", () => {
      expect(cli("api", "apipassword", ["GET", "api:k"], outside)).toBe("v");
      expect(cli(undefined, "", ["PING"], outside)).toBe("NOAUTH Authentication required.");
    });
  }

  test("kill -9 loses nothing that is a second old", async () => {
    api("SET", "api:kept", "yes");
    await new Promise((resolve) => setTimeout(resolve, 1200));
    await stop("SIGKILL");
    await start();
    expect(api("GET", "api:kept")).toBe("yes");
  });
});
