import { existsSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { docker, ids, inspect, LABEL, mustDocker } from "../lib/engine";
import { run, signal, start, until, type RunResult } from "../lib/process";
import { REPOSITORY } from "../lib/pulumi";
import { expect, expectMatch, expectNone, type Suite } from "../lib/runner";
import { databaseOf, mainOutputs, type Context } from "../lib/stacks";
import { connection, session } from "./database";

const TUNNEL_PORT = 34_433;
/** An advisory lock that nothing else takes. */
const LOCK = 4711;
const EPHEMERAL = "label=io.rampart.ephemeral=true";

const env = (context: Context): Record<string, string> => ({ ...context.main.env });
const args = (context: Context, more: readonly string[]): string[] => [
  "run",
  "--silent",
  "psql",
  "--",
  context.main.name,
  ...more,
];
const psql = (context: Context, ...more: string[]): Promise<RunResult> =>
  run("npm", args(context, more), { cwd: REPOSITORY, env: env(context), timeoutSeconds: 90 });
const of = (context: Context): string[] => [EPHEMERAL, `label=${LABEL.stack}=${context.main.name}`];
const left = async (context: Context): Promise<string[]> => [
  ...(await ids("container", of(context))),
  ...(await ids("network", of(context))),
];

/** One session through the tunnel. */
async function through(context: Context, role: string, text: string): Promise<string> {
  const client = new Client({
    ...connection(mainOutputs(context), role),
    host: "127.0.0.1",
    port: TUNNEL_PORT,
    connectionTimeoutMillis: 5000,
  });
  // A server that goes away ends a session with an event, too; the query says so.
  client.on("error", () => undefined);
  await client.connect();
  try {
    return JSON.stringify((await client.query(text)).rows);
  } finally {
    await client.end();
  }
}

async function tunnel(
  context: Context,
): Promise<{ readonly end: (name: NodeJS.Signals) => Promise<void>; readonly text: () => string }> {
  // Not by way of npm, which would not hand a signal on.
  const child = start(
    process.execPath,
    [
      "bin/rampart.cjs",
      "psql",
      context.main.name,
      "--tunnel",
      String(TUNNEL_PORT),
      "--config-file",
      join(context.main.directory, `Pulumi.${context.main.name}.yaml`),
    ],
    { cwd: REPOSITORY, env: env(context) },
  );
  let text = "";
  child.stdout?.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  await until("the tunnel is open", 60, () => Promise.resolve(text.includes("Ctrl-C")));
  return { text: () => text, end: (name) => (signal(child, name), ended) };
}

/** Does something with the container of a psql session that waits for a lock until then, and then ends well. */
async function withWaitingSession<T>(context: Context, use: (id: string) => Promise<T>): Promise<T> {
  const outputs = mainOutputs(context);
  const { running, result } = await session(outputs, databaseOf(outputs).superuser, async (holder) => {
    await holder.query(`SELECT pg_advisory_lock(${LOCK})`);
    const patience = "SET lock_timeout = '60s'; SET statement_timeout = '60s'";
    const waiting = psql(context, "--", "-c", patience, "-c", `SELECT pg_advisory_lock(${LOCK})`);
    const id = await until(
      "the session",
      30,
      async () => (await ids("container", [...of(context), `label=${LABEL.name}=psql`], false))[0],
      100,
    );
    // In an object: a promise would be waited for here, while the lock is held.
    return { running: [waiting] as const, result: await use(id) };
  });
  const ended = await running[0];
  expect(ended.code === 0, `the session failed: ${ended.output}`);
  return result;
}

/** Ways in for a person, on the main stack. */
export const hostAccess: Suite<Context> = {
  name: "host access",
  stack: "main",
  checks: [
    {
      name: "npm run psql reads as app_ro by default, and takes psql's own arguments and exit code",
      repeatable: true,
      run: async (context) => {
        const answer = await psql(context, "--", "-Atc", "select current_user, inet_client_addr() is not null");
        expect(answer.code === 0 && answer.stdout.trim() === "app_ro|t", answer.output);
        const refused = await psql(context, "--", "-v", "ON_ERROR_STOP=1", "-c", "create table app.e2e_psql (a int)");
        expect(refused.code !== 0 && /permission denied/.test(refused.output), refused.output);
        expectNone(await left(context), "left behind");
      },
    },
    {
      name: "the other roles and the superuser get in as well, an unknown one is named beside those that there are",
      repeatable: true,
      run: async (context) => {
        for (const [role, user] of [
          ["app_rw", "app_rw"],
          ["migrator", "migrator"],
          ["superuser", "postgres"],
        ] as const) {
          const answer = await psql(context, "--role", role, "--", "-Atc", "select current_user");
          expect(answer.code === 0 && answer.stdout.trim() === user, `${role}: ${answer.output}`);
        }
        const unknown = await psql(context, "--role", "elevated_nobody");
        expect(unknown.code === 1, unknown.output);
        expectMatch(unknown.output, /--role: given 'elevated_nobody'; this stack has app_ro, /, "the answer");
      },
    },
    {
      name: "a session's container is hardened, publishes nothing, and shows no password",
      run: async (context) => {
        const [found, text] = await withWaitingSession(context, async (id) => [
          (await inspect([id]))[0],
          await mustDocker(["inspect", id]),
        ]);
        const { passwords, superuserPassword } = databaseOf(mainOutputs(context));
        expectNone(
          [...Object.values(passwords), superuserPassword]
            .filter((password) => text.includes(password))
            .map(() => "a password is in docker inspect"),
        );
        const host = found?.HostConfig;
        expect(
          host?.ReadonlyRootfs === true &&
            host.CapDrop?.join() === "ALL" &&
            host.SecurityOpt?.includes("no-new-privileges:true") === true &&
            (host.PidsLimit ?? 0) > 0 &&
            host.Memory > 0,
          text,
        );
        expect(
          found?.Config.User === "70:70" &&
            Object.keys(found.NetworkSettings.Ports).every((port) => found.NetworkSettings.Ports[port] === null),
          text,
        );
        expectNone(await left(context), "left behind");
      },
    },
    {
      name: "a tunnel listens only on loopback, refuses the superuser, and is gone after SIGTERM",
      run: async (context) => {
        const open = await tunnel(context);
        try {
          expectMatch(await through(context, "app_ro", "select current_user"), /app_ro/, "the session");
          const refused = await through(context, "postgres", "select 1").catch((error: unknown) => String(error));
          expectMatch(refused, /pg_hba\.conf rejects|no pg_hba\.conf entry/, "the superuser");
          expectMatch(
            (await run("ss", ["-Hltn", `sport = :${TUNNEL_PORT}`])).stdout,
            /^\S+\s+\S+\s+\S+\s+127\.0\.0\.1:\d+\s+\S+\s*$/,
            "the listener",
          );
          expectMatch(
            open.text(),
            new RegExp(`postgresql://app_ro@127\\.0\\.0\\.1:${TUNNEL_PORT}/`),
            "what is printed",
          );
        } finally {
          await open.end("SIGTERM");
        }
        expectNone(await left(context), "left behind");
      },
    },
    {
      name: "what a killed tunnel left is swept by the next run",
      repeatable: true,
      run: async (context) => {
        await (await tunnel(context)).end("SIGKILL");
        expect((await left(context)).length > 0, "nothing was left, so that nothing is proven");
        const answer = await psql(context, "--", "-Atc", "select 1");
        expect(answer.code === 0, answer.output);
        expectNone(await left(context), "left behind");
        expect(
          (await docker(["network", "ls", "--quiet", "--filter", EPHEMERAL])).stdout.trim() === "",
          "a network is left",
        );
        expect(!existsSync(`${REPOSITORY}/ca.pem`), "a file is left");
      },
    },
  ],
};
