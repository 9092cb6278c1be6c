/** The AMO portal's example on the engine: each line of its baseline that a client can try. */
import https from "node:https";
import { FORM, form, headerFaults, listen, MIB, portal, post, signIn, to, type Stream } from "../lib/amo-client";
import { AMO, amoSettings } from "../lib/amo-portal";
import { fromElsewhere } from "../lib/elsewhere";
import { container, containers, LABEL, mustDocker, nameOf } from "../lib/engine";
import { ask, type Answer } from "../lib/http";
import { tail, until } from "../lib/process";
import { Stack, type Outputs } from "../lib/pulumi";
import { expect, expectMatch, expectNone, type Suite } from "../lib/runner";
import type { Context } from "../lib/stacks";

/** Postgres, Redis, the services, plain http, and what the edge and the gateway have for themselves. */
const INNER_PORTS = [5432, 6379, 8000, 8080, 8082, 8083];

let made: Stack | undefined;
let outputs: Outputs | undefined;
const stackOf = (context: Context): Stack => (made ??= new Stack(AMO.stack, context.work));
export const known = (): Outputs => {
  if (outputs === undefined) throw new Error("the stack has no outputs yet");
  return outputs;
};

const password = (): string => known().access?.["anna"] ?? "";
const basic = (user: string, secret: string): string => `Basic ${Buffer.from(`${user}:${secret}`).toString("base64")}`;

