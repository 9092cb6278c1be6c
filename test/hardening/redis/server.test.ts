import { spawnSync } from "node:child_process";
import { networkInterfaces } from "node:os";
import {
  redisHealthCheck,
  redisMaxMemoryMiB,
  redisPasswordHash,
  renderRedisAcl,
  renderRedisConf,
  type RedisUser,
} from "../../../hardening/redis";
import { describeWith, testUnless } from "../../programs";
import { RedisServer } from "./redis-server";

const USERS: readonly RedisUser[] = [
  { name: "worker", passwordSha256: redisPasswordHash("workerpassword"), keyPrefixes: ["bull:"], scan: true },
  {
    name: "api",
    passwordSha256: redisPasswordHash("apipassword"),
    previousPasswordSha256: redisPasswordHash("oldpassword"),
    keyPrefixes: ["bull:", "api:"],
  },
];

describe("redis.conf", () => {
  test("names every directive once, sorted", () => {
    const names = renderRedisConf({ maxMemoryMiB: 100 })
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => line.split(" ")[0]);
    expect(names).toEqual([...new Set(names)].sort());
  });

  test("keeps data and refuses to be found unprotected", () => {
    const conf = renderRedisConf({ maxMemoryMiB: 100 });
    for (const line of [
      "protected-mode yes",
      "appendonly yes",
      "appendfsync everysec",
      "maxmemory 100mb",
      "maxmemory-policy noeviction",
      "aclfile /data/users.acl",
      "aof-load-truncated yes",
      "port 6379",
      "dir /data",
      "bind * -::*",
    ]) {
      expect(conf).toContain(`\n${line}\n`);
    }
  });

  test("with TLS takes nothing in clear, and nothing older than 1.3", () => {
    const conf = renderRedisConf({ maxMemoryMiB: 100, tls: true });
    for (const line of [
      "port 0",
      "tls-port 6379",
      "tls-auth-clients no",
      'tls-protocols "TLSv1.3"',
      "tls-cert-file /etc/rampart-live/tls.crt",
      "tls-key-file /etc/rampart-live/tls.key",
      "tls-ca-cert-file /etc/rampart-live/ca.crt",
    ]) {
      expect(conf).toContain(`\n${line}\n`);
    }
    expect(conf).not.toContain("\nport 6379\n");
    expect(renderRedisConf({ maxMemoryMiB: 100 })).not.toContain("tls-");
    expect(redisHealthCheck(true)).toEqual([
      "CMD",
      "redis-cli",
      "-e",
      "--tls",
      "--cacert",
      "/etc/rampart-live/ca.crt",
      "--user",
      "health",
      "--pass",
      "health",
      "--no-auth-warning",
      "ping",
    ]);
  });

  test("bounds what clients may take beside the data: a quarter of it, and a value half of that", () => {
    const conf = renderRedisConf({ maxMemoryMiB: 153 });
    for (const line of ["maxmemory-clients 38mb", "client-query-buffer-limit 38mb", "proto-max-bulk-len 19mb"])
      expect(conf).toContain(`\n${line}\n`);
    expect(renderRedisConf({ maxMemoryMiB: 1 })).toContain("\nproto-max-bulk-len 1mb\n");
  });

  test("leaves room beside the data", () => {
    expect(redisMaxMemoryMiB(256)).toBe(153);
    expect(() => redisMaxMemoryMiB(16)).toThrow("memoryMiB: 16 is not enough for Redis");
    expect(() => renderRedisConf({ maxMemoryMiB: 0 })).toThrow("maxMemoryMiB: 0 is not allowed");
  });
});

describe("the ACL file", () => {
  test("as a person reads it", () => {
    const commands =
      "+@all -@admin -@dangerous +info -function -script|debug -script|flush -script|kill -client|tracking " +
      "-memory +memory|usage -dbsize -pubsub -randomkey -scan";
    const hash = (user: string): string => `#${redisPasswordHash(user)}`;
    expect(renderRedisAcl(USERS).split("\n")).toEqual([
      "user default reset off",
      "user health reset on nopass +ping",
      `user api reset on ${hash("apipassword")} ${hash("oldpassword")} ~api:* ~bull:* &api:* &bull:* ${commands}`,
      `user worker reset on ${hash("workerpassword")} ~bull:* &bull:* ${commands} +scan`,
      "",
    ]);
  });

  const one = (changes: Partial<RedisUser>): RedisUser[] => [
    { name: "api", passwordSha256: redisPasswordHash("p"), keyPrefixes: ["api:"], ...changes },
  ];
  test.each([
    [one({ name: "default" }), 'users: "default" cannot be a user'],
    [one({ name: "health" }), 'users: "health" cannot be a user'],
    [one({ name: "rampart" }), 'users: "rampart" cannot be a user'],
    [one({ name: "a b" }), 'users: "a b" cannot be a user'],
    [one({ passwordSha256: "secret" }), "users.api.passwordSha256: not 64 lower-case hexadecimal digits"],
    [one({ keyPrefixes: [] }), "users.api.keyPrefixes: none given"],
    [one({ keyPrefixes: [""] }), 'users.api.keyPrefixes: "" is not allowed'],
    [one({ keyPrefixes: ["*"] }), 'users.api.keyPrefixes: "*" is not allowed'],
    [one({ keyPrefixes: ["a ~*"] }), 'users.api.keyPrefixes: "a ~*" is not allowed'],
    [[...one({}), ...one({})], 'users: "api" is there twice'],
    [
      [...one({ keyPrefixes: ["api"] }), ...one({ name: "other", keyPrefixes: ["api2:"] })],
      '"api" covers "api2:" of "other"; end it with a separator',
    ],
  ])("refuses case %#", (users, message) => {
    expect(() => renderRedisAcl(users)).toThrow(message);
  });

  test("an error never shows a hash", () => {
    expect(() => renderRedisAcl(one({ passwordSha256: "hunter2" }))).not.toThrow("hunter2");
  });
});

