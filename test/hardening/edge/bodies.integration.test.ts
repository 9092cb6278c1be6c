import http from "node:http";
import type { AddressInfo } from "node:net";
import { type EdgeRoute, renderTraefikDynamic, UNSIZED } from "../../../hardening/edge";
import { describeWith, findProgram } from "../../programs";
import { RealTraefik, type Reply } from "./real-traefik";
import { route } from "./routes";

const HOST = "app.example.com";
const MIB = 1_048_576;
const plenty = { average: 1_000_000, burst: 1_000_000, periodSeconds: 1 };

/** An application that takes every body and says how long it was; `/large?<bytes>` answers with so many bytes. */
function application(): Promise<http.Server> {
  const server = http.createServer((request, response) => {
    let size = 0;
    request.on("data", (chunk: Buffer) => (size += chunk.length));
    request.on("error", () => undefined);
    request.on("end", () => {
      const wanted = Number(/\?(\d+)$/.exec(request.url ?? "")?.[1] ?? 0);
      response.end(wanted > 0 ? Buffer.alloc(wanted, "a") : JSON.stringify({ size }));
    });
  });
  return new Promise((done) => server.listen(0, "127.0.0.1", () => done(server)));
}

const statusOf = (request: http.ClientRequest): Promise<number> =>
  new Promise((resolve, reject) => {
    request.on("error", reject);
    request.on("response", (response) => resolve(response.resume().statusCode ?? 0));
  });

describeWith("traefik")("bodies and requests in flight, in a real Traefik", () => {
  let server: http.Server;
  let traefik: RealTraefik;

  beforeAll(async () => {
    server = await application();
    const target = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const base: EdgeRoute = { ...route, target, rateLimit: plenty };
    const routes: EdgeRoute[] = [
      { ...base, name: "plain", pathPrefix: "/plain", maxRequestBodyBytes: MIB },
      { ...base, name: "upload", pathPrefix: "/upload", maxRequestBodyBytes: 10 * MIB },
      { ...base, name: "few", pathPrefix: "/few", inFlight: { perClient: 20, total: 30 }, maxRequestBodyBytes: MIB },
      { ...base, name: "login", pathPrefix: "/login", rateLimit: { average: 1, burst: 3, periodSeconds: 3600 } },
    ];
    traefik = await RealTraefik.start(findProgram("traefik") ?? "", renderTraefikDynamic({ routes, tls: "modern" }));
  });
  afterAll(async () => {
    await traefik.stop();
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });

  const post = (path: string, body: string, headers: Record<string, string> = {}): Promise<Reply> =>
    traefik.tls(HOST, path, { method: "POST", body, headers });

  /** Requests that declare a body, send a part of it and wait; `answered` are those that were refused meanwhile. */
  function unfinished(
    count: number,
    path: string,
    headers: Record<string, string>,
    from: string,
  ): { close: () => void; answers: Promise<number>[] } {
    const requests = Array.from({ length: count }, () => {
      const request = traefik.request(HOST, path, { method: "POST", headers, from });
      request.write("x".repeat(16_384));
      return request;
    });
    const answers = requests.map((request) => statusOf(request).catch(() => 0));
    return { answers, close: () => requests.forEach((request) => request.destroy()) };
  }

  /** Resolves with the first so many answers. */
  const first = (answers: readonly Promise<number>[], count: number): Promise<number[]> =>
    new Promise((resolve) => {
      const seen: number[] = [];
      for (const answer of answers) void answer.then((status) => seen.push(status) === count && resolve(seen));
    });

  it("caps unfinished uploads of one client before anything is buffered, and goes on serving the others", async () => {
    const held = unfinished(199, "/few", { "Content-Length": String(MIB) }, "127.0.0.2");
    try {
      expect(await first(held.answers, 179)).toEqual(Array.from({ length: 179 }, () => 429));
      expect((await post("/few", "hello")).status).toBe(200);
      expect((await traefik.tls(HOST, "/few", { from: "127.0.0.2" })).status).toBe(429);
      // Another spelling of the host is the same route; the rest of the total is free to other clients.
      const more = unfinished(20, "/few", { "Content-Length": String(MIB), host: `${HOST}:8443` }, "127.0.0.3");
      expect(await first(more.answers, 10)).toEqual(Array.from({ length: 10 }, () => 429));
      more.close();
    } finally {
      held.close();
    }
    expect(traefik.peakMiB()).toBeLessThan(160);
  });

  it("holds bodies without a length in memory, a few at a time", async () => {
    const held = unfinished(20, "/plain", { "Transfer-Encoding": "chunked" }, "127.0.0.2");
    try {
      expect(await first(held.answers, 16)).toEqual(Array.from({ length: 16 }, () => 429));
      expect((await traefik.tls(HOST, "/plain", { from: "127.0.0.2" })).status).toBe(200);
    } finally {
      held.close();
    }
  });

  it("takes such a body up to the small limit, and no file is left of a larger one", async () => {
    const chunked = { "Transfer-Encoding": "chunked" };
    const replies = [
      await post("/plain", "x".repeat(UNSIZED.bodyBytes - 1), chunked),
      await post("/plain", "x".repeat(UNSIZED.bodyBytes + 1), chunked),
      await traefik.tls(HOST, "/plain", { method: "DELETE" }),
    ];
    expect(replies.map(({ status }) => status)).toEqual([200, 413, 200]);
    expect(traefik.scratch()).toEqual([]);
  });

  it("takes 20 uploads of 10 MB at a time where 10 MiB are the limit", async () => {
    const body = "x".repeat(10_000_000);
    const replies = await Promise.all(Array.from({ length: 20 }, () => post("/upload", body)));
    expect(new Set(replies.map((reply) => reply.body))).toEqual(new Set(['{"size":10000000}']));
    expect(traefik.scratch()).toEqual([]);
    expect(traefik.peakMiB()).toBeLessThan(160);
  });

  it.each(["0010485760", "10485760"])("takes a declared length of %s, the limit itself", async (length) => {
    expect((await post("/upload", "x".repeat(10 * MIB), { "Content-Length": length })).status).toBe(200);
  });

  it.each(["10485761", "0010485761", "99999999", "100000000000"])("refuses a declared length of %s", async (length) => {
    const request = traefik.request(HOST, "/upload", { method: "PUT", headers: { "Content-Length": length } });
    request.flushHeaders();
    expect(await statusOf(request)).toBe(413);
    request.destroy();
  });

  it("passes an answer of 70 MiB without a trace, and bodies after it", async () => {
    const reply = await traefik.tls(HOST, `/plain/large?${70 * MIB}`);
    expect([reply.status, reply.body.length]).toEqual([200, 70 * MIB]);
    expect(traefik.scratch()).toEqual([]);
    expect((await post("/upload", "x".repeat(3 * MIB))).status).toBe(200);
    expect((await traefik.tls(HOST, `/plain/large?${3 * MIB}`)).status).toBe(200);
  });

  it("refuses a large answer to a request without a length, and leaves no file", async () => {
    const reply = await post(`/plain/large?${UNSIZED.answerBytes + 1}`, "x", { "Transfer-Encoding": "chunked" });
    expect(reply.status).toBe(500);
    expect(traefik.scratch()).toEqual([]);
  });

  it("counts a client's requests against one rate, whatever they say of their bodies", async () => {
    const replies = [
      await post("/login", "x"),
      await post("/login", "x", { "Transfer-Encoding": "chunked" }),
      await traefik.tls(HOST, "/login"),
      await post("/login", "x", { "Transfer-Encoding": "chunked" }),
      await post("/login", "x"),
    ];
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429]);
  });
});
