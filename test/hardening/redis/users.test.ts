import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import {
  REDIS_ADMIN,
  REDIS_LIVE_FILES,
  REDIS_PATHS,
  redisPasswordHash,
  redisStartScript,
  redisUsersScript,
  renderRedisAcl,
  type RedisUser,
} from "../../../hardening/redis";
import { describeWith, testWith } from "../../programs";
import { RedisServer, type Connection } from "./redis-server";

const user = (name: string, password: string, changes: Partial<RedisUser> = {}): RedisUser => ({
  name,
  passwordSha256: redisPasswordHash(password),
  keyPrefixes: [`${name}:`],
  ...changes,
});
const acl = (...users: RedisUser[]): string => renderRedisAcl(users);
const OLD = acl(user("api", "old"), user("worker", "same"), user("gone", "bye"));
const NEW = acl(user("api", "new"), user("worker", "same"), user("fresh", "hello"));

describe("the scripts", () => {
  // Those without TLS are files, which test/shellcheck.test.ts reads.
  testWith("shellcheck")("with TLS have nothing that shellcheck objects to", () => {
    for (const script of [redisStartScript({ tls: true }), redisUsersScript({ tls: true })])
      expect(spawnSync("shellcheck", ["--shell", "sh", "-"], { input: script, encoding: "utf8" }).stdout).toBe("");
  });

  test("know the users and the files by the names that redis.conf and the stack give them", () => {
    const [start, users] = [redisStartScript(), redisUsersScript()];
    const desired = `desired=${REDIS_PATHS.live}/${REDIS_LIVE_FILES.users}\n`;
    expect([start.includes(desired), users.includes(desired)]).toEqual([true, true]);
    expect(users.split(`$2 != "${REDIS_ADMIN}"`)).toHaveLength(3);
    expect(users).toContain(`--user ${REDIS_ADMIN} `);
  });

  test("take no path that a shell would read as something else", () => {
    expect(() => redisStartScript({ dataDirectory: "/data; rm -rf /" })).toThrow(
      'dataDirectory: "/data; rm -rf /" is not an absolute path of letters, digits and / . _ -',
    );
  });
});

