/**
 * What the data tier's stack comes back from by `pulumi up` and nothing else:
 * containers that were stopped or removed, and a full disk.
 */
import { container, docker, mustDocker, type Container } from "../lib/engine";
import { must, run, tail, until } from "../lib/process";
import { expect, expectMatch, type Suite } from "../lib/runner";
import { TENANT_TABLES, type Context } from "../lib/stacks";
import { answers, as, known, STACK, stackOf, up } from "./data";
import { session } from "./database";

const DATA = "/var/lib/postgresql/data";
const MIB = 1024;

/** Runs a line where the engine sees its volumes: in the mount namespace of what a container of it is a child of. */
async function onTheEngine(line: string): Promise<string> {
  const { State } = await container(STACK, "redis");
  const parent = (await must("ps", ["-o", "ppid=", "-p", String(State.Pid)])).trim();
  return must("nsenter", ["--mount", "--target", parent, "sh", "-c", line]);
}

async function dataDirectory(): Promise<string> {
  const { Id } = await container(STACK, "postgres");
  return (
    await mustDocker([
      "inspect",
      "--format",
      `{{range .Mounts}}{{if eq .Destination "${DATA}"}}{{.Source}}{{end}}{{end}}`,
      Id,
    ])
  ).trim();
}

/** Gives Postgres a small disk of its own, with a copy of its data, while something is done. */
async function onASmallDisk(use: (directory: string) => Promise<void>): Promise<void> {
  const [directory, { Id }] = [await dataDirectory(), await container(STACK, "postgres")];
  await mustDocker(["stop", Id]);
  const used = Number((await onTheEngine(`du -sk '${directory}'`)).split("\t")[0]);
  const small = "/tmp/rampart-e2e-small-disk";
  await onTheEngine(
    `mkdir -p ${small} && mount -t tmpfs -o size=${used + 150 * MIB}k tmpfs ${small} && cp -a '${directory}/.' ` +
      `${small}/ && mount --bind ${small} '${directory}'`,
  );
  try {
    await mustDocker(["start", Id]);
    await healthy(Id);
    await use(directory);
  } finally {
    await docker(["stop", Id]);
    await onTheEngine(`umount '${directory}' && umount ${small} && rmdir ${small}`);
    await docker(["start", Id]);
  }
  await healthy(Id);
}

const state = async (id: string): Promise<Container["State"]> =>
  JSON.parse(await mustDocker(["inspect", "--format", "{{json .State}}", id])) as Container["State"];
const healthy = (id: string): Promise<true> =>
  until("Postgres is healthy", 60, async () => ((await state(id)).Health?.Status === "healthy" ? true : undefined));

/**
 * Writes to the WAL until there is no more room: what stops a server.
 * Small records leave none for a checkpoint's either.
 */
async function fillTheLog(directory: string, id: string): Promise<void> {
  let refused = "none";
  const ask = async (): Promise<true> => {
    const { Status } = await state(id);
    if (Status === "exited") return true;
    await onTheEngine(`cat /dev/zero >>'${directory}/ballast' 2>/dev/null || true`);
    refused = await session(known(), "postgres", (client) =>
      client.query(
        "DO $$ BEGIN FOR i IN 1..1000000 LOOP PERFORM pg_logical_emit_message(true, 'e2e', repeat('x', 50)); " +
          "END LOOP; END $$",
      ),
    ).then(() => "none", String);
    throw new Error(`it is ${Status}; the last refusal: ${refused}`);
  };
  await until("the engine has given the server up", 180, ask);
}

