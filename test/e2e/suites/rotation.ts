import { describeLoad, Load } from "../lib/load";
import { tail, until } from "../lib/process";
import { expect, expectMatch, type Suite } from "../lib/runner";
import { MAIN, mainSettings, type Context } from "../lib/stacks";
import { session } from "./database";

const REQUESTS_PER_SECOND = 60;
const LOGIN = /^app_r[wo]_[0-9a-f]{8}$/;

async function logins(context: Context): Promise<string[]> {
  const rows = await session(
    await context.main.outputs(),
    "postgres",
    async (client) => (await client.query<{ rolname: string }>("SELECT rolname FROM pg_roles ORDER BY 1")).rows,
  );
  return rows.map(({ rolname }) => rolname).filter((name) => LOGIN.test(name));
}

async function expectNoChanges(context: Context): Promise<void> {
  for (const args of [["--expect-no-changes"], ["--expect-no-changes", "--refresh"]]) {
    const preview = await context.main.preview(args);
    expect(preview.code === 0, tail(preview.output, 40));
  }
}

export const rotation: Suite<Context> = {
  name: "rotation",
  stack: "main",
  sequence: true,
  checks: [
    {
      name: "the services' logins turn over under load without a lost request, and the old ones are gone",
      run: async (context) => {
        const { main, images } = context;
        await main.mustUp(mainSettings(images));
        const before = await logins(context);
        const old = (await main.outputs()).database?.passwords["app_rw"] ?? "";
        const load = new Load({ host: MAIN.host, port: MAIN.httpsPort, path: "/api/db" }, REQUESTS_PER_SECOND);
        try {
          await main.mustUp(mainSettings(images, { rotation: { roles: { app_rw: "e2e-1", app_ro: "e2e-1" } } }));
        } finally {
          await load.stop();
        }
        const result = await load.stop();
        // Every answer counts rows and so is another: the tally by answer says nothing here.
        const tally = describeLoad({ ...result, versions: {} });
        expect(result.failed.length === 0 && result.sent > 100, `${tally}\n${result.failed.slice(0, 8).join("\n")}`);
        const after = await logins(context);
        expect(
          before.length === 2 && after.length === 2 && !after.some((name) => before.includes(name)),
          `${before.join(" ")} became ${after.join(" ")}`,
        );
        const outputs = await main.outputs();
        context.outputs = outputs;
        const words = await session(outputs, "app_rw", () => Promise.resolve("in"), { password: old }).catch(
          (error: unknown) => String(error),
        );
        expectMatch(words, /password authentication failed/, "app_rw with its old password");
        await session(outputs, "app_rw", (client) => client.query("SELECT 1"));
        await expectNoChanges(context);
        return tally;
      },
    },
    {
      name: "an interrupted rotation leaves the services working, and the next up finishes it",
      run: async (context) => {
        const { main, images } = context;
        const settings = mainSettings(images, { rotation: { roles: { app_rw: "e2e-2", app_ro: "e2e-1" } } });
        const before = await logins(context);
        main.configure(settings);
        const load = new Load({ host: MAIN.host, port: MAIN.httpsPort, path: "/api/db" }, REQUESTS_PER_SECOND);
        try {
          const interrupt = new AbortController();
          const updating = main.up([], 240, interrupt.signal);
          // The update has begun when the new login is there, and is not over: no container has its password yet.
          await until("the new login is there", 120, async () => (await logins(context)).length > before.length, 100);
          interrupt.abort();
          const interrupted = await updating;
          expect(
            interrupted.code !== 0,
            `the update was over before it was interrupted:\n${tail(interrupted.output, 30)}`,
          );
          expect((await logins(context)).length >= before.length, "a login went while containers may still use it");
          await main.mustUp(settings);
        } finally {
          await load.stop();
        }
        const result = await load.stop();
        expect(
          result.failed.length === 0,
          `${describeLoad({ ...result, versions: {} })}\n${result.failed.slice(0, 8).join("\n")}`,
        );
        const after = await logins(context);
        expect(
          after.length === 2 && after.filter((name) => before.includes(name)).length === 1,
          `${before.join(" ")} became ${after.join(" ")}`,
        );
        context.outputs = await main.outputs();
        await expectNoChanges(context);
      },
    },
  ],
};
