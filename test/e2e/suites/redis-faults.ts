import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  redisPasswordHash,
  redisStartScript,
  redisUsersScript,
  renderRedisAcl,
  renderRedisConf,
} from "../../../hardening/redis";
import { docker, LABEL, mustDocker } from "../lib/engine";
import { start, until } from "../lib/process";
import { expect, expectMatch, type Suite } from "../lib/runner";
import type { Context } from "../lib/stacks";

const NAME = "rampart-e2e-redis-full";
const PASSWORD = "secret";

/** A Redis as the stack runs it, with /data as the arguments say. */
async function startRedis(image: string, data: readonly string[]): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "rampart-redis-"));
  try {
    const users = renderRedisAcl([{ name: "api", passwordSha256: redisPasswordHash(PASSWORD), keyPrefixes: ["api:"] }]);
    const files = {
      "redis.conf": renderRedisConf({ maxMemoryMiB: 128 }),
      "start.sh": redisStartScript(),
      "users.sh": redisUsersScript(),
    };
    await mustDocker([
      "create",
      "--name",
      NAME,
      "--label",
      `${LABEL.e2e}=1`,
      "--network",
      "none",
      "--user",
      "999:1000",
      "--cap-drop",
      "ALL",
      "--init",
      ...data,
      "--tmpfs",
      "/tmp:rw,size=16m,mode=1777",
      "--volume",
      "/etc/rampart",
      "--volume",
      "/etc/rampart-live",
      "--entrypoint",
      "/bin/sh",
      image,
      "/etc/rampart/start.sh",
    ]);
    for (const [file, content] of Object.entries(files)) {
      writeFileSync(join(directory, file), content, { mode: 0o644 });
      await mustDocker(["cp", join(directory, file), `${NAME}:/etc/rampart/${file}`]);
    }
    writeFileSync(join(directory, "users.acl"), users, { mode: 0o644 });
    await mustDocker(["cp", join(directory, "users.acl"), `${NAME}:/etc/rampart-live/users.acl`]);
    await mustDocker(["start", NAME]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  await answers();
}

const answers = (): Promise<true> =>
  until("Redis answers", 20, async () => ((await api("PING")) === "PONG" ? true : undefined));

const api = async (...command: string[]): Promise<string> =>
  (
    await docker([
      "exec",
      "--env",
      `REDISCLI_AUTH=${PASSWORD}`,
      NAME,
      "redis-cli",
      "--user",
      "api",
      "--no-auth-warning",
      ...command,
    ])
  ).output.trim();
const shell = async (command: string): Promise<string> =>
  (await docker(["exec", NAME, "sh", "-c", command])).output.trim();

const SMALL_DISK = ["--tmpfs", "/data:rw,size=24m,uid=999,gid=1000"];
/** One that outlives the container's process, as a stack's does; it goes with the container. */
const OWN_DISK = ["--volume", "/data"];

/** Numbers that Redis acknowledged one after another, each with the time at which this process heard of it. */
function write(): {
  readonly acknowledged: { readonly n: number; readonly at: number }[];
  readonly ended: Promise<void>;
} {
  const loop =
    'n=0; while n=$((n + 1)) && [ "$(redis-cli --user api --no-auth-warning SET api:n $n)" = OK ]; do echo $n; done';
  const child = start("docker", ["exec", "--env", `REDISCLI_AUTH=${PASSWORD}`, NAME, "sh", "-c", loop]);
  const acknowledged: { n: number; at: number }[] = [];
  child.stdout?.on("data", (chunk: Buffer) => {
    for (const line of chunk.toString().trim().split("\n")) acknowledged.push({ n: Number(line), at: Date.now() });
  });
  return { acknowledged, ended: new Promise((done) => child.on("close", () => done())) };
}

export const redisFaults: Suite<Context> = {
  name: "redis faults",
  stack: "redis-faults",
  once: true,
  checks: [
    {
      name: "kill -9 in mid-write loses at most a second of keys",
      run: async ({ images }) => {
        await docker(["rm", "--force", "--volumes", NAME]);
        try {
          await startRedis(images.redis, OWN_DISK);
          const { acknowledged, ended } = write();
          await until("a hundred keys are written", 30, () => Promise.resolve(acknowledged.length >= 100));
          // redis-server itself: the init that is process 1 then ends the container.
          const processes = await mustDocker(["top", NAME, "-eo", "pid,comm"]);
          const pid = Number(/^\s*(\d+)\s+redis-server/m.exec(processes)?.[1]);
          const killed = Date.now();
          process.kill(pid, "SIGKILL");
          await ended;
          await until(
            "the container has ended",
            20,
            async () => (await mustDocker(["inspect", "--format", "{{.State.Running}}", NAME])).trim() === "false",
          );
          await mustDocker(["start", NAME]);
          await answers();
          const kept = Number(await api("GET", "api:n"));
          const lost = acknowledged.filter(({ n, at }) => n > kept && at < killed - 1000);
          expect(
            kept > 0 && lost.length === 0,
            `${kept} is the last key of ${acknowledged.length}; acknowledged over a second before: ` +
              `${lost.map(({ n }) => n).join(" ")}`,
          );
          return `${acknowledged.length} acknowledged, ${Math.max(0, (acknowledged.at(-1)?.n ?? 0) - kept)} lost`;
        } finally {
          await docker(["rm", "--force", "--volumes", NAME]);
        }
      },
    },
    {
      name: "a full disk is a write error that says so, while reads go on; with room again, writes go on by themselves",
      repeatable: true,
      run: async ({ images }) => {
        await docker(["rm", "--force", "--volumes", NAME]);
        try {
          await startRedis(images.redis, SMALL_DISK);
          expect((await api("SET", "api:kept", "before")) === "OK", "the first write failed");
          await shell("head -c 30000000 /dev/zero >/data/ballast 2>/dev/null");
          const refused = await until("a write is refused", 20, async () => {
            const answer = await api("SET", "api:filling", "x".repeat(20_000));
            return answer === "OK" ? undefined : answer;
          });
          expectMatch(refused, /MISCONF.*(AOF|No space left on device|disk)/, "the error of a write");
          expect((await api("GET", "api:kept")) === "before", "a read failed");
          // Redis takes back what it wrote of a command in part, which is room for a small file.
          await shell("cat /dev/zero >>/data/ballast 2>/dev/null");
          // Users can be listed, but not saved: a rotation stops here, and says why.
          const staged = await docker(["exec", NAME, "sh", "/etc/rampart/users.sh", "stage"]);
          expectMatch(
            staged.output,
            /rampart: (ERR There was an error trying to save the ACLs|Redis does not answer: MISCONF .*No space left on device)/,
            "staging",
          );
          await shell("rm /data/ballast");
          await until("writes go on", 20, async () =>
            (await api("SET", "api:after", "room")) === "OK" ? true : undefined,
          );
          expect(
            (await docker(["exec", NAME, "sh", "/etc/rampart/users.sh", "stage"])).code === 0,
            "staging still fails",
          );
          return refused.slice(0, 120);
        } finally {
          await docker(["rm", "--force", "--volumes", NAME]);
        }
      },
    },
  ],
};