export const recovery: Suite<Context> = {
  name: "recovery",
  stack: "data",
  checks: [
    {
      name: "a preview names what somebody stopped, and the next up starts it, without a refresh",
      run: async (context) => {
        await up(context, { sql: `${TENANT_TABLES} -- again`, app: context.images.app });
        for (const name of ["postgres", "redis", "api"]) await mustDocker(["kill", (await container(STACK, name)).Id]);
        const preview = await stackOf(context).preview([]);
        for (const name of ["postgres", "redis", "api"])
          expectMatch(
            preview.output,
            new RegExp(`rampart-e2e-data-${name} does not run \\(status exited, exit code 137\\): an update starts it`),
            "the preview",
          );
        await up(context, { sql: `${TENANT_TABLES} -- and again`, app: context.images.app });
        await until(
          "the service is back",
          30,
          async () => (await answers()) === 200 && (await answers("/api/cache")) === 200,
        );
      },
    },
    {
      name: "a Postgres that somebody removed fails the update, which says how to make it again; no row is lost",
      run: async (context) => {
        await as("app_rw", undefined, ["INSERT INTO app.items (note) VALUES ('before the removal')"]);
        await mustDocker(["rm", "--force", (await container(STACK, "postgres")).Id]);
        const failed = await stackOf(context).up();
        expect(failed.code !== 0, "the update passed");
        const urn =
          /its container [0-9a-f]{12} is gone, though Pulumi's state has it\. `pulumi up --replace '([^']+)'` makes it again/.exec(
            failed.output,
          )?.[1] ?? "";
        expect(urn !== "", tail(failed.output, 30));
        const repaired = await stackOf(context).up(["--replace", urn]);
        expect(repaired.code === 0, tail(repaired.output, 30));
        expectMatch(
          await as("app_rw", undefined, ["SELECT count(*)::int AS n FROM app.items WHERE note = 'before the removal'"]),
          /"n":1\b/,
          "the row",
        );
        await until("the service is back", 30, async () => (await answers()) === 200);
      },
    },
    {
      name:
        "a full disk under Postgres refuses writes and not reads, then stops it; " +
        "up says so, and with room again brings it back",
      run: async (context) => {
        const { Id } = await container(STACK, "postgres");
        let refused = "";
        await onASmallDisk(async (directory) => {
          await as("app_rw", undefined, ["INSERT INTO app.items (note) VALUES ('on the small disk')"]);
          await onTheEngine(
            `cat /dev/zero >'${directory}/ballast' 2>/dev/null; truncate -s -${2 * MIB * MIB} '${directory}/ballast'`,
          );
          refused = await as("app_rw", undefined, [
            "INSERT INTO app.items (note) SELECT repeat('x', 1000) FROM generate_series(1, 20000)",
          ]);
          expectMatch(refused, /No space left on device/, "a write");
          expectMatch(
            await as("app_rw", undefined, [
              "SELECT count(*)::int AS n FROM app.items WHERE note = 'on the small disk'",
            ]),
            /"n":1\b/,
            "a read",
          );
          await fillTheLog(directory, Id);
          expect((await answers("/api/version")) === 200, "the service is gone as well");
          const failed = await stackOf(context).up();
          expect(failed.code !== 0, "the update passed");
          expectMatch(failed.output, /rampart-e2e-data-postgres does not run [^]*No space left on device/, "the error");
          await onTheEngine(`rm '${directory}/ballast'`);
          const repaired = await stackOf(context).up();
          expect(repaired.code === 0, tail(repaired.output, 30));
          expectMatch(
            await as("app_rw", undefined, [
              "SELECT count(*)::int AS n FROM app.items WHERE note = 'on the small disk'",
            ]),
            /"n":1\b/,
            "the row",
          );
          await until("the service is back", 30, async () => (await answers()) === 200);
        });
        return refused;
      },
    },
    {
      name: "and is destroyed",
      run: async (context) => {
        const destroyed = await stackOf(context).destroy();
        expect(destroyed.code === 0, tail(destroyed.output, 30));
        const left = await run("docker", ["ps", "--all", "--quiet", "--filter", `label=io.rampart.stack=${STACK}`]);
        expect(left.stdout.trim() === "", `left: ${left.stdout}`);
      },
    },
  ],
};
