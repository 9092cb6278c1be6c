import type { GatewayRoute } from "../../../hardening/gateway";
import { sentHeaders } from "../../../hardening/gateway/base-config";
import { ACCESS_LOG_FIELDS } from "../../../hardening/gateway/access-log";
import { describeWith } from "../../programs";
import { Application } from "./application";
import { ask, ask2, connect, keepAlive, raw, replyOf, start, until, type Reply, type Request } from "./client";
import { cors, input, route } from "./input";
import { RealHaproxy } from "./real-haproxy";

const HOST = "app.example.com";
const plenty = { average: 1_000_000, burst: 1_000_000, periodSeconds: 1 };
const quick = { requestSeconds: 1, responseSeconds: 1, streamSeconds: 60 };

describeWith("haproxy")("requests, judged by a real HAProxy", () => {
  let app: Application;
  let haproxy: RealHaproxy;

  const routes = (): GatewayRoute[] => {
    const base: GatewayRoute = {
      ...route,
      target: { alias: "app-1", port: app.port },
      rateLimit: plenty,
      timeouts: quick,
    };
    const at = (name: string, change: Partial<GatewayRoute> = {}): GatewayRoute => ({
      ...base,
      name,
      pathPrefix: `/${name}`,
      ...change,
    });
    return [
      at("api", { maxBodyBytes: 1_000 }),
      at("upload", { methods: ["GET", "POST", "PUT", "DELETE"] }),
      at("limited", { rateLimit: { average: 6, burst: 3, periodSeconds: 1 } }),
      at("login", { rateLimit: { average: 10, burst: 3, periodSeconds: 60 } }),
      at("few", { inFlight: { perClient: 2, total: 3 } }),
      at("json", { contentTypes: ["application/json", "image/*"] }),
      at("small", { maxHeaderBytes: 600 }),
      at("ws", { webSocket: true }),
      at("events", { streaming: true }),
      at("events-rest", { pathPrefix: "/events" }),
      at("get", { methods: ["GET", "HEAD"] }),
      at("shared", { cors: { ...cors, allowedOrigins: ["https://other.example.com"] } }),
      at("anybody", { cors: { ...cors, allowedOrigins: ["*"], allowCredentials: false } }),
      at("own", {
        headers: {
          fromApplication: ["Content-Security-Policy"],
          extra: {
            "X-T": `100% "a" \\ $HOME %[env(HOME)] 'b' {}#;`,
            "Referrer-Policy": "",
            "X-Frame-Options": "SAMEORIGIN",
          },
        },
      }),
      at("gone", { target: { alias: "nobody", port: 1 } }),
      at("web", { host: "www.example.com", pathPrefix: "/" }),
    ];
  };

  beforeAll(async () => {
    app = await Application.start("one");
    haproxy = await RealHaproxy.start({
      input: {
        ...input,
        edgeSubnet: "127.0.0.0/8",
        externalHttpsPort: 8443,
        routes: routes(),
        connections: { perClient: 256, total: 2000 },
      },
      names: { "app-1": ["127.0.0.1"], nobody: ["127.0.0.1"] },
      replace: [["timeout http-request 10s", "timeout http-request 300ms"]],
    });
  });
  afterAll(async () => {
    await haproxy.stop();
    await app.stop();
  });

  let clients = 0;
  /** An address that nobody had before. */
  const newClient = (): string => `198.51.100.${(clients += 1) + 1}`;
  const get = (path: string, request: Request = {}): Promise<Reply> => haproxy.ask(path, request);
  const statusOf = async (path: string, request: Request = {}): Promise<number> => (await get(path, request)).status;
  const statuses = (paths: readonly string[], request: Request = {}): Promise<number[]> =>
    Promise.all(paths.map((path) => statusOf(path, request)));
  /** What the application saw of a request. */
  const echo = (reply: Reply): { url: string; size: number; headers: Record<string, string> } =>
    JSON.parse(reply.body) as { url: string; size: number; headers: Record<string, string> };

  const expectHeaders = ({ headers }: Reply): void => {
    const given = Object.fromEntries(sentHeaders().map(([name]) => [name, headers[name.toLowerCase()]]));
    expect(given).toEqual(Object.fromEntries(sentHeaders()));
    expect([headers.server, headers["x-powered-by"]]).toEqual([undefined, undefined]);
  };

  it("finds the route by the path as an application reads it, and by the host in any letters", async () => {
    expect(await statuses(["/api", "/api/", "/api/x?y", "/%61pi/x", "//api", "/api//x", "/a%70i"])).toEqual(
      Array.from({ length: 7 }, () => 200),
    );
    expect(await statuses(["/apix", "/", "/ap", "/API", "/%61pix", "/x/api"])).toEqual(
      Array.from({ length: 6 }, () => 404),
    );
    expect(await statusOf("/api", { host: `APP.Example.com:8443` })).toBe(200);
    expect(await statusOf("/anything/at/all", { host: "www.example.com" })).toBe(200);
    expect(await statusOf("/api", { host: "other.example.com" })).toBe(404);
    expect(echo(await get("/api//a%20b?c=%2f..")).url).toBe("/api//a%20b?c=%2f..");
  });

  it.each([
    ...["/api/../get", "/api/..", "/api/./x", "/api/%2e%2e/x", "/api/.%2E", "/api;x=1", "/api/%3bx", "/api\\x"],
    ...["/api%5cx", "/api%2fx", "/api/%2F..", "/api/%252e", "/api%23", "/api%3f", "/api%00", "/api/%0d%0a", "/api%7F"],
    ...["/api%zz", "/api%2", "/api%", "//../api", "/..", "/%2e%2e/api"],
  ])("refuses the path %s, which can be read in two ways", async (path) => {
    const from = newClient();
    const answer = await haproxy.raw(`GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`, { from });
    expect(answer.slice(0, 12)).toBe("HTTP/1.1 400");
    expect(answer).toMatch(/the path can be read in two ways|the request is malformed/);
  });

  it("refuses a method that the route does not take, and says which it takes", async () => {
    const replies = await Promise.all(["POST", "DELETE", "TRACE", "PROPFIND"].map((method) => get("/get", { method })));
    expect(replies.map(({ status, headers }) => [status, headers.allow])).toEqual(
      replies.map(() => [405, "GET, HEAD"]),
    );
    expect(await statusOf("/get", { method: "HEAD" })).toBe(200);
    expect(await statusOf("/api", { method: "TRACE" })).toBe(405);
    expect(
      (await haproxy.raw(`CONNECT ${HOST}:443 HTTP/1.1\r\nHost: ${HOST}:443\r\nConnection: close\r\n\r\n`)).split(
        "\r\n",
      )[0],
    ).toMatch(/ (400|404|405) /);
  });

  it("leads plain http to https, for its own hosts only, and serves nothing there", async () => {
    const plain = (path: string, request: Request = {}): Promise<Reply> =>
      ask(haproxy.ports.http, path, { direct: true, ...request });
    const { status, headers } = await plain("/api/a?b=c&d");
    expect([status, headers.location]).toEqual([301, `https://${HOST}:8443/api/a?b=c&d`]);
    expect((await plain("/nothing", { host: "WWW.example.com:80" })).headers.location).toBe(
      "https://www.example.com:8443/nothing",
    );
    const stranger = await plain("/api", { host: "evil.example.com" });
    expect([stranger.status, stranger.headers.location]).toEqual([404, undefined]);
    expectHeaders(stranger);
    expectHeaders(await plain("/api"));
    expect((await plain("/.well-known/acme-challenge/x")).status).toBe(301);
    expect((await plain("/a%0d%0ab")).status).toBe(400);
  });

  it("refuses a body that is declared larger, before a byte of it, and takes one of the limit itself", async () => {
    const before = app.count("/api/declared");
    const declared = (length: string, method = "POST"): Promise<Reply> => {
      const request = start(haproxy.ports.https, "/api/declared", { method, headers: { "content-length": length } });
      request.flushHeaders();
      return replyOf(request).finally(() => request.destroy());
    };
    for (const length of ["1001", "0001001", "100000000000"]) expect((await declared(length)).status).toBe(413);
    expect((await declared("1001", "GET")).status).toBe(413);
    expect(app.count("/api/declared")).toBe(before);
    const reply = await get("/api", { method: "POST", body: "x".repeat(1000) });
    expect([reply.status, echo(reply).size]).toEqual([200, 1000]);
  });

  it("takes a body without a length up to 32 KiB, or to the route's limit, in HTTP/1.1 and HTTP/2", async () => {
    const chunked = async (path: string, size: number, method = "POST"): Promise<[number, number]> => {
      const reply = await get(path, { method, body: "x".repeat(size), headers: { "transfer-encoding": "chunked" } });
      return [reply.status, reply.status === 200 ? echo(reply).size : 0];
    };
    const streamed = async (path: string, size: number, method = "POST"): Promise<[number, number]> => {
      const reply = await ask2(haproxy.ports.https, path, { method, body: "x".repeat(size) });
      return [reply.status, reply.status === 200 ? echo(reply).size : 0];
    };
    for (const send of [chunked, streamed]) {
      expect(await send("/api", 1000)).toEqual([200, 1000]);
      expect(await send("/api", 1001)).toEqual([413, 0]);
      expect(await send("/upload", 32_768)).toEqual([200, 32_768]);
      expect(await send("/upload", 32_769)).toEqual([411, 0]);
      expect(await send("/upload", 200_000)).toEqual([411, 0]);
    }
    // A body on a method that seldom has one is judged, too.
    expect(await chunked("/upload", 100_000, "GET")).toEqual([411, 0]);
    expect(await chunked("/upload", 100_000, "DELETE")).toEqual([411, 0]);
    expect(await streamed("/upload", 200_000, "DELETE")).toEqual([411, 0]);
    expect((await get("/upload", { method: "POST", body: "x".repeat(1_000_000) })).status).toBe(200);
  });

  it("takes bodies of the listed types, and requests without one", async () => {
    const post = (type: string | undefined, body = "{}"): Promise<number> =>
      statusOf("/json", { method: "POST", body, headers: type === undefined ? {} : { "content-type": type } });
    expect(
      await Promise.all([post("application/json"), post("Application/JSON; charset=utf-8"), post("image/png")]),
    ).toEqual([200, 200, 200]);
    expect(
      await Promise.all([
        post("text/plain"),
        post(undefined),
        post("application/jsonp"),
        post("x/y, application/json"),
      ]),
    ).toEqual([415, 415, 415, 415]);
    expect(await Promise.all([post(undefined, ""), statusOf("/json")])).toEqual([200, 200]);
  });

  it("refuses headers that are too large for the route, or for anybody", async () => {
    expect(await statusOf("/small", { headers: { "x-a": "b".repeat(200) } })).toBe(200);
    const reply = await get("/small", { headers: { "x-a": "b".repeat(700) } });
    expect(reply.status).toBe(431);
    expectHeaders(reply);
    expect(await statusOf("/api", { headers: { "x-a": "b".repeat(17_000) } })).toBe(431);
    expect(await statusOf(`/api/${"a".repeat(17_000)}`)).toBe(431);
    expect(
      (await haproxy.raw(`GET /api HTTP/1.1\r\nHost: ${HOST}\r\nX-A: ${"b".repeat(70_000)}\r\n\r\n`)).slice(9, 12),
    ).toMatch(/^4(?:00|14|31)$/);
  });

  it("gives a client its burst, then 429, and more once the bucket has filled; others have their own", async () => {
    const from = newClient();
    const first = [];
    for (let index = 0; index < 5; index++) first.push(await get("/login", { from }));
    expect(first.map(({ status, headers }) => [status, headers["retry-after"]])).toEqual([
      ...Array.from({ length: 3 }, () => [200, undefined]),
      ...Array.from({ length: 2 }, () => [429, "6"]),
    ]);
    // Nothing that a client says makes it another one; another route and another client are not affected.
    expect(await statusOf("/login", { from, headers: { "x-forwarded-for": "192.0.2.9" } })).toBe(429);
    expect(await statusOf("/login", { from, host: `${HOST}:8443` })).toBe(429);
    expect([await statusOf("/api", { from }), await statusOf("/login", { from: newClient() })]).toEqual([200, 200]);
    const other = newClient();
    await statuses(["/limited", "/limited", "/limited"], { from: other });
    expect(await statusOf("/limited", { from: other })).toBe(429);
    await until("the bucket has filled", async () =>
      (await statusOf("/limited", { from: other })) === 200 ? true : undefined,
    );
  });

  it("takes a /64 of IPv6 for one client", async () => {
    const asked = [];
    for (const end of ["1", "2", "ffff:1:2:3", "4"])
      asked.push(await statusOf("/login", { from: `2001:db8:0:${"7"}::${end === "ffff:1:2:3" ? "ffff" : end}` }));
    expect(asked).toEqual([200, 200, 200, 429]);
    expect(await statusOf("/login", { from: "2001:db8:0:8::1" })).toBe(200);
  });

  it("bounds requests at a time, of one client and of all, on this route only", async () => {
    const [one, two] = [newClient(), newClient()];
    const hold = async (from: string): Promise<void> => {
      const request = start(haproxy.ports.https, "/few/hold", { from });
      request.on("error", () => undefined);
      request.end();
      await new Promise((first) => request.on("response", (response) => response.once("data", first)));
    };
    await hold(one);
    await hold(one);
    const third = await get("/few", { from: one });
    expect([third.status, third.headers["retry-after"]]).toEqual([429, "1"]);
    expect(await statusOf("/api", { from: one })).toBe(200);
    await hold(two);
    expect(await statusOf("/few", { from: newClient() })).toBe(429);
    app.release();
    await until("there is room again", async () =>
      (await statusOf("/few", { from: one })) === 200 ? true : undefined,
    );
    expect((await haproxy.logged(({ client, refused }) => client === one && refused === "in-flight")).status).toBe(429);
  });

  it("gives each request an id: in the answer, to the application, in the log and in a refusal", async () => {
    const reply = await get("/api/id", { headers: { "x-request-id": "forged-by-a-client" } });
    const id = String(reply.headers["x-request-id"]);
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(echo(reply).headers["x-request-id"]).toBe(id);
    expect((await haproxy.logged((line) => line["id"] === id)).path).toBe("/api/id");
    const refused = await get("/get", { method: "POST" });
    expect(refused.body).toBe(`this method is not allowed here (request ${String(refused.headers["x-request-id"])})\n`);
    expect(String(refused.headers["x-request-id"])).not.toBe(id);
  });

  it("tells the application who asks, and lets nobody else tell", async () => {
    const forged = [
      ...["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Prefix"],
      ...["X-Forwarded-Server", "X-Forwarded-Uri", "X-Forwarded-User", "Forwarded", "X-Real-IP", "X-Client-IP"],
      ...["True-Client-IP", "CF-Connecting-IP", "Client-IP", "Forwarded-For", "Fastly-Client-IP", "X-Remote-IP"],
      ...["X-Original-URL", "X-Original-URI", "X-Rewrite-URL", "X-HTTP-Method-Override", "X-Method-Override"],
      ...["X-Host", "X-Original-Host", "Proxy", "X-Remote-User", "Remote-User", "Remote-Groups", "X-Auth-Request-User"],
      ...["X-Webauth-User", "X-Authentik-Username", "X-SSL-Client-Verify", "Ssl-Client-Cert", "X-Client-Cert"],
      ...["X-Envoy-Original-Path", "Front-End-Https", "X-Scheme", "X-Url-Scheme", "HTTP2-Settings", "Proxy-Connection"],
      ...["X_Forwarded_For", "X_Real_IP", "Remote_User", "CONTENT_LENGTH_"],
    ];
    const from = newClient();
    const reply = await get("/api/who", { from, headers: Object.fromEntries(forged.map((name) => [name, "forged"])) });
    const { headers } = echo(reply);
    expect(JSON.stringify(headers)).not.toContain("forged");
    expect(headers).toMatchObject({
      host: HOST,
      "x-forwarded-for": from,
      "x-forwarded-host": HOST,
      "x-forwarded-port": "8443",
      "x-forwarded-proto": "https",
      "x-real-ip": from,
    });
    const six = echo(
      await get("/api/who", { from: "2001:db8::5", headers: { Authorization: "Bearer x", Cookie: "a=b" } }),
    );
    expect(six.headers).toMatchObject({ "x-forwarded-for": "2001:db8::5", authorization: "Bearer x", cookie: "a=b" });
  });

  it("upgrades to nothing but a WebSocket, and only where the route says so", async () => {
    const upgrade = (path: string, to: string): string =>
      `GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: ${to}\r\n` +
      "HTTP2-Settings: AAMAAABkAAQAAP__\r\nSec-WebSocket-Version: 13\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    /** The answer's first line, and what comes back of `hello` after it. */
    const speak = (path: string, to: string): Promise<[string, string]> =>
      new Promise((resolve) => {
        const socket = connect(haproxy.ports.https);
        socket.once("data", (head: Buffer) => {
          const line = head.toString().split("\r\n")[0] ?? "";
          if (!line.includes(" 101 ")) {
            socket.destroy();
            resolve([line, ""]);
            return;
          }
          socket.once("data", (data: Buffer) => {
            socket.destroy();
            resolve([line, data.toString()]);
          });
          socket.write("hello");
        });
        socket.write(upgrade(path, to));
      });
    expect(await speak("/ws", "websocket")).toEqual(["HTTP/1.1 101 Switching Protocols", "hello"]);
    expect(await speak("/ws", "WebSocket")).toEqual(["HTTP/1.1 101 Switching Protocols", "hello"]);
    for (const [path, to] of [
      ["/api/up", "websocket"],
      ["/api/up", "h2c"],
      ["/ws/up", "h2c"],
      ["/ws/up", "h2c, websocket"],
    ] as const) {
      expect((await speak(path, to))[0]).toBe("HTTP/1.1 200 OK");
      const seen = app.seen.filter(({ url }) => url === path).at(-1);
      expect([seen?.headers.upgrade, seen?.headers["http2-settings"]]).toEqual([undefined, undefined]);
    }
  });

  it("passes events on at once, and lets them be silent for longer than an answer may", async () => {
    const chunks: string[] = [];
    const request = start(haproxy.ports.https, "/events/hold", { headers: { accept: "text/event-stream" } });
    request.on("error", () => undefined);
    request.end();
    await new Promise<void>((first) =>
      request.on("response", (response) => {
        response.on("data", (chunk: Buffer) => {
          chunks.push(chunk.toString());
          first();
        });
        response.on("end", () => chunks.push("end"));
      }),
    );
    expect(chunks).toEqual(["first\n"]);
    app.release();
    await until("the stream ends", () => (chunks.at(-1) === "end" ? true : undefined));
    expect(await statusOf("/events/x", { method: "POST", body: "x" })).toBe(200);
    expect((await haproxy.logged(({ path }) => path === "/events/x"))["route"]).toBe("events-rest");
    expect((await haproxy.logged(({ path }) => path === "/events/hold"))["route"]).toBe("events");
  });

  describe("another origin", () => {
    const origin = "https://other.example.com";
    const access = ({ headers }: Reply): Record<string, unknown> =>
      Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith("access-control-")));
    const preflight = (from: string, path = "/shared"): Promise<Reply> =>
      get(path, { method: "OPTIONS", headers: { origin: from, "access-control-request-method": "GET" } });
    const allowed = { "access-control-allow-origin": origin, "access-control-allow-credentials": "true" };

    it("that is listed may ask, and read answers and refusals", async () => {
      const answer = await preflight(origin);
      expect([answer.status, access(answer)]).toEqual([
        204,
        {
          ...allowed,
          "access-control-allow-headers": "content-type",
          "access-control-allow-methods": "GET, POST",
          "access-control-max-age": "600",
        },
      ]);
      expect(answer.headers.vary).toMatch(/\borigin\b/i);
      for (const [path, status] of [
        ["/shared/x", 200],
        ["/shared/204", 204],
        ["/shared/teapot", 418],
      ] as const) {
        const reply = await get(path, { headers: { origin } });
        expect([reply.status, access(reply), reply.headers.vary]).toEqual([status, allowed, "Origin"]);
      }
      expect(app.seen.some(({ method }) => method === "OPTIONS")).toBe(false);
    });

    it.each([
      ...["https://evil.example.com", "https://other.example.com.evil.com", "https://other-example.com", "null"],
      ...["http://other.example.com", "https://other.example.com:8443", "https://xother.example.com"],
    ])("%s learns nothing", async (evil) => {
      for (const reply of [
        await preflight(evil),
        await get("/shared/x", { headers: { origin: evil } }),
        await get("/shared/204", { headers: { origin: evil } }),
      ])
        expect([reply.status, access(reply)]).toEqual([expect.any(Number), {}]);
    });

    it("that is anybody reads without credentials where all may", async () => {
      const reply = await get("/anybody", { headers: { origin: "https://any.example.com" } });
      expect(access(reply)).toEqual({ "access-control-allow-origin": "*" });
    });

    it("can read why it was refused", async () => {
      const reply = await get("/shared", { method: "TRACE", headers: { origin } });
      expect([reply.status, access(reply)]).toEqual([405, allowed]);
    });
  });

  it("sends the header set on every answer: the application's, a refusal, an error", async () => {
    const replies = await Promise.all([
      get("/api"),
      get("/api/teapot"),
      get("/nothing"),
      get("/api", { method: "TRACE" }),
      get("/api/%00"),
      get("/api/die"),
      get("/shared", { method: "OPTIONS", headers: { "access-control-request-method": "GET" } }),
      ask2(haproxy.ports.https, "/api"),
    ]);
    expect(replies.map(({ status }) => status)).toEqual([200, 418, 404, 405, 400, 502, 204, 200]);
    replies.forEach(expectHeaders);
    // What is no HTTP gets a page that is part of HAProxy, and says nothing of it.
    expect((await haproxy.raw("NONSENSE\r\n\r\n")).toLowerCase()).not.toMatch(/server:|haproxy|via:/);
  });

  it("sends a route's own headers, as they are written, and the application's where they are left to it", async () => {
    const { headers } = await get("/own");
    expect(headers).toMatchObject({
      "content-security-policy": "default-src *",
      "x-frame-options": "SAMEORIGIN",
      "x-t": `100% "a" \\ $HOME %[env(HOME)] 'b' {}#;`,
    });
    expect(headers["referrer-policy"]).toBeUndefined();
    // A refusal has no policy of the application's: the default one stands.
    const refusal = await get("/own", { method: "TRACE" });
    expect(refusal.headers["content-security-policy"]).toMatch(/^default-src 'none'/);
    expect(refusal.headers["x-frame-options"]).toBe("SAMEORIGIN");
  });

  it("answers for an application that dies, stays silent, or is not there, and sends nothing twice", async () => {
    const body = "x".repeat(100);
    const replies = await Promise.all([
      get("/api/post/die", { method: "POST", body }),
      get("/api/get/die"),
      get("/api/silent"),
      get("/gone"),
    ]);
    expect(replies.map(({ status }) => status)).toEqual([502, 502, 504, 503]);
    replies.forEach(expectHeaders);
    expect([app.count("/api/post/die"), app.count("/api/get/die")]).toEqual([1, 1]);
    expect(await haproxy.logged(({ path }) => path === "/gone")).toMatchObject({
      status: 503,
      upstreamStatus: "-",
      refused: "-",
    });
    expect(await haproxy.logged(({ path }) => path === "/api/teapot")).toMatchObject({ upstreamStatus: "418" });
    app.release();
  });

  it("gives up a client whose headers or body do not come", async () => {
    const slow = `POST /api HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 10\r\n\r\nhalf`;
    const chunked = `POST /api HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n`;
    const before = app.seen.length;
    const from = newClient();
    // HAProxy 3 reads and drops the rest of a refused body until the client is silent for `timeout client`.
    const answers = await Promise.all(
      [`GET /api HTTP/1.1\r\nHost: ${HOST}\r\nX-Slow`, slow, chunked].map((text) =>
        haproxy.raw(text, { from, leaves: true }),
      ),
    );
    expect(answers.map((answer) => answer.split("\r\n")[0])).toEqual(
      Array.from({ length: 3 }, () => "HTTP/1.1 408 Request Time-out"),
    );
    expect(app.seen.length).toBe(before);
  });

  it("refuses a request that can be read as two", async () => {
    const smuggled = [
      `POST /api HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello`,
      `POST /api HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
      `GET /api HTTP/1.1\r\nHost: ${HOST}\r\nHost: evil.example.com\r\n\r\n`,
      `GET /api HTTP/1.1\r\nHost: ${HOST}\r\nX-A\r\n\r\n`,
      `GET /api HTTP/1.1\r\nHost : ${HOST}\r\n\r\n`,
      `GET http://evil.example.com/api HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`,
    ];
    const first = app.seen.length;
    for (const text of smuggled) expect([text, (await haproxy.raw(text)).slice(9, 12)]).toEqual([text, "400"]);
    expect(app.seen.length).toBe(first);
    const both = await haproxy.raw(
      `POST /api/both HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n` +
        "Connection: close\r\n\r\n0\r\n\r\n",
    );
    const seen = app.seen.filter(({ url }) => url === "/api/both").at(-1)?.headers;
    expect([both.slice(9, 12), seen?.["content-length"]]).toEqual([seen === undefined ? "400" : "200", undefined]);
  });

  describe("the log", () => {
    it("is a line of JSON for each request, with these fields, and nothing secret", async () => {
      const from = newClient();
      const secret = { authorization: "Bearer sesame", cookie: "sid=sesame", "x-key": "sesame" };
      await get("/api/a%20b?token=sesame", { from, headers: secret, method: "POST", body: "sesame" });
      const line = await haproxy.logged(({ client }) => client === from);
      expect(Object.keys(line)).toEqual(ACCESS_LOG_FIELDS);
      expect(line).toMatchObject({
        client: from,
        host: HOST,
        method: "POST",
        path: "/api/a%20b",
        protocol: "HTTP/1.1",
        refused: "-",
        retries: 0,
        route: "api",
        scheme: "https",
        status: 200,
        upstreamStatus: "200",
      });
      expect(line["time"]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      for (const field of ["bytesIn", "bytesOut", "requestMs", "upstreamMs", "durationMs"])
        expect([field, typeof line[field]]).toEqual([field, "number"]);
      expect(haproxy.logText()).not.toContain("sesame");
    });

    it("tells malformed requests, and what a client writes breaks no line", async () => {
      const from = newClient();
      await haproxy.raw("NONSENSE\r\n\r\n", { from });
      expect(await haproxy.logged(({ client }) => client === from)).toMatchObject({ status: 400 });
      const other = newClient();
      await haproxy.raw(`GET /api/"\\\x7f\xff{} HTTP/1.1\r\nHost: "a\\b\r\nConnection: close\r\n\r\n`, { from: other });
      await get(`/api/${"ä%22".repeat(1)}`.replace("ä", "%c3%a4"), { from: other });
      await get(`/${"x".repeat(3000)}`, { from: other, host: "a".repeat(300) });
      await until("three lines", () =>
        haproxy.log().filter(({ client }) => client === other).length >= 3 ? true : undefined,
      );
      const long = haproxy.log().find(({ client, path }) => client === other && path.length > 1000);
      expect([long?.path.length, String(long?.["host"]).length]).toEqual([1024, 255]);
    });

    it("has each served request, and about thirty of a client's refusals a minute", async () => {
      const from = newClient();
      const agent = keepAlive(haproxy.ports.https, { from });
      for (let index = 0; index < 200; index++) {
        await get("/get", { from, agent, method: "POST" });
        if (index % 10 === 0) await get("/api/served", { from, agent });
      }
      agent.destroy();
      const mine = await until("the last served one", () => {
        const lines = haproxy.log().filter(({ client }) => client === from);
        return lines.filter(({ path }) => path === "/api/served").length === 20 ? lines : undefined;
      });
      const refused = mine.filter(({ refused: why }) => why === "method");
      expect([refused.length >= 20, refused.length <= 30]).toEqual([true, true]);
    });

    it("has one client's unknown paths become 429, which are sampled as well", async () => {
      const from = newClient();
      const agent = keepAlive(haproxy.ports.https, { from });
      const given = [];
      for (let index = 0; index < 60; index++) given.push(await get(`/scan/${index}`, { from, agent }));
      agent.destroy();
      expect(given.map(({ status }) => status)).toEqual([
        ...Array.from({ length: 50 }, () => 404),
        ...Array.from({ length: 10 }, () => 429),
      ]);
      expect(given.at(-1)?.headers["retry-after"]).toBe("10");
      given.forEach(expectHeaders);
      expect(await statusOf("/api", { from })).toBe(200);
    });
  });

  it("is asked nothing on its health port but how it is", async () => {
    const health = (path: string): Promise<string> => raw(haproxy.ports.health, "", {}).then(() => path);
    expect(await health("/ping")).toBe("/ping");
  });
});
