import { appendFileSync, readdirSync, readFileSync, statSync, truncateSync } from "node:fs";
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { redisPasswordHash, renderRedisAcl } from "../../../hardening/redis";
import { describeWith } from "../../programs";
import { RedisServer } from "./redis-server";

const USERS = renderRedisAcl([{ name: "api", passwordSha256: redisPasswordHash("secret"), keyPrefixes: ["api:"] }]);

describeWith("redis-server", "redis-cli")("what a real redis-server keeps", () => {
  let server: RedisServer;
  const api = (...command: string[]): string => server.cli("api", "secret", command);

  /** The part of the append-only file that is written to. */
  const tail = (): string => {
    const directory = server.path("data", "appendonlydir");
    const [name = ""] = readdirSync(directory)
      .filter((file) => file.endsWith(".incr.aof"))
      .sort()
      .slice(-1);
    return `${directory}/${name}`;
  };

  beforeEach(async () => {
    server = await RedisServer.create(USERS);
  });

  afterEach(() => server.remove());

  test("kill -9 in the middle of writing loses no more than the last second", async () => {
    const connection = await server.connect("api", "secret");
    /** When each key was acknowledged, by its number. */
    const acknowledged: number[] = [];
    let paced = true;
    const writing = (async () => {
      for (;;) {
        // Ten and a pause: what is lost is told by the time, and not by how much was written.
        if (paced && acknowledged.length % 10 === 0) await sleep(5);
        await connection.ask("SET", `api:${acknowledged.length}`, "x".repeat(200));
        acknowledged.push(performance.now());
      }
    })();
    const interrupted = expect(writing).rejects.toThrow("cut");
    await sleep(2500);
    paced = false;
    // In the middle of writing, and not in a pause.
    const least = acknowledged.length + 200;
    while (acknowledged.length < least) await setImmediate();
    const killed = performance.now();
    await server.stop("SIGKILL");
    await interrupted;
    await server.start();
    const again = await server.connect("api", "secret");
    const lost: number[] = [];
    const size = 200;
    for (let from = 0; from < acknowledged.length; from += size) {
      const answers = await Promise.all(
        acknowledged.slice(from, from + size).map((_, index) => again.ask("EXISTS", `api:${from + index}`)),
      );
      answers.forEach((answer, index) => {
        if (answer !== "1") lost.push(from + index);
      });
    }
    again.close();
    expect(acknowledged.length).toBeGreaterThan(1000);
    for (const number of lost) expect(killed - (acknowledged[number] ?? 0)).toBeLessThan(1500);
    // What is missing is the end, not a hole.
    expect(lost).toEqual(lost.map((_, index) => acknowledged.length - lost.length + index));
  });

  test("a command that was half written is dropped at the next start, which the log says", async () => {
    for (let number = 0; number < 10; number += 1) api("SET", `api:${number}`, "kept");
    await server.stop("SIGKILL");
    truncateSync(tail(), statSync(tail()).size - 7);
    await server.start();
    expect([api("GET", "api:8"), api("EXISTS", "api:9")]).toEqual(["kept", "0"]);
    expect(server.log).toMatch(/loaded anyway because aof-load-truncated is enabled/);
    // And the file is whole again.
    expect(api("SET", "api:9", "again")).toBe("OK");
    await server.stop("SIGKILL");
    await server.start();
    expect(api("GET", "api:9")).toBe("again");
  });

  test("a file that is broken in another way fails the start, which says how to mend it", async () => {
    api("SET", "api:k", "v");
    await server.stop("SIGTERM");
    appendFileSync(tail(), "nonsense\r\n*1\r\n$4\r\nPING\r\n");
    await expect(server.start()).rejects.toThrow(/Bad file format reading the append only file[^]*redis-check-aof/);
    expect(readFileSync(tail(), "utf8")).toContain("nonsense");
  });
});
