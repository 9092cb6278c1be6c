import { container, docker, filesOf } from "../lib/engine";
import { expect, expectNone, type Suite } from "../lib/runner";
import type { Context } from "../lib/stacks";

/** Asks Redis as a user; without one, as a client that does not log in. */
async function redis(
  { main }: Context,
  user: { readonly name: string; readonly password: string } | undefined,
  command: readonly string[],
): Promise<string> {
  const one = await container(main.name, "redis");
  const as = user === undefined ? [] : ["--user", user.name, "--no-auth-warning"];
  const result = await docker([
    "exec",
    ...(user === undefined ? [] : ["--env", `REDISCLI_AUTH=${user.password}`]),
    one.Id,
    "redis-cli",
    ...as,
    ...command,
  ]);
  return result.output.trim();
}

async function apiUser({ main }: Context): Promise<{ name: string; password: string }> {
  const files = await filesOf((await container(main.name, "api")).Id, "/run/secrets");
  const url = Object.entries(files).find(([path]) => path.endsWith("redis_url"))?.[1] ?? "";
  const [, name, password] = /^redis:\/\/([^:]+):([^@]+)@/.exec(url) ?? [];
  if (name === undefined || password === undefined) throw new Error("the API's REDIS_URL has no user");
  return { name, password };
}

export const redisSuite: Suite<Context> = {
  name: "redis",
  stack: "main",
  smoke: true,
  checks: [
    {
      name: "the default user is off",
      run: async (context) => {
        const silent = await redis(context, undefined, ["PING"]);
        const empty = await redis(context, undefined, ["AUTH", "default", ""]);
        expect(/NOAUTH/.test(silent) && /WRONGPASS|ERR/.test(empty), `${silent}; ${empty}`);
      },
    },
    {
      name: "the API's user works within its prefix",
      repeatable: true,
      run: async (context) => {
        const user = await apiUser(context);
        expect(user.name === "api", user.name);
        const answers = [
          await redis(context, user, ["SET", "api:e2e", "1"]),
          await redis(context, user, ["GET", "api:e2e"]),
          await redis(context, user, ["DEL", "api:e2e"]),
        ];
        expect(answers.join() === "OK,1,1", answers.join());
      },
    },
    {
      name: "and is refused outside of it, and what administers the server",
      run: async (context) => {
        const user = await apiUser(context);
        const commands = [
          ["SET", "worker:x", "1"],
          ["GET", "other"],
          ["SUBSCRIBE", "other"],
          ["FLUSHALL"],
          ["FLUSHDB"],
          ["CONFIG", "GET", "*"],
          ["KEYS", "*"],
          ["SCAN", "0"],
          ["ACL", "LIST"],
          ["SHUTDOWN"],
          ["DEBUG", "SLEEP", "0"],
          ["REPLICAOF", "NO", "ONE"],
          ["SAVE"],
          ["MODULE", "LIST"],
          ["CLIENT", "LIST"],
        ];
        // One after the other: what `docker exec` starts counts towards the container's PIDs limit.
        const answers: { command: readonly string[]; answer: string }[] = [];
        for (const command of commands) answers.push({ command, answer: await redis(context, user, command) });
        expectNone(
          answers
            .filter(({ answer }) => !/NOPERM|No permissions|not allowed/i.test(answer))
            .map(({ command, answer }) => `${command.join(" ")}: ${answer}`),
        );
      },
    },
  ],
};
