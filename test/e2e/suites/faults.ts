import { container, docker, ids, inspect, LABEL } from "../lib/engine";
import { ask } from "../lib/http";
import { tail, until } from "../lib/process";
import { expect, expectNone, type Suite } from "../lib/runner";
import { MAIN, mainSettings, type Context } from "../lib/stacks";

const answers = (): Promise<true> =>
  until("the API answers", 30, async () => {
    const answer = await ask({ host: MAIN.host, port: MAIN.httpsPort, path: "/api/db" });
    return answer.status === 200 ? true : undefined;
  });

async function repair({ main, images }: Context): Promise<void> {
  main.configure(mainSettings(images));
  const result = await main.up(["--refresh"]);
  expect(result.code === 0, tail(result.output, 40));
  await answers();
  const preview = await main.preview(["--expect-no-changes", "--refresh", "--diff"]);
  expect(preview.code === 0, tail(preview.output, 40));
}

export const faults: Suite<Context> = {
  name: "faults",
  stack: "main",
  checks: [
    ...["api", "redis", "postgres", "edge", "gateway"].map((name) => ({
      name: `${name} comes back by itself when its process is killed`,
      repeatable: true,
      run: async ({ main }: Context) => {
        const before = await container(main.name, name);
        process.kill(before.State.Pid, "SIGKILL");
        let now = before;
        try {
          await until(`${name} is healthy again`, 60, async () => {
            [now = before] = await inspect([before.Id]);
            return now.State.Health?.Status === "healthy" && now.State.Pid !== before.State.Pid;
          });
        } catch (error) {
          throw new Error(
            `${String(error)}: ${JSON.stringify(now.State)}, restarted ${now.RestartCount} times\n` +
              `${tail((await docker(["logs", before.Id])).output, 10)}`,
          );
        }
        await answers();
      },
    })),
    {
      name: "`pulumi up --refresh` starts a service that somebody stopped",
      repeatable: true,
      run: async (context) => {
        await docker(["stop", (await container(context.main.name, "api")).Id]);
        await repair(context);
      },
    },
    {
      name: "`pulumi up --refresh` makes a service again that somebody removed",
      run: async (context) => {
        await docker(["rm", "--force", (await container(context.main.name, "web")).Id]);
        await repair(context);
      },
    },
    {
      name: "destroy leaves nothing behind",
      smoke: true,
      run: async ({ main }) => {
        const result = await main.destroy();
        expect(result.code === 0, tail(result.output, 40));
        const filter = [`label=${LABEL.stack}=${main.name}`];
        const left = await Promise.all(
          (["container", "network", "volume"] as const).map(async (kind) =>
            (await ids(kind, filter)).map((id) => `${kind} ${id}`),
          ),
        );
        expectNone(left.flat(), "left behind");
        return `${result.seconds.toFixed(1)} s`;
      },
    },
  ],
};
