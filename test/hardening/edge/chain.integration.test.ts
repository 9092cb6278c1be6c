import http2 from "node:http2";
import https from "node:https";
import tls from "node:tls";
import { freePorts } from "../../free-ports";
import { renderTraefikDynamic } from "../../../hardening/edge";
import type { GatewayRoute } from "../../../hardening/gateway";
import { describeWith, findProgram } from "../../programs";
import { Application } from "../gateway/application";
import { replyOf, raw, until, type Reply } from "../gateway/client";
import { input, route } from "../gateway/input";
import { RealHaproxy } from "../gateway/real-haproxy";
import { RealTraefik } from "./real-traefik";

const HOST = "app.example.com";
const plenty = { average: 1_000_000, burst: 1_000_000, periodSeconds: 1 };

describeWith("traefik", "haproxy")("the chain: HAProxy, Traefik, HAProxy, application", () => {
  let app: Application;
  let haproxy: RealHaproxy;
  let traefik: RealTraefik;
  const dynamic = (hosts: readonly string[] = [HOST], profile: "modern" | "intermediate" = "modern"): string =>
    renderTraefikDynamic({ hosts, tls: profile, gateway: `localhost:${haproxy.ports.https}` });

  beforeAll(async () => {
    app = await Application.start("one");
    const base: GatewayRoute = { ...route, target: { alias: "app-1", port: app.port }, rateLimit: plenty };
    const [websecure = 0, ping = 0] = await freePorts(2);
    haproxy = await RealHaproxy.start({
      input: {
        ...input,
        edgeSubnet: "127.0.0.0/8",
        edge: { host: "edge", tls: websecure },
        routes: [
          { ...base, webSocket: true },
          { ...base, name: "login", pathPrefix: "/login", rateLimit: { average: 1, burst: 2, periodSeconds: 3600 } },
        ],
      },
      names: { "app-1": ["127.0.0.1"], edge: ["127.0.0.1"] },
    });
    traefik = await RealTraefik.start(findProgram("traefik") ?? "", {
      dynamic: dynamic(),
      gateway: "127.0.0.1/32",
      ports: { websecure, ping },
    });
  });
  afterAll(async () => {
    await traefik.stop();
    await haproxy.stop();
    await app.stop();
  });

  /** A request by TLS from an address of 127.0.0.0/8, as from the internet. */
  const get = (path: string, from = "127.0.0.1", agent?: https.Agent): Promise<Reply> => {
    const target = { host: "127.0.0.1", port: haproxy.ports.tls, servername: HOST, rejectUnauthorized: false };
    const request = https.request({
      ...target,
      path,
      headers: { host: HOST },
      localAddress: from,
      agent: agent ?? false,
    });
    request.end();
    return replyOf(request);
  };
  const handshake = (options: tls.ConnectionOptions): Promise<string> =>
    new Promise((resolve) => {
      const socket = tls.connect({
        host: "127.0.0.1",
        port: haproxy.ports.tls,
        servername: HOST,
        rejectUnauthorized: false,
        ...options,
      });
      socket.on("secureConnect", () => {
        resolve(`${socket.getProtocol() ?? ""} ${String(socket.alpnProtocol)}`);
        socket.destroy();
      });
      socket.on("error", (error: Error & { code?: string }) => resolve(error.code ?? error.message));
    });

  it("is accepted by Traefik: no error and no warning in its log", () => {
    expect(traefik.log()).toContain('"level":"info"');
    const complaints = traefik
      .log()
      .split("\n")
      .filter((line) => /"level":"(warn|error|fatal)"/.test(line));
    // Said at every start, whatever the options (cmd/traefik/traefik.go).
    expect(complaints.filter((line) => !line.includes("Traefik can reject some encoded characters"))).toEqual([]);
    expect(traefik.healthcheck()).toContain("OK: http://127.0.0.1:");
  });

  it("tells application and log who the client is, and each client has its own rate", async () => {
    const reply = await get("/api/who", "127.0.0.51");
    expect(reply.status).toBe(200);
    expect(JSON.parse(reply.body)).toMatchObject({
      headers: { "x-forwarded-for": "127.0.0.51", "x-forwarded-proto": "https", "x-real-ip": "127.0.0.51" },
    });
    expect(await haproxy.logged(({ path }) => path === "/api/who")).toMatchObject({
      client: "127.0.0.51",
      scheme: "https",
    });
    const mine = [];
    for (let index = 0; index < 3; index++) mine.push((await get("/login", "127.0.0.52")).status);
    expect([mine, (await get("/login", "127.0.0.53")).status]).toEqual([[200, 200, 429], 200]);
  });

  it("does not let a client speak the PROXY protocol for itself", async () => {
    const said = await raw(haproxy.ports.tls, "", { from: "192.0.2.66" });
    expect(said).toBe("");
  });

  it("speaks HTTP/2 to a client that can", async () => {
    const session = http2.connect(`https://${HOST}`, {
      createConnection: () =>
        tls.connect({
          host: "127.0.0.1",
          port: haproxy.ports.tls,
          servername: HOST,
          rejectUnauthorized: false,
          ALPNProtocols: ["h2"],
        }),
    });
    const status = await new Promise((resolve, reject) => {
      session.on("error", reject);
      session.request({ ":path": "/api/h2" }).on("response", (headers) => resolve(headers[":status"]));
    });
    session.destroy();
    expect(status).toBe(200);
    expect(await haproxy.logged(({ path }) => path === "/api/h2")).toMatchObject({ protocol: "HTTP/2.0" });
  });

  it("speaks TLS 1.3 only where the stack is modern, and the HTTP that a client asks for", async () => {
    expect(await handshake({})).toBe("TLSv1.3 false");
    expect(await handshake({ maxVersion: "TLSv1.2" })).toMatch(/PROTOCOL_VERSION|ALERT/i);
    expect(await handshake({ ALPNProtocols: ["http/1.1"] })).toBe("TLSv1.3 http/1.1");
    await traefik.reload(dynamic([HOST], "intermediate"));
    expect(await handshake({ maxVersion: "TLSv1.2" })).toBe("TLSv1.2 false");
    expect(await handshake({ maxVersion: "TLSv1.1", minVersion: "TLSv1.1" })).not.toContain("TLSv1.1 ");
    await traefik.reload(dynamic());
  });

  it("answers an unknown host with 404, and has no page of Traefik's own", async () => {
    for (const path of ["/dashboard/", "/api/rawdata", "/ping", "/debug/pprof/"]) {
      const target = { host: "127.0.0.1", port: haproxy.ports.tls, servername: "other.example.com" };
      const request = https.request({
        ...target,
        rejectUnauthorized: false,
        path,
        headers: { host: "other.example.com" },
        agent: false,
      });
      request.end();
      expect([path, (await replyOf(request)).status]).toEqual([path, 404]);
    }
    expect([
      await traefik.ping("/ping"),
      await traefik.ping("/api/rawdata"),
      await traefik.ping("/dashboard/"),
    ]).toEqual([200, 404, 404]);
  });

  it("lets a WebSocket through", async () => {
    const echo = await new Promise<string>((resolve, reject) => {
      const socket = tls.connect(
        { host: "127.0.0.1", port: haproxy.ports.tls, servername: HOST, rejectUnauthorized: false },
        () =>
          socket.write(
            `GET /api/ws HTTP/1.1\r\nHost: ${HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
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

  it("takes another host under load without losing a request, and the probe says when", async () => {
    const agents = Array.from({ length: 3 }, () => new https.Agent({ keepAlive: true, maxSockets: 1 }));
    const outcomes = new Map<string, number>();
    let running = true;
    const client = async (agent?: https.Agent): Promise<void> => {
      while (running) {
        const outcome = await get("/api/load", "127.0.0.1", agent).then(({ status }) => String(status), String);
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
    };
    const clients = [client(), client(), ...agents.map((agent) => client(agent))];
    try {
      await traefik.reload(dynamic([HOST, "new.example.com"]));
      await traefik.reload(dynamic([HOST]), "SIGHUP");
      await traefik.reload(dynamic([HOST, "another.example.com"]));
      const before = outcomes.get("200") ?? 0;
      await until("there is load still", () => ((outcomes.get("200") ?? 0) > before + 20 ? true : undefined));
    } finally {
      running = false;
      await Promise.all(clients);
      agents.forEach((agent) => agent.destroy());
    }
    expect([...outcomes.keys()]).toEqual(["200"]);
  });

  it("forgets the old probe path, and keeps what it has when the new file is broken", async () => {
    const probe = (text: string): Promise<number> =>
      traefik.ping(/\/rampart\/config\/[0-9a-f]{12}/.exec(text)?.[0] ?? "");
    const [before, after] = [dynamic([HOST, "before.example.com"]), dynamic()];
    await traefik.reload(before);
    await traefik.reload(after);
    expect([await probe(before), await probe(after)]).toEqual([404, 200]);
    traefik.writeBroken(before.slice(0, before.length / 2));
    await until("Traefik has read the broken file", () => (/"level":"error"/.test(traefik.log()) ? true : undefined));
    expect([(await get("/api")).status, await probe(after)]).toEqual([200, 200]);
  });
});
