import https from "node:https";
import { container, mustDocker } from "../lib/engine";
import { ask, handshake } from "../lib/http";
import { connects } from "../lib/probe";
import { run, until } from "../lib/process";
import { expect, expectNone, type Suite } from "../lib/runner";
import { MAIN, mainOutputs, type Context } from "../lib/stacks";

const MIB = 1_048_576;
const app = { host: MAIN.host, port: MAIN.httpsPort };

const HEADERS: Readonly<Record<string, RegExp>> = {
  "content-security-policy": /^default-src 'none'/,
  "cross-origin-opener-policy": /^same-origin$/,
  "cross-origin-resource-policy": /^same-origin$/,
  "permissions-policy": /camera=\(\)/,
  "referrer-policy": /^no-referrer$/,
  "strict-transport-security": /^max-age=63072000/,
  "x-content-type-options": /^nosniff$/,
  "x-frame-options": /^DENY$/,
};

/** Uploads of 1 MiB that stop after a part: a hundred of a client may be in flight, the others are refused. */
function unfinishedUploads(count: number): { readonly refused: () => number; readonly close: () => void } {
  const headers = { host: `${MAIN.host}:${MAIN.httpsPort}`, "content-length": String(MIB) };
  const target = { host: "127.0.0.1", port: MAIN.httpsPort, servername: MAIN.host, rejectUnauthorized: false };
  let refused = 0;
  const requests = Array.from({ length: count }, () => {
    const request = https.request({ ...target, path: "/api/echo", method: "POST", headers, agent: false });
    request.on("error", () => undefined);
    request.on("response", (response) => {
      if (response.resume().statusCode === 429) refused += 1;
    });
    request.write("x".repeat(16_384));
    return request;
  });
  return {
    close: () => requests.forEach((request) => request.destroy()),
    refused: () => refused,
  };
}

