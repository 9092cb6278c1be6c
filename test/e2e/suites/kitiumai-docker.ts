/** The example of kitiumai/docker on the engine: the lines of its guidelines that are about this machine. */
import { container, containers, docker, mustDocker } from "../lib/engine";
import { ask, type Answer } from "../lib/http";
import { KITIUM, kitiumSettings } from "../lib/kitiumai-docker";
import { tail } from "../lib/process";
import { Stack, type Outputs } from "../lib/pulumi";
import { expect, expectMatch, type Suite } from "../lib/runner";
import type { Context } from "../lib/stacks";
import { session } from "./database";

let made: Stack | undefined;
let outputs: Outputs | undefined;
const stackOf = (context: Context): Stack => (made ??= new Stack(KITIUM.stack, context.work));
const known = (): Outputs => {
  if (outputs === undefined) throw new Error("the stack has no outputs yet");
  return outputs;
};

const to = (path: string, headers: Readonly<Record<string, string>> = {}, method = "GET"): Promise<Answer> =>
  ask({
    host: KITIUM.host,
    port: KITIUM.httpsPort,
    path,
    method,
    headers,
    ...(method === "POST" ? { body: "{}" } : {}),
  });

const allowedFor = async (origin: string): Promise<unknown> => {
  const asked = { Origin: origin, "Access-Control-Request-Method": "POST" };
  return (await to("/api/items", asked, "OPTIONS")).headers["access-control-allow-origin"];
};

export const kitiumaiDocker: Suite<Context> = {
  name: "kitiumai-docker",
  stack: "kitium",
  once: true,
  checks: [
    {
      name: "the example's own file deploys, and its preview is empty",
      critical: true,
      run: async (context) => {
        await stackOf(context).init();
        const result = await stackOf(context).mustUp(kitiumSettings(context.images));
        outputs = await stackOf(context).outputs();
        const preview = await stackOf(context).preview(["--expect-no-changes", "--refresh"]);
        expect(preview.code === 0, tail(preview.output, 40));
        return `${result.seconds.toFixed(1)} s`;
      },
    },
    {
      name: "the API runs as 1000:1000, within its limits, and keeps ten log files of 20 MiB",
      run: async () => {
        const { Config, HostConfig } = await container(KITIUM.stack, "api");
        expect(Config.User === "1000:1000", String(Config.User));
        const { Memory, MemorySwap, NanoCpus, ReadonlyRootfs, LogConfig } = HostConfig;
        expect(Memory === 512 * 1024 ** 2 && MemorySwap === Memory && NanoCpus === 1e9, JSON.stringify(HostConfig));
        expect(ReadonlyRootfs, "the root file system can be written to");
        const { Config: log } = LogConfig;
        expect(log["max-size"] === "20m" && log["max-file"] === "10", JSON.stringify(LogConfig));
      },
    },
    {
      name: "Postgres takes the API's role over TLS 1.3 with scram-sha-256, and lets it change no structure",
      run: () =>
        session(known(), "app_rw", async (client) => {
          const tls = await client.query("SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
          expectMatch(JSON.stringify(tls.rows), /"ssl":true,"version":"TLSv1\.3"/, "the session");
          const kept = await client.query("SHOW password_encryption");
          expectMatch(JSON.stringify(kept.rows), /scram-sha-256/, "how passwords are kept");
          const refused = await client.query("CREATE TABLE app.mine (id int)").then(
            () => "created",
            (error: unknown) => String(error),
          );
          expectMatch(refused, /permission denied/, "a table of the API's own");
        }),
    },
    {
      name: "Redis takes only TLS, has no default user, and writes its append-only file",
      run: async () => {
        const answer = await to("/api/cache");
        expect(answer.status === 200 && answer.body.includes('"same":true'), `${answer.status} ${answer.body}`);
        const { Id } = await container(KITIUM.stack, "redis");
        expectMatch(await mustDocker(["exec", Id, "ls", "/data/appendonlydir"]), /\.aof/, "the directory");
        const plain = await docker(["exec", Id, "redis-cli", "-p", "6379", "PING"]);
        expect(!plain.output.includes("PONG"), plain.output);
      },
    },
    {
      name: "pages of its one origin may ask the API, and pages of others may not",
      run: async () => {
        expect((await allowedFor(KITIUM.origin)) === KITIUM.origin, "the own origin is refused");
        for (const origin of ["https://evil.example.org", "null", "http://app.e2e.example.org"]) {
          const allowed = await allowedFor(origin);
          expect(allowed !== origin && allowed !== "*", `${origin}: ${String(allowed)}`);
        }
      },
    },
    {
      name: "plain http leads to https, and the eleventh attempt to sign in is refused",
      run: async () => {
        const plain = await ask({ host: KITIUM.host, port: KITIUM.httpPort, path: "/x", plain: true });
        expectMatch(`${plain.status} ${String(plain.headers.location)}`, /^30[18] https:\/\//, "plain http");
        const statuses: number[] = [];
        for (let attempt = 0; attempt < 12; attempt += 1)
          statuses.push((await to("/auth/login", { "content-type": "application/json" }, "POST")).status);
        expect(!statuses.slice(0, 10).includes(429) && statuses.includes(429), statuses.join());
      },
    },
    {
      name: "destroy takes everything away",
      run: async (context) => {
        const stack = stackOf(context);
        const settings = kitiumSettings(context.images);
        await stack.mustUp({
          ...settings,
          database: { ...(settings["database"] as object), protect: false },
          redis: { ...(settings["redis"] as object), protect: false },
        });
        const result = await stack.destroy();
        expect(result.code === 0, tail(result.output, 40));
        expect((await containers(KITIUM.stack, true)).length === 0, "containers are left");
      },
    },
  ],
};