export const amo: Suite<Context> = {
  name: "amo",
  stack: "amo",
  once: true,
  checks: [
    {
      name: "the example's own file deploys, and its preview is empty",
      critical: true,
      run: async (context) => {
        await stackOf(context).init();
        const result = await stackOf(context).mustUp(amoSettings(context.images));
        outputs = await stackOf(context).outputs();
        const preview = await stackOf(context).preview(["--expect-no-changes", "--refresh"]);
        expect(preview.code === 0, tail(preview.output, 40));
        return `${result.seconds.toFixed(1)} s`;
      },
    },
    {
      name: "one port is published, the gateway's; no other port of a container answers another machine",
      run: async () => {
        const running = await containers(AMO.stack);
        const listed = await mustDocker([
          "ps",
          "--filter",
          `label=${LABEL.stack}=${AMO.stack}`,
          "--format",
          "{{.Ports}}",
        ]);
        const published = [...new Set([...listed.matchAll(/:(\d+)->/g)].map(([, port]) => port))];
        expect(published.join() === String(AMO.httpsPort), `published: ${published.join(", ")}`);
        await fromElsewhere(async (client) => {
          expect(await client.connects(client.host, AMO.httpsPort), "the edge does not answer from elsewhere");
          const targets = running.flatMap((one) =>
            Object.values(one.NetworkSettings.Networks).flatMap(({ IPAddress }) =>
              INNER_PORTS.map((port) => ({ name: nameOf(one), address: IPAddress, port })),
            ),
          );
          const tries = await Promise.all(
            targets.map(async (one) => ({ ...one, open: await client.connects(one.address, one.port) })),
          );
          expectNone(tries.filter(({ open }) => open).map(({ name, address, port }) => `${name}: ${address}:${port}`));
        });
      },
    },
    {
      name: "every answer has the baseline's headers: pages, data, errors, refusals of each kind",
      run: async () => {
        const answers: readonly (readonly [what: string, status: number, answer: Answer])[] = [
          ["a page", 200, await to("/")],
          ["data", 200, await to("/api/version")],
          ["an error of the application", 404, await to("/api/nothing")],
          ["another host", 404, await ask({ ...portal, host: "unknown.example" })],
          ["a method", 405, await to("/api/documents/upload")],
          ["a type", 415, await post("/api/documents/upload", "text/html", "<p>")],
          ["a size", 413, await post("/api/version", "application/json", "x".repeat(MIB + 1))],
          ["a path", 400, await to("/api/a;b")],
          ["no password", 401, await to("/admin")],
          ["the administration", 200, await to("/admin", { headers: { Authorization: basic("anna", password()) } })],
        ];
        expectNone(
          answers.flatMap(([what, status, answer]) => [
            ...(answer.status === status ? [] : [`${what}: ${answer.status}, not ${status}`]),
            ...headerFaults(what, answer),
          ]),
        );
        const [page, data, admin] = [answers[0]?.[2], answers[1]?.[2], answers[9]?.[2]].map((one) =>
          String(one?.headers["content-security-policy"]),
        );
        expect(/script-src 'self'/.test(page ?? "") && /img-src 'self' blob:/.test(page ?? ""), `the page: ${page}`);
        expect(!/'self'/.test(data ?? ""), `the data: ${data}`);
        expect(/nonce-of-this-page/.test(admin ?? ""), `the administration: ${admin}`);
      },
    },
    {
      // Before the checks that are refused often: of one client, 30 refusals a minute are logged.
      name: "each request is in the gateway's log with its id and the application's status, without token or query",
      run: async () => {
        const secret = `s${Date.now()}`;
        const headers = { Authorization: `Bearer ${secret}`, Cookie: `session=${secret}` };
        const served = await to(`/api/nothing?token=${secret}`, { headers });
        const refused = await to("/api/documents/upload");
        const gateway = await container(AMO.stack, "gateway");
        const entryOf = async (answer: Answer): Promise<Record<string, unknown>> => {
          const id = String(answer.headers["x-request-id"]);
          const line = await until("the request is in the log", 10, async () =>
            (await mustDocker(["logs", "--tail", "500", gateway.Id])).split("\n").find((one) => one.includes(id)),
          );
          expect(!line.includes(secret), "the secret is in the log");
          return JSON.parse(line) as Record<string, unknown>;
        };
        const [first, second] = [await entryOf(served), await entryOf(refused)];
        expect(
          first["status"] === 404 && first["upstreamStatus"] === "404" && String(first["route"]).includes("api"),
          JSON.stringify(first),
        );
        expect(second["status"] === 405 && second["refused"] === "method", JSON.stringify(second));
      },
    },
    {
      name: "after ten attempts to sign in comes 429 with Retry-After, for this client and this route only",
      run: async () => {
        for (const path of ["/auth/login", "/auth/oauth/start", "/auth/oauth/callback"]) {
          const send = (): Promise<Answer> => (path === "/auth/login" ? signIn() : to(path));
          const passed: number[] = [];
          for (let count = 0; count < 10; count += 1) passed.push((await send()).status);
          const wanted = path === "/auth/login" ? 401 : 200;
          expect(
            passed.every((status) => status === wanted),
            `${path}: ${passed.join()}`,
          );
          const refused = await send();
          expect(
            refused.status === 429 && Number(refused.headers["retry-after"]) > 0,
            `${path}: ${refused.status} ${JSON.stringify(refused.headers)}`,
          );
          expectNone(headerFaults(path, refused));
        }
        expect((await to("/api/version")).status === 200, "another route is refused, too");
        const args = ["-H", "Content-Type: application/json", "-d", '{"user":"ben","password":"right"}'];
        const other = await fromElsewhere((client) => client.curl({ ...portal, path: "/auth/login" }, args));
        expect(other.status === 200 && other.output.includes("of ben"), other.output);
      },
    },
    {
      name: "/auth and /api have buckets, too, and /auth's is the smaller",
      run: async () => {
        const agent = new https.Agent({ keepAlive: true, maxSockets: 6 });
        /** How many pass before the first refusal, of at most so many. */
        const passed = async (path: string, most: number): Promise<number> => {
          const statuses = await Promise.all(
            Array.from({ length: most }, async () => (await to(path, { agent })).status),
          );
          expectNone(
            statuses
              .filter((status) => status !== 404 && status !== 200 && status !== 429)
              .map((status) => `${path}: ${status}`),
          );
          return statuses.filter((status) => status !== 429).length;
        };
        try {
          const auth = await passed("/auth/me", 40);
          expect(auth === 30, `${auth} of 40 passed on /auth`);
          // A busy machine may send a batch so slowly that all of it passes.
          const [api, seconds] = await until("a refusal on /api", 60, async () => {
            const started = Date.now();
            const count = await passed("/api/version", 400);
            return count < 400 ? ([count, (Date.now() - started) / 1000] as const) : undefined;
          });
          // The checks before this one have sent a few, too.
          expect(api >= 80 && api <= 100 * (1 + seconds / 2), `${api} passed on /api within ${seconds} s`);
          await until("/api serves again", 10, async () => (await passed("/api/version", 5)) === 5);
          return `${auth} of 40 passed on /auth, ${api} of 400 on /api`;
        } finally {
          agent.destroy();
        }
      },
    },
    {
      name: "uploads: each module takes its types and its size, by its methods and its rate, and nothing else",
      run: async () => {
        const documents = await post("/api/documents/upload", FORM, form(5 * MIB));
        expect(documents.status === 200 && documents.body.includes(`[${5 * MIB}]`), documents.body);
        const declared = (path: string, type: string, bytes: number): Promise<Answer> =>
          to(path, { method: "POST", headers: { "Content-Type": type, "Content-Length": String(bytes) } });
        const wanted: readonly (readonly [what: string, status: number, answer: Answer])[] = [
          ["26 MiB of documents", 413, await declared("/api/documents/upload", FORM, 26 * MIB)],
          ["11 MiB for training", 413, await declared("/api/training/upload", FORM, 11 * MIB)],
          ["3 MiB of members", 413, await declared("/api/members/import", "text/csv", 3 * MIB)],
          ["a page as a document", 415, await post("/api/documents/upload", "text/html", "<p>")],
          ["a PDF for training", 415, await post("/api/training/upload", "application/pdf", "%PDF-")],
          ["a form of members", 415, await post("/api/members/import", FORM, form(10))],
          ["reading", 405, await to("/api/documents/upload")],
          ["deleting", 405, await to("/api/training/upload", { method: "DELETE" })],
          ["a file as data", 415, await post("/api/version", FORM, form(10))],
          ["members", 200, await post("/api/members/import", "text/csv", "name\nanna\n")],
        ];
        expectNone(
          wanted.flatMap(([what, status, answer]) =>
            answer.status === status ? [] : [`${what}: ${answer.status}, not ${status}`],
          ),
        );
        // 15 in half a minute, of which three were refused above.
        const statuses: number[] = [];
        for (let count = 0; count < 12; count += 1)
          statuses.push((await post("/api/training/upload", FORM, form(10))).status);
        expect(
          statuses.every((status) => status === 200),
          statuses.join(),
        );
        const refused = await post("/api/training/upload", FORM, form(10));
        expect(refused.status === 429, `the sixteenth: ${refused.status}`);
        expect(Number(refused.headers["retry-after"]) > 0, JSON.stringify(refused.headers));
      },
    },
    {
      name: "event streams: the first event at once, the seventh of a client refused, and others served",
      run: async () => {
        const streams: Stream[] = [];
        try {
          for (let count = 0; count < 6; count += 1) streams.push(await listen());
          expectNone(
            streams.flatMap(({ status, firstMs }) =>
              status === 200 && firstMs < 1000 ? [] : [`${status} after ${firstMs} ms`],
            ),
          );
          const seventh = await to("/api/events");
          expect(
            seventh.status === 429 && Number(seventh.headers["retry-after"]) > 0,
            `the seventh: ${seventh.status} ${seventh.body}`,
          );
          expect((await to("/")).status === 200, "the client's other requests are refused, too");
          const other = await fromElsewhere((client) => client.curl({ ...portal, path: "/api/events" }, ["-N"], 3));
          expect(other.status === 200 && /"number":1}[\s\S]*"number":2}/.test(other.output), other.output);
        } finally {
          streams.forEach(({ close }) => close());
        }
        const again = await until("the place of a stream that ended is free", 10, async () => {
          const stream = await listen();
          stream.close();
          return stream.status === 200 ? stream : undefined;
        });
        return `the first event after at most ${Math.max(again.firstMs, ...streams.map(({ firstMs }) => firstMs))} ms`;
      },
    },
    {
      name: "the administration: 403 from elsewhere, 401 without the password, 200 with it",
      run: async () => {
        const right = basic("anna", password());
        const wrong = [undefined, basic("anna", "guess"), basic("ben", password()), "Bearer of anna"];
        for (const authorization of wrong) {
          const answer = await to("/admin", {
            headers: authorization === undefined ? {} : { Authorization: authorization },
          });
          expect(answer.status === 401, `${authorization?.split(" ")[0] ?? "nothing"}: ${answer.status}`);
          expectMatch(String(answer.headers["www-authenticate"]), /^Basic realm/, "the challenge");
        }
        const inside = await to("/admin", { headers: { Authorization: right } });
        expect(inside.status === 200 && inside.body.includes("authorization: false"), inside.body);
        await fromElsewhere(async (client) => {
          const forged = ["-H", `Authorization: ${right}`, "-H", "X-Forwarded-For: 10.247.0.1"];
          for (const path of ["/admin", "/admin/users", "//admin", "/%61dmin", "/./admin", "/x/../admin"]) {
            const { status, output } = await client.curl({ ...portal, path }, forged);
            expect(
              status === (/\/\.\.?\//.test(path) ? 400 : 403) && !output.includes("Administration"),
              `${path}: ${output}`,
            );
            expectMatch(output, /x-frame-options: DENY/i, path);
          }
        });
      },
    },
    {
      name: "neither metrics nor health of the edge or the API can be reached through the edge",
      run: async () => {
        for (const path of ["/metrics", "/api/metrics", "/stats", "/haproxy", "/ping", "/docs"]) {
          const { status, body } = await to(path);
          expect(
            status === 404 ||
              status === 429 ||
              /<h1>Rampart<\/h1>/.test(body) ||
              (path === "/healthz" && body === "ok"),
            `${path}: ${status} ${body.slice(0, 200)}`,
          );
          expect(!/# (?:HELP|TYPE)|haproxy_|traefik_/.test(body), `${path}: ${body.slice(0, 200)}`);
        }
      },
    },
    {
      name: "each container keeps ten log files of 50 MiB",
      run: async () => {
        const others = (await containers(AMO.stack)).flatMap((one) => {
          const { Type, Config } = one.HostConfig.LogConfig;
          return Type === "json-file" && Config["max-size"] === "50m" && Config["max-file"] === "10"
            ? []
            : [`${nameOf(one)}: ${Type} ${JSON.stringify(Config)}`];
        });
        expectNone(others);
      },
    },
  ],
};
