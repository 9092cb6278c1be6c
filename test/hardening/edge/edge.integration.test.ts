import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import tls from "node:tls";
import { setTimeout as sleep } from "node:timers/promises";
import { DEFAULT_CONTENT_SECURITY_POLICY, type EdgeRoute, renderTraefikDynamic } from "../../../hardening/edge";
import { describeWith, findProgram } from "../../programs";
import { RealTraefik } from "./real-traefik";
import { route } from "./routes";

const HOST = "app.example.com";

/** An application: echoes its name, the path and the size of the body; streams five events, 200 ms apart. */
function application(name: string): Promise<http.Server> {
  const server = http.createServer((request, response) => {
    let size = 0;
    request.on("data", (chunk: Buffer) => (size += chunk.length));
    request.on("end", () => {
      response.setHeader("Server", "secret-server/1.0");
      response.setHeader("X-Powered-By", "Express");
      response.setHeader("Content-Security-Policy", "default-src *");
      if (request.url?.includes("events") !== true) {
        response.end(JSON.stringify({ name, url: request.url, size, headers: request.headers }));
        return;
      }
      response.setHeader("Content-Type", "text/event-stream");
      const timer = setInterval(() => response.write("data: tick\n\n"), 200);
      setTimeout(() => {
        clearInterval(timer);
        response.end();
      }, 1_100);
    });
  });
  server.on("upgrade", (_request, socket) => {
    socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
    socket.on("data", (chunk: Buffer) => socket.write(chunk));
    socket.on("end", () => socket.end());
    socket.on("error", () => undefined);
  });
  return new Promise((done) => server.listen(0, "127.0.0.1", () => done(server)));
}