describeWith("redis-server", "redis-cli")("a real redis-server with both files", () => {
  let server: RedisServer;
  const cli = (...args: Parameters<RedisServer["cli"]>): string => server.cli(...args);
  const api = (...command: string[]): string => cli("api", "apipassword", command);

  beforeAll(async () => {
    server = await RedisServer.create(renderRedisAcl(USERS));
    cli("worker", "workerpassword", ["SET", "bull:job", "1"]);
  });

  afterAll(() => server.remove());

  test.each<[string[], string]>([
    [["SET", "api:k", "v"], "OK"],
    [["GET", "api:k"], "v"],
    [["GET", "bull:job"], "1"],
    [["EVAL", "return redis.call('GET', KEYS[1])", "1", "api:k"], "v"],
    [["SCRIPT", "LOAD", "return 1"], "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"],
    [["XADD", "bull:events", "1-1", "a", "b"], "1-1"],
    [["PUBLISH", "api:channel", "x"], "0"],
    [["CLIENT", "SETNAME", "api"], "OK"],
    [["MEMORY", "USAGE", "api:none"], ""],
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
    [["ACL", "SETUSER", "api", ">another"]],
    [["ACL", "DELUSER", "worker"]],
    [["ACL", "GETUSER", "worker"]],
    [["ACL", "USERS"]],
    [["ACL", "SAVE"]],
    [["ACL", "LOAD"]],
    [["ACL", "LOG"]],
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
    [["SCRIPT", "DEBUG", "SYNC"]],
    [["CLIENT", "TRACKING", "ON", "BCAST"]],
    [["MEMORY", "PURGE"]],
    [["MEMORY", "STATS"]],
    [["MEMORY", "USAGE", "other:k"]],
    [["SLOWLOG", "GET"]],
    [["LATENCY", "RESET"]],
    [["SORT", "api:k", "GET", "other:*"]],
    [["FAILOVER"]],
    [["CLUSTER", "RESET"]],
  ])("a service may not %j", (command) => {
    expect(api(...command)).toMatch(
      /^NOPERM|-NOPERM this user|^ERR The user executing the script can't access|^ERR DEBUG command not allowed/,
    );
  });

  test("one service cannot exhaust Redis' memory: long commands, and answers that nobody reads", async () => {
    const long = await server.connect("api", "apipassword");
    await expect(long.ask("SET", "api:long", "x".repeat(20_000_000))).rejects.toThrow(
      /invalid bulk length|the connection was cut/,
    );
    expect(api("EVAL", "return redis.call('SET', KEYS[1], string.rep('x', 7000000))", "1", "api:large")).toBe("OK");
    const readers = await Promise.all(Array.from({ length: 30 }, () => server.connect("api", "apipassword")));
    for (const { socket } of readers) {
      socket.pause();
      socket.write("GET api:large\r\nGET api:large\r\n");
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const used = Number(/used_memory_peak:(\d+)/.exec(api("INFO", "memory"))?.[1]) / 2 ** 20;
    for (const reader of readers) reader.close();
    expect(api("DEL", "api:large")).toBe("1");
    // 64 MiB of data were allowed, and 16 of buffers; 420 MB were asked for.
    expect(used).toBeLessThan(96);
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
    const [, program = "", ...rest] = redisHealthCheck(false);
    const check = (target: number): { status: number | null; stdout: string } => {
      const { status, stdout } = spawnSync(program, ["-p", String(target), ...rest], { encoding: "utf8" });
      return { status, stdout: stdout.trim() };
    };
    expect(check(server.port)).toEqual({ status: 0, stdout: "PONG" });
    expect(check(1).status).not.toBe(0);
  });

  const outside = Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .find(({ family, internal }) => family === "IPv4" && !internal)?.address;
  testUnless(outside === undefined ? "this machine has no address outside the loopback" : undefined)(
    "answers from outside the loopback: protected mode does not get in the way of users",
    () => {
      expect(cli("api", "apipassword", ["GET", "api:k"], outside)).toBe("v");
      expect(cli(undefined, "", ["PING"], outside)).toBe("NOAUTH Authentication required.");
    },
  );
});