export const edge: Suite<Context> = {
  name: "edge",
  stack: "main",
  smoke: true,
  repeatable: true,
  checks: [
    {
      name: "plain http is redirected to https at the published port",
      run: async () => {
        const answer = await ask({ host: MAIN.host, port: MAIN.httpPort, plain: true, path: "/api/version?x=1" });
        expect(
          [301, 308].includes(answer.status) &&
            answer.headers.location === `https://${MAIN.host}:${MAIN.httpsPort}/api/version?x=1`,
          `${answer.status} ${answer.headers.location ?? ""}`,
        );
      },
    },
    {
      name: "curl gets the page, as a user would",
      run: async () => {
        const result = await run("curl", [
          "--noproxy",
          "*",
          "-sk",
          "-L",
          "--resolve",
          `${MAIN.host}:${MAIN.httpsPort}:127.0.0.1`,
          "--resolve",
          `${MAIN.host}:${MAIN.httpPort}:127.0.0.1`,
          `http://${MAIN.host}:${MAIN.httpPort}/`,
        ]);
        expect(/<h1>Rampart<\/h1>/.test(result.stdout), result.output);
      },
    },
    {
      name: "TLS 1.3 and 1.2, and nothing older",
      run: async () => {
        const old = { ciphers: "DEFAULT:@SECLEVEL=0", minVersion: "TLSv1" } as const;
        const at = async (maxVersion: "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3"): Promise<string | undefined> =>
          (await handshake(MAIN.httpsPort, MAIN.host, { ...old, maxVersion })).protocol;
        const agreed = [await at("TLSv1.3"), await at("TLSv1.2"), await at("TLSv1.1"), await at("TLSv1")];
        expect(agreed.join() === "TLSv1.3,TLSv1.2,,", `agreed on ${agreed.map((one) => one ?? "nothing").join(", ")}`);
      },
    },
    {
      name: "the certificate is signed by the stack's own authority, for the stack's hosts",
      run: async (context) => {
        const { certificateAuthority: ca } = mainOutputs(context);
        if (ca === undefined) throw new Error("there is no output certificateAuthority");
        const results = await Promise.all(
          [MAIN.host, MAIN.reportsHost].map((host) => handshake(MAIN.httpsPort, host, { ca })),
        );
        for (const { authorized, error } of results) expect(authorized === true, error ?? "not authorized");
        const other = await handshake(MAIN.httpsPort, "elsewhere.localhost", { ca });
        expect(other.authorized === false, "the certificate is good for other names");
      },
    },
    {
      name: "the security headers are on answers of every kind",
      run: async () => {
        const answers = await Promise.all(
          ["/", "/api/version", "/api/nothing-here"].map(async (path) => ({ path, ...(await ask({ ...app, path })) })),
        );
        expectNone(
          answers.flatMap(({ path, headers }) => [
            ...Object.entries(HEADERS).flatMap(([name, pattern]) =>
              pattern.test(String(headers[name] ?? "")) ? [] : [`${path}: ${name} is ${JSON.stringify(headers[name])}`],
            ),
            ...["server", "x-powered-by"].flatMap((name) =>
              headers[name] === undefined ? [] : [`${path}: ${name} is sent`],
            ),
          ]),
        );
      },
    },
    {
      name: "an unknown host gets 404 with the security headers, in https and in plain http, which leads nobody there",
      run: async () => {
        const answers = await Promise.all([
          ask({ host: "unknown.example", port: MAIN.httpsPort }),
          ask({ host: "unknown.example", port: MAIN.httpPort, plain: true }),
        ]);
        for (const { status, headers } of answers) {
          expect(
            status === 404 && headers["x-frame-options"] === "DENY" && headers.location === undefined,
            `${status} ${JSON.stringify(headers)}`,
          );
        }
      },
    },
    {
      name: "what is no ordinary request is refused, with the security headers: method, path, header size",
      repeatable: false,
      run: async () => {
        const wanted: readonly (readonly [string, number, Parameters<typeof ask>[0]])[] = [
          ["TRACE", 405, { ...app, path: "/api/version", method: "TRACE" }],
          ["PROPFIND", 405, { ...app, path: "/api/version", method: "PROPFIND" }],
          ["a semicolon", 400, { ...app, path: "/api/a;b" }],
          ["an encoded line break", 400, { ...app, path: "/api/a%0d%0ab" }],
          ["an encoded slash", 400, { ...app, path: "/api/a%2fb" }],
          ["20 KiB of headers", 431, { ...app, path: "/api/version", headers: { "X-Large": "x".repeat(20_480) } }],
        ];
        const faults = await Promise.all(
          wanted.map(async ([what, status, request]) => {
            const answer = await ask(request);
            return answer.status === status && answer.headers["x-frame-options"] === "DENY"
              ? []
              : [`${what}: ${answer.status} ${JSON.stringify(answer.headers)}`];
          }),
        );
        expectNone(faults.flat());
        return `${wanted.length} refused`;
      },
    },
    {
      name: "every answer carries the id under which the request is logged, without its query",
      run: async ({ main }) => {
        const secret = `q${Date.now()}`;
        const { headers } = await ask({
          ...app,
          path: `/api/version?token=${secret}`,
          headers: { "X-Request-Id": "mine" },
        });
        const id = String(headers["x-request-id"]);
        expect(/^[0-9a-f-]{36}$/.test(id), `the id is ${id}`);
        const gateway = await container(main.name, "gateway");
        const line = await until("the request is in the log", 10, async () =>
          (await mustDocker(["logs", "--tail", "500", gateway.Id])).split("\n").find((one) => one.includes(id)),
        );
        const entry = JSON.parse(line) as Record<string, unknown>;
        expect(entry["status"] === 200 && entry["upstreamStatus"] === "200" && entry["route"] === "api", line);
        expect(!line.includes(secret), "the query is in the log");
      },
    },
    {
      name: "paths go where they belong: /api to the API, /apix and the rest to the frontend",
      run: async () => {
        const body = async (path: string): Promise<string> => (await ask({ ...app, path })).body;
        const [version, apix, page] = [await body("/api/version"), await body("/apix"), await body("/some/page")];
        expect(version === "1.0.0" && /<h1>/.test(apix) && /<h1>/.test(page), JSON.stringify({ version, apix, page }));
      },
    },
    {
      name: "the API works through the edge: database, cache, reports that cannot write",
      repeatable: false,
      run: async () => {
        const database = await ask({ ...app, path: "/api/db" });
        expect(
          database.status === 200 && (JSON.parse(database.body) as { user: string }).user === "app_rw",
          database.body,
        );
        const cache = await ask({ ...app, path: "/api/cache" });
        expect(cache.status === 200 && (JSON.parse(cache.body) as { same: boolean }).same, cache.body);
        const reports = await ask({ ...app, host: MAIN.reportsHost, path: "/api/db" });
        expect(
          reports.status === 500 && /permission denied/.test(reports.body),
          `reports: ${reports.status} ${reports.body}`,
        );
      },
    },
    {
      name: "a body over the limit gets 413, one below it passes",
      run: async () => {
        const post = (bytes: number): ReturnType<typeof ask> =>
          ask({ ...app, path: "/api/echo", method: "POST", body: Buffer.alloc(bytes, "x") });
        const small = await post(1_000_000);
        const large = await post(1_100_000);
        expect(
          small.status === 200 && small.body.includes("1000000") && large.status === 413,
          `${small.status} ${small.body}; ${large.status}`,
        );
      },
    },
    {
      name: "an answer of 80 MiB passes, leaves nothing in /tmp, and bodies pass after it",
      repeatable: false,
      run: async ({ main }) => {
        const large = await ask({ ...app, path: `/api/large?bytes=${80 * MIB}` });
        expect(large.status === 200 && large.body.length === 80 * MIB, `${large.status}, ${large.body.length} bytes`);
        for (const name of ["edge", "gateway"]) {
          const { Id } = await container(main.name, name);
          const left = (await mustDocker(["exec", Id, "/bin/sh", "-c", "ls -A /tmp"])).trim().split("\n");
          const strange = left.filter((file) => file !== "" && !file.startsWith("haproxy.sock"));
          expect(strange.length === 0, `${name}'s /tmp holds ${strange.join(", ")}`);
        }
        const small = await ask({ ...app, path: "/api/echo", method: "POST", body: Buffer.alloc(900_000, "x") });
        expect(small.status === 200 && small.body.includes("900000"), `${small.status} ${small.body}`);
      },
    },
    {
      name: "199 unfinished uploads of one client are capped, and the edge lives and serves on",
      // A burst of handshakes, which a busy machine spreads out.
      smoke: false,
      repeatable: false,
      run: async ({ main }) => {
        const held = unfinishedUploads(199);
        try {
          await until("99 are refused", 20, () => Promise.resolve(held.refused() >= 99));
          expect(held.refused() === 99, `${held.refused()} refused`);
        } finally {
          held.close();
        }
        // The edge gives an upload's place away when it has seen that its client is gone.
        await until("the edge serves on", 10, async () => {
          const { status, body } = await ask({ ...app, path: "/api/echo", method: "POST", body: "hello" });
          expect(status === 200, `${status} ${body}`);
          return true;
        });
        for (const name of ["edge", "gateway"]) {
          const { State, RestartCount } = await container(main.name, name);
          expect(State.Running && RestartCount === 0, `${name}: ${JSON.stringify(State)}, ${RestartCount} restarts`);
        }
        return "99 refused";
      },
    },
    {
      name: "more requests than a route's rate get 429",
      // A busy machine sends the requests so slowly that more of them pass.
      smoke: false,
      repeatable: false,
      run: async () => {
        const statuses = await Promise.all(
          Array.from(
            { length: 60 },
            async () => (await ask({ ...app, host: MAIN.reportsHost, path: "/api/version" })).status,
          ),
        );
        const count = (status: number): number => statuses.filter((one) => one === status).length;
        expect(
          count(200) >= 10 && count(429) >= 20 && count(200) + count(429) === 60,
          `${count(200)} passed, ${count(429)} refused, of 60`,
        );
        return `${count(200)} passed, ${count(429)} refused, of 60`;
      },
    },
    {
      name: "a forged X-Forwarded-For is not believed",
      repeatable: false,
      run: async () => {
        const forged = "203.0.113.9";
        const names = [
          ...["X-Forwarded-For", "X-Real-Ip", "Forwarded", "True-Client-Ip", "Cf-Connecting-Ip", "X-Client-Ip"],
          ...["X-Original-Url", "X-Rewrite-Url", "X-Http-Method-Override", "X-Request-Id", "Proxy", "X_Forwarded_For"],
          ...["X-Forwarded-Prefix", "X-Forwarded-Host", "X-Auth-Request-User", "Remote-User"],
        ];
        const answer = await ask({
          ...app,
          path: "/api/headers",
          headers: { ...Object.fromEntries(names.map((name) => [name, forged])), "X-Kept": "kept" },
        });
        expect(!answer.body.includes(forged), answer.body);
        expect(answer.body.includes("kept"), `an ordinary header is not passed on: ${answer.body}`);
      },
    },
    {
      name: "neither ping nor dashboard nor API can be reached from outside",
      repeatable: false,
      run: async ({ main }) => {
        const paths = [
          "/ping",
          "/dashboard/",
          "/api/rawdata",
          "/api/overview",
          "/metrics",
          "/rampart/config/000000000000",
        ];
        const found = await Promise.all(
          paths.flatMap((path) =>
            [
              { host: "127.0.0.1", port: MAIN.httpsPort },
              { host: "127.0.0.1", port: MAIN.httpPort, plain: true },
            ].map(async (to) => ({ path, to, status: (await ask({ ...to, path })).status })),
          ),
        );
        expectNone(
          found.filter(({ status }) => status === 200).map(({ path, to }) => `${path} on port ${to.port} answers 200`),
        );
        const web = await container(main.name, "web");
        const addresses = async (name: string): Promise<string[]> =>
          Object.values((await container(main.name, name)).NetworkSettings.Networks).map(({ IPAddress }) => IPAddress);
        const [edge, gateway] = [await addresses("edge"), await addresses("gateway")];
        const open = await Promise.all(
          [...edge, ...gateway].flatMap((ip) =>
            [8080, 8081, 8082, 8083, 8084, 8443, 8444].map(async (port) =>
              // What is open to the internet is open to the frontend as well; what the edge speaks to is closed at
              // once.
              (await connects(web, ip, port)) && !(gateway.includes(ip) && [8080, 8443, 8444].includes(port))
                ? [`${ip}:${port}`]
                : [],
            ),
          ),
        );
        expectNone(open.flat(), "ports of the edge and the gateway that a service can reach");
      },
    },
  ],
};