const url = (server: http.Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const close = (server: http.Server): Promise<unknown> => {
  server.closeAllConnections();
  return new Promise((done) => server.close(done));
};

const plenty = { average: 1_000_000, burst: 1_000_000, periodSeconds: 1 };

describeWith("traefik")("the rendered files in a real Traefik", () => {
  let one: http.Server;
  let two: http.Server;
  let traefik: RealTraefik;

  const routes = (target: string): EdgeRoute[] => {
    const base = { ...route, target, rateLimit: plenty };
    const cors = { allowedMethods: ["GET"], allowedHeaders: ["x-a"], allowCredentials: false, maxAgeSeconds: 60 };
    return [
      { ...base, name: "api", maxRequestBodyBytes: 1_000 },
      { ...base, name: "events", pathPrefix: "/api/events", streaming: true },
      { ...base, name: "own-csp", pathPrefix: "/own-csp", headers: { fromApplication: ["Content-Security-Policy"] } },
      { ...base, name: "plain", pathPrefix: "/events-plain" },
      { ...base, name: "limited", pathPrefix: "/limited", rateLimit: { average: 1, burst: 3, periodSeconds: 60 } },
      {
        ...base,
        name: "shared",
        pathPrefix: "/shared",
        cors: { ...cors, allowedOrigins: ["https://other.example.com"] },
      },
      {
        ...base,
        name: "template",
        pathPrefix: "/template",
        headers: { extra: { "X-T": '{{ env "RAMPART_TEST_SECRET" }}' } },
      },
      { ...base, name: "modern", host: "modern.example.com", pathPrefix: "/" },
    ];
  };
  const dynamic = (server: http.Server): string => renderTraefikDynamic({ routes: routes(url(server)), tls: "modern" });

  beforeAll(async () => {
    [one, two] = await Promise.all([application("one"), application("two")]);
    traefik = await RealTraefik.start(findProgram("traefik") ?? "", dynamic(one));
  });
  afterAll(async () => {
    await traefik.stop();
    await Promise.all([close(one), close(two)]);
  });

  it("accepts every option and router: no error and no warning in its log", () => {
    expect(traefik.log()).toContain('"level":"info"');
    const complaints = traefik
      .log()
      .split("\n")
      .filter((line) => /"level":"(warn|error|fatal)"/.test(line));
    // Said at every start, whatever the options (cmd/traefik/traefik.go).
    expect(complaints.filter((line) => !line.includes("Traefik can reject some encoded characters"))).toEqual([]);
  });

  it("redirects http to the https port that a browser sees", async () => {
    const reply = await traefik.plain("web", HOST, "/a?b=c");
    expect([reply.status, reply.headers.location]).toEqual([301, `https://${HOST}:${traefik.ports.websecure}/a?b=c`]);
  });

  it("sends the security headers in place of the application's", async () => {
    const { status, headers } = await traefik.tls(HOST, "/api/x");
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      "content-security-policy": DEFAULT_CONTENT_SECURITY_POLICY,
      "cross-origin-opener-policy": "same-origin",
      "strict-transport-security": "max-age=63072000; includeSubDomains",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
    });
    expect(headers.server).toBeUndefined();
    expect(headers["x-powered-by"]).toBeUndefined();
  });

  it("leaves the policy to an application that brings its own", async () => {
    expect((await traefik.tls(HOST, "/own-csp")).headers["content-security-policy"]).toBe("default-src *");
  });

  it("does not run header values as templates", async () => {
    expect((await traefik.tls(HOST, "/template")).headers["x-t"]).toBe('{{ env "RAMPART_TEST_SECRET" }}');
  });

  it("answers 404 for an unknown host, an unknown path and past a path boundary", async () => {
    const replies = await Promise.all([
      traefik.tls("other.example.com", "/api"),
      traefik.tls(HOST, "/"),
      traefik.tls(HOST, "/apix"),
      traefik.tls(HOST, "/api"),
      traefik.tls(HOST, "/api/"),
    ]);
    expect(replies.map(({ status }) => status)).toEqual([404, 404, 404, 200, 200]);
  });

  it("refuses encoded slashes, and dots that leave the prefix", async () => {
    const replies = await Promise.all(
      ["/api/a%2fb", "/api/../limited-not", "/api/%00"].map((path) => traefik.tls(HOST, path)),
    );
    expect(replies.map(({ status }) => status)).toEqual([400, 404, 400]);
  });

  it("answers 429, with the security headers, when the bucket is empty", async () => {
    const replies = [];
    for (let index = 0; index < 5; index++) {
      // Another X-Forwarded-For is not another client.
      replies.push(await traefik.tls(HOST, "/limited", { headers: { "X-Forwarded-For": `192.0.2.${index}` } }));
    }
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429]);
    expect(replies.at(-1)?.headers["x-frame-options"]).toBe("DENY");
  });

  it("drops a client's X-Forwarded-For", async () => {
    const { body } = await traefik.tls(HOST, "/api", { headers: { "X-Forwarded-For": "192.0.2.1" } });
    expect(JSON.parse(body)).toMatchObject({ headers: { host: HOST, "x-forwarded-for": "127.0.0.1" } });
  });

  it("answers 413 above the body limit, declared or chunked", async () => {
    const post = (size: number, headers: Record<string, string>): ReturnType<RealTraefik["tls"]> =>
      traefik.tls(HOST, "/api", { method: "POST", body: "x".repeat(size), headers });
    const chunked = { "Transfer-Encoding": "chunked" };
    const replies = [
      await post(1_000, {}),
      await post(1_001, {}),
      await post(1_000, chunked),
      await post(1_001, chunked),
    ];
    expect(replies.map(({ status }) => status)).toEqual([200, 413, 200, 413]);
  });

  it("passes events on as they come, on a streaming route and on any other", async () => {
    const replies = await Promise.all([traefik.tls(HOST, "/api/events"), traefik.tls(HOST, "/events-plain")]);
    for (const reply of replies) {
      expect(reply.body).toBe("data: tick\n\n".repeat(5));
      expect(reply.firstByteMs).toBeLessThan(700);
    }
  });

  it("sends other methods past the streaming route to the shorter prefix, with its body limit", async () => {
    expect((await traefik.tls(HOST, "/api/events", { method: "POST", body: "x".repeat(1_001) })).status).toBe(413);
  });

  it("lets a WebSocket through a streaming route", async () => {
    const echo = await new Promise<string>((resolve, reject) => {
      const options = { host: "127.0.0.1", port: traefik.ports.websecure, servername: HOST, rejectUnauthorized: false };
      const socket = tls.connect(options, () =>
        socket.write(
          `GET /api/events HTTP/1.1\r\nHost: ${HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        ),
      );
      socket.on("error", reject);
      socket.once("data", (head: Buffer) => {
        if (!head.toString().startsWith("HTTP/1.1 101")) reject(new Error(head.toString()));
        socket.once("data", (data: Buffer) => {
          socket.destroy();
          resolve(data.toString());
        });
        socket.write("hello");
      });
    });
    expect(echo).toBe("hello");
  });

  it("answers a preflight for a listed origin only", async () => {
    const preflight = (origin: string): ReturnType<RealTraefik["tls"]> =>
      traefik.tls(HOST, "/shared", { method: "OPTIONS", headers: { origin, "Access-Control-Request-Method": "GET" } });
    expect((await preflight("https://other.example.com")).headers["access-control-allow-origin"]).toBe(
      "https://other.example.com",
    );
    expect((await preflight("https://evil.example.com")).headers["access-control-allow-origin"]).toBeUndefined();
  });

  it("speaks TLS 1.3 with a post-quantum key exchange only", async () => {
    const handshake = (maxVersion: tls.SecureVersion): Promise<string | null> =>
      new Promise((resolve, reject) => {
        const options = {
          host: "127.0.0.1",
          port: traefik.ports.websecure,
          servername: HOST,
          rejectUnauthorized: false,
        };
        const socket = tls.connect({ ...options, maxVersion }, () => {
          resolve(socket.getProtocol());
          socket.destroy();
        });
        socket.on("error", reject);
      });
    await expect(handshake("TLSv1.3")).resolves.toBe("TLSv1.3");
    await expect(handshake("TLSv1.2")).rejects.toThrow(/protocol version|alert/);
  });

  it("has no API, no dashboard, and no ping or probe on a published entry point", async () => {
    const paths = ["/dashboard/", "/api/rawdata", "/api/version", "/ping", "/debug/pprof/"];
    for (const path of paths) {
      expect([path, (await traefik.tls("other.example.com", path)).status]).toEqual([path, 404]);
      expect([path, (await traefik.plain("ping", "127.0.0.1", path)).status]).toEqual([
        path,
        path === "/ping" ? 200 : 404,
      ]);
      // Plain http does nothing but redirect.
      expect([path, (await traefik.plain("web", "other.example.com", path)).status]).toEqual([path, 301]);
    }
  });

  it("is healthy by its own health check", () => {
    expect(traefik.healthcheck()).toContain("OK: http://127.0.0.1:");
  });

  it("keeps headers out of the access log", async () => {
    await traefik.tls(HOST, "/api/logged", { headers: { Authorization: "Bearer sesame", Cookie: "sid=sesame" } });
    await sleep(100);
    expect(traefik.log()).toContain('"RequestPath":"/api/logged"');
    expect(traefik.log()).not.toContain("sesame");
  });

  it("changes the target under load without losing a request, and the probe says when", async () => {
    const agent = new https.Agent({ keepAlive: true, maxSockets: 8 });
    const outcomes = new Map<string, number>();
    let running = true;
    const client = async (): Promise<void> => {
      for (const deadline = Date.now() + 20_000; running && Date.now() < deadline;) {
        const outcome = await traefik.tls(HOST, "/api", { agent }).then(
          ({ status, body }) => (status === 200 ? (JSON.parse(body) as { name: string }).name : String(status)),
          (error: unknown) => String(error),
        );
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
    };
    const clients = Array.from({ length: 8 }, client);
    try {
      for (const [server, by] of [
        [two, "file"],
        [one, "file"],
        [two, "SIGHUP"],
        [one, "file"],
        [two, "file"],
      ] as const) {
        await sleep(100);
        await traefik.reload(dynamic(server), by);
        const reply = await traefik.tls(HOST, "/api");
        expect(reply.body).toContain(`"name":"${server === one ? "one" : "two"}"`);
      }
      // The old container may go: nobody asks for it any more.
      await close(one);
      await sleep(300);
    } finally {
      running = false;
      await Promise.all(clients);
      agent.destroy();
    }
    expect([...outcomes.keys()].sort()).toEqual(["one", "two"]);
    one = await application("one");
  });

  it("forgets the old probe path, and keeps what it has when the new file is broken", async () => {
    const before = dynamic(one);
    await traefik.reload(before);
    const after = dynamic(two);
    await traefik.reload(after);
    const probe = (text: string): Promise<number> =>
      traefik
        .plain("ping", "127.0.0.1", /\/rampart\/config\/[0-9a-f]{12}/.exec(text)?.[0] ?? "")
        .then(({ status }) => status);
    expect([await probe(before), await probe(after)]).toEqual([404, 200]);
    traefik.writeBroken(before.slice(0, before.length / 2));
    await sleep(600);
    expect([(await traefik.tls(HOST, "/api")).status, await probe(after)]).toEqual([200, 200]);
  });
});
