import { container, containers, nameOf } from "../lib/engine";
import { ask } from "../lib/http";
import { expect, expectMatch, type Suite } from "../lib/runner";
import { MAIN, mainSettings, type Context } from "../lib/stacks";

const version = async (): Promise<string> => {
  const answer = await ask({ host: MAIN.host, port: MAIN.httpsPort, path: "/api/version" });
  return `${answer.status} ${answer.body}`;
};

const job = async ({ main }: Context) =>
  (await containers(main.name, true)).filter(
    (one) => nameOf(one) === "migration" && one.Config.Labels["io.rampart.component"] === "job",
  );

/** A new version of the services together with a migration that fails: the usual bad release. */
const broken = ({ images }: Context) =>
  mainSettings(images, { app: images.appNext, migrationEnvironment: { MIGRATE_FAIL: "1" } });

export const migration: Suite<Context> = {
  name: "migration",
  stack: "main",
  sequence: true,
  checks: [
    {
      name: "a migration that fails fails the update and shows its last log lines; services stay as they were",
      run: async (context) => {
        const before = await container(context.main.name, "api");
        context.main.configure(broken(context));
        const result = await context.main.up();
        expect(result.code !== 0, "the update passed");
        expectMatch(result.output, /exit code 3/, "the exit code");
        expectMatch(result.output, /migration failed: column "nope" does not exist/, "the log line");
        const after = await container(context.main.name, "api");
        expect(after.Id === before.Id, "the API was replaced");
        expect((await version()) === "200 1.0.0", await version());
      },
    },
    {
      name: "the same update again runs it again, and fails again",
      run: async (context) => {
        const result = await context.main.up();
        expect(result.code !== 0, "the second update passed, although the migration never did");
        expectMatch(result.output, /column "nope" does not exist/, "the log line");
        expect((await version()) === "200 1.0.0", await version());
      },
    },
    {
      name: "the next update with it mended runs it, and then the services move on",
      run: async (context) => {
        await context.main.mustUp(mainSettings(context.images, { app: context.images.appNext }));
        expect((await version()) === "200 2.0.0", await version());
        const jobs = await job(context);
        expect(
          jobs.length === 1 && jobs[0]?.State.ExitCode === 0,
          "migration containers: " +
            `${jobs.map((one) => `${one.Name} ${one.State.Status} ${one.State.ExitCode}`).join(", ")}`,
        );
      },
    },
    {
      name: "a migration that is unchanged is not run again",
      run: async (context) => {
        const [before] = await job(context);
        await context.main.mustUp(mainSettings(context.images));
        const [after] = await job(context);
        expect(
          before !== undefined && before.Id === after?.Id && before.State.StartedAt === after.State.StartedAt,
          `${before?.State.StartedAt} became ${after?.State.StartedAt}`,
        );
        expect((await version()) === "200 1.0.0", await version());
      },
    },
  ],
};