describeWith("redis-server", "redis-cli")("the users of a real redis-server", () => {
  let server: RedisServer;
  const connections: Connection[] = [];
  const login = (name: string, password: string): string => server.cli(name, password, ["PING"]);
  const saved = (): string => readFileSync(server.path("data", "users.acl"), "utf8");
  const must = (...args: string[]): void => expect(server.users(...args)).toEqual({ status: 0, output: "" });

  async function connect(name: string, password: string): Promise<Connection> {
    const connection = await server.connect(name, password);
    connections.push(connection);
    return connection;
  }

  beforeEach(async () => {
    server = await RedisServer.create(OLD);
  });

  afterEach(async () => {
    for (const connection of connections.splice(0)) connection.close();
    await server.remove();
  });

  test("staging lets the new password in and goes on with the old one; settling ends the old one", async () => {
    const old = await connect("api", "old");
    server.declare(NEW);
    must("stage");
    expect([
      login("api", "old"),
      login("api", "new"),
      login("worker", "same"),
      login("gone", "bye"),
      login("fresh", "hello"),
    ]).toEqual(["PONG", "PONG", "PONG", "PONG", "PONG"]);
    expect(await old.ask("SET", "api:k", "v")).toBe("OK");

    const [renewed, worker, gone] = [
      await connect("api", "new"),
      await connect("worker", "same"),
      await connect("gone", "bye"),
    ];
    must("settle", "api=127.0.0.1");
    expect([login("api", "old"), login("api", "new"), login("gone", "bye"), login("fresh", "hello")]).toEqual([
      expect.stringContaining("WRONGPASS"),
      "PONG",
      expect.stringContaining("WRONGPASS"),
      "PONG",
    ]);
    expect(await renewed.ask("GET", "api:k")).toBe("v");
    expect(await worker.ask("SET", "worker:k", "v")).toBe("OK");
    await expect(gone.ask("PING")).rejects.toThrow("cut");
    expect(saved()).not.toContain(redisPasswordHash("old"));
    expect(saved()).not.toContain("user gone");
  });

  test("whoever is logged in with an ended password is cut off, but for the running container", async () => {
    const [stranger, worker] = [await connect("api", "old"), await connect("worker", "same")];
    server.declare(NEW);
    must("stage");
    must("settle", "api=10.1.2.3", "worker=10.1.2.4");
    await expect(stranger.ask("PING")).rejects.toThrow("cut");
    // Nothing ended for this one.
    expect(await worker.ask("PING")).toBe("PONG");
  });

  test("a settling that was broken off before it cut anybody off is finished by the next", async () => {
    const stranger = await connect("api", "old");
    server.declare(NEW);
    must("stage");
    // Broken off after the users were set: what is left to do is in the file.
    must("settle", "api=127.0.0.1");
    writeFileSync(server.path("scratch", "rampart-admin.ended"), "api\n");
    expect(await stranger.ask("PING")).toBe("PONG");
    must("settle", "api=10.1.2.3");
    await expect(stranger.ask("PING")).rejects.toThrow("cut");
  });

  test("a subscriber hears on while users are staged and settled", async () => {
    const [subscriber, publisher] = [await connect("api", "old"), await connect("api", "old")];
    await subscriber.ask("SUBSCRIBE", "api:news");
    server.declare(NEW);
    must("stage");
    must("settle", "api=127.0.0.1");
    expect(await publisher.ask("PUBLISH", "api:news", "still here")).toBe("1");
    expect(subscriber.cut).toBe(false);
  });

  test("staging takes nothing away: prefixes and commands stay until settling", async () => {
    const api = await connect("api", "old");
    server.declare(acl(user("api", "old", { keyPrefixes: ["v2:"], scan: true })));
    must("stage");
    expect([await api.ask("SET", "api:k", "v"), await api.ask("SET", "v2:k", "v")]).toEqual(["OK", "OK"]);
    server.declare(acl(user("api", "old", { keyPrefixes: ["v2:"] })));
    must("stage");
    expect(await api.ask("SCAN", "0")).toEqual(["0", expect.anything()]);
    must("settle", "api=127.0.0.1");
    await expect(api.ask("SET", "api:k", "v")).rejects.toThrow("NOPERM");
    await expect(api.ask("SCAN", "0")).rejects.toThrow("NOPERM");
    expect(await api.ask("SET", "v2:k", "v")).toBe("OK");
    // Nor does it give back what a service must not do.
    for (const command of [
      ["CONFIG", "GET", "*"],
      ["ACL", "LIST"],
      ["KEYS", "*"],
    ])
      await expect(api.ask(...command)).rejects.toThrow("NOPERM");
  });

  test("each step may be done twice", () => {
    server.declare(NEW);
    for (const step of [["stage"], ["stage"], ["settle"], ["settle"], ["stage"]]) must(...step);
    expect([login("api", "new"), login("api", "old")]).toEqual(["PONG", expect.stringContaining("WRONGPASS")]);
    expect(server.users("list")).toEqual({ status: 0, output: "api\nfresh\nworker" });
  });

  test("a rotation that was broken off and begun again: all passwords work until it is settled", () => {
    server.declare(NEW);
    must("stage");
    server.declare(acl(user("api", "third"), user("worker", "same")));
    must("stage");
    expect(["old", "new", "third"].map((password) => login("api", password))).toEqual(["PONG", "PONG", "PONG"]);
    must("settle");
    expect(["old", "new", "third"].map((password) => login("api", password))).toEqual([
      expect.stringContaining("WRONGPASS"),
      expect.stringContaining("WRONGPASS"),
      "PONG",
    ]);
    expect(server.users("list").output).toBe("api\nworker");
  });

  test("a restart in the middle of a rotation serves both passwords, and drops who is not declared", async () => {
    server.declare(NEW);
    must("stage");
    await server.stop("SIGKILL");
    await server.start();
    expect([login("api", "old"), login("api", "new"), login("fresh", "hello"), login("gone", "bye")]).toEqual([
      "PONG",
      "PONG",
      "PONG",
      expect.stringContaining("WRONGPASS"),
    ]);
    must("settle");
    await server.stop("SIGKILL");
    await server.start();
    expect([login("api", "old"), login("api", "new")]).toEqual([expect.stringContaining("WRONGPASS"), "PONG"]);
  });

  test("a start with a change that was never staged takes the declared, and what was in force", async () => {
    await server.stop("SIGTERM");
    server.declare(NEW);
    await server.start();
    expect([login("api", "old"), login("api", "new")]).toEqual(["PONG", "PONG"]);
  });

  test.each([
    ["cut off in the middle of a hash", (text: string) => text.slice(0, text.indexOf("#") + 30)],
    ["empty", () => ""],
    [
      "not an ACL file",
      () =>
        "user\n\u0000\u0001 # garbage\nuser api +@all nopass allkeys #zz\nuser default on nopass +@all ~*\n" +
        "user health +@all allkeys\n",
    ],
  ])("a saved file that is %s does no harm", async (_how, broken) => {
    await server.stop("SIGKILL");
    writeFileSync(server.path("data", "users.acl"), broken(saved()));
    await server.start();
    expect([login("api", "old"), login("api", "wrong"), server.cli(undefined, "", ["PING"])]).toEqual([
      "PONG",
      expect.stringContaining("WRONGPASS"),
      "NOAUTH Authentication required.",
    ]);
    expect([server.cli("api", "old", ["CONFIG", "GET", "*"]), server.cli("health", "x", ["INFO"])]).toEqual([
      expect.stringContaining("NOPERM"),
      expect.stringContaining("NOPERM"),
    ]);
  });

  test("a start without room for the file is a start all the same, and says so", async () => {
    await server.stop("SIGKILL");
    mkdirSync(server.path("data", "users.acl.new"));
    server.declare(NEW);
    await server.start();
    expect(server.log).toContain(
      "users.acl cannot be written (is the disk full?); changes of users last until the next start",
    );
    expect([login("api", "old"), login("api", "new")]).toEqual(["PONG", "PONG"]);
    rmdirSync(server.path("data", "users.acl.new"));
  });

  test("without declared users there is no start", async () => {
    await server.stop("SIGKILL");
    server.declare("");
    await expect(server.start()).rejects.toThrow("users.acl is missing or empty");
  });

  test("what Redis refuses is an error that shows no hash, and leaves the user out", () => {
    server.declare(acl(user("fresh", "hello")).replace(/#[0-9a-f]+/, (hash) => `${hash}zz`));
    const { status, output } = server.users("stage");
    expect(status).toBe(1);
    expect(output).toMatch(/^rampart: ERR Error in ACL SETUSER modifier '#\.\.\.zz'/);
    expect(output).not.toMatch(/[0-9a-f]{16}/);
    expect([login("api", "old"), login("fresh", "hello")]).toEqual(["PONG", expect.stringContaining("WRONGPASS")]);
  });

  test("a users' file that cannot be saved is an error", () => {
    rmSync(server.path("data", "users.acl"));
    mkdirSync(server.path("data", "users.acl"));
    writeFileSync(server.path("data", "users.acl", "x"), "");
    expect(server.users("stage")).toEqual({
      status: 1,
      output: expect.stringContaining("There was an error trying to save the ACLs") as string,
    });
  });

  test("the administration's password is its own file, new at each start; it may do no more than it must", async () => {
    const password = (): string => readFileSync(server.path("scratch", "rampart-admin"), "utf8");
    const first = password();
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(statSync(server.path("scratch", "rampart-admin")).mode & 0o777).toBe(0o600);
    for (const command of [
      ["GET", "api:k"],
      ["SET", "api:k", "v"],
      ["CONFIG", "GET", "*"],
      ["CONFIG", "SET", "maxmemory", "1"],
      ["FLUSHALL"],
      ["SHUTDOWN"],
      ["DEBUG", "SLEEP", "0"],
      ["ACL", "LOAD"],
      ["KEYS", "*"],
      ["EVAL", "return 1", "0"],
      ["MONITOR"],
    ]) {
      expect(server.cli("rampart", first, command)).toMatch(/NOPERM|^ERR DEBUG command not allowed/);
    }
    await server.stop("SIGTERM");
    await server.start();
    expect(password()).not.toBe(first);
    expect([login("rampart", first), login("rampart", password())]).toEqual([
      expect.stringContaining("WRONGPASS"),
      "PONG",
    ]);
  });

  test("no request fails while a password turns over under load", async () => {
    let ended = false;
    const counts = { old: 0, new: 0, worker: 0 };
    const errors: string[] = [];
    /** A client that sets and gets, and every few requests logs in again. */
    const load = async (
      name: string,
      password: string,
      count: keyof typeof counts,
      until: () => boolean,
    ): Promise<void> => {
      while (!until()) {
        try {
          const connection = await server.connect(name, password);
          for (let index = 0; index < 20 && !until(); index += 1) {
            const value = String(counts[count]);
            await connection.ask("SET", `${name}:${count}`, value);
            if ((await connection.ask("GET", `${name}:${count}`)) !== value) errors.push(`${count}: not what was set`);
            counts[count] += 1;
          }
          connection.close();
        } catch (error) {
          errors.push(`${count}: ${String(error)}`);
        }
      }
    };
    let oldStopped = false;
    const loads = [load("api", "old", "old", () => oldStopped), load("worker", "same", "worker", () => ended)];
    await pause(150);
    server.declare(NEW);
    must("stage");
    loads.push(load("api", "new", "new", () => ended));
    await pause(150);
    oldStopped = true;
    await loads[0];
    must("settle", "api=127.0.0.1");
    await pause(150);
    ended = true;
    await Promise.all(loads);
    expect(errors).toEqual([]);
    for (const count of Object.values(counts)) expect(count).toBeGreaterThan(50);
    expect(login("api", "old")).toContain("WRONGPASS");
  });
});

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
