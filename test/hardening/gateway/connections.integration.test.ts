import net from "node:net";
import type { GatewayRoute } from "../../../hardening/gateway";
import { describeWith } from "../../programs";
import { Application } from "./application";
import { ask, connect, raw, until, type Request } from "./client";
import { input, route } from "./input";
import { RealHaproxy } from "./real-haproxy";

const HOST = "app.example.com";
const plenty = { average: 1_000_000, burst: 1_000_000, periodSeconds: 1 };

describeWith("haproxy")("connections, and who is behind them", () => {
  let app: Application;
  let haproxy: RealHaproxy;
  /** What the edge is led: it ends no TLS here, and keeps what comes. */
  let edge: net.Server;
  const taken: net.Socket[] = [];

  beforeAll(async () => {
    app = await Application.start("one");
    edge = net.createServer((socket) => {
      taken.push(socket);
      socket.on("error", () => undefined);
    });
    await new Promise<void>((done) => edge.listen(0, "127.0.0.1", done));
    const base: GatewayRoute = { ...route, target: { alias: "app-1", port: app.port }, rateLimit: plenty };
    haproxy = await RealHaproxy.start({
      input: {
        ...input,
        // The edge is 127.0.0.1 to 127.0.0.7.
        edgeSubnet: "127.0.0.0/29",
        connections: { perClient: 20, total: 64 },
        edge: { host: "edge", tls: (edge.address() as net.AddressInfo).port, acme: app.port },
        trustedProxies: ["192.0.2.0/24", "2001:db8:9::/48", "127.0.0.40"],
        routes: [
          base,
          { ...base, name: "login", pathPrefix: "/login", rateLimit: { average: 1, burst: 2, periodSeconds: 60 } },
        ],
      },
      names: { "app-1": ["127.0.0.1"], edge: ["127.0.0.1"] },
      replace: [["inspect-delay 5s", "inspect-delay 300ms"]],
    });
  });
  afterAll(async () => {
    taken.forEach((socket) => socket.destroy());
    await haproxy.stop();
    await new Promise((done) => edge.close(done));
    await app.stop();
  });

  const seenBy = async (request: Request): Promise<Record<string, string>> =>
    (JSON.parse((await haproxy.ask("/api", request)).body) as { headers: Record<string, string> }).headers;

  describe("behind trusted proxies", () => {
    it.each([
      ["one proxy", "192.0.2.1", "198.51.100.7", "198.51.100.7"],
      ["two", "192.0.2.1", "198.51.100.7, 192.0.2.2", "198.51.100.7"],
      ["four", "192.0.2.1", "198.51.100.7, 192.0.2.2, 192.0.2.3, 192.0.2.4", "198.51.100.7"],
      ["a forged beginning", "192.0.2.1", "203.0.113.9, 198.51.100.7, 192.0.2.2", "198.51.100.7"],
      ["a forged trusted address in the middle", "192.0.2.1", "192.0.2.99, 198.51.100.7", "198.51.100.7"],
      ["an IPv6 proxy and client", "2001:db8:9::1", "2001:db8:1::5", "2001:db8:1::5"],
      ["a proxy that says nothing", "192.0.2.1", "", "192.0.2.1"],
      ["nobody's", "198.51.100.50", "203.0.113.9", "198.51.100.50"],
      ["nobody's who names a proxy", "198.51.100.50", "203.0.113.9, 192.0.2.1", "198.51.100.50"],
    ])("%s: the client is the last address that is no proxy's", async (_what, from, forwarded, client) => {
      const headers: Record<string, string> = forwarded === "" ? {} : { "x-forwarded-for": forwarded };
      const seen = await seenBy({ from, headers });
      expect([seen["x-forwarded-for"], seen["x-real-ip"]]).toEqual([client, client]);
      expect((await haproxy.logged((line) => line["id"] === seen["x-request-id"])).client).toBe(client);
    });

    it("each client has its own rate", async () => {
      const login = async (client: string): Promise<number> =>
        (await haproxy.ask("/login", { from: "192.0.2.1", headers: { "x-forwarded-for": client } })).status;
      const mine = [await login("198.51.100.80"), await login("198.51.100.80"), await login("198.51.100.80")];
      expect([mine, await login("198.51.100.81")]).toEqual([[200, 200, 429], 200]);
    });

    it("a request keeps its id, and its address in other headers; nobody else's do", async () => {
      const headers = {
        "x-request-id": "proxy.id-1234",
        "cf-connecting-ip": "203.0.113.5",
        "x-original-url": "/admin",
      };
      const trusted = await seenBy({ from: "192.0.2.1", headers: { ...headers, "x-forwarded-for": "198.51.100.7" } });
      expect(trusted).toMatchObject({ "x-request-id": "proxy.id-1234", "cf-connecting-ip": "203.0.113.5" });
      expect(trusted["x-original-url"]).toBeUndefined();
      const stranger = await seenBy({ from: "198.51.100.50", headers });
      expect(stranger["x-request-id"]).not.toBe("proxy.id-1234");
      expect(stranger["cf-connecting-ip"]).toBeUndefined();
    });

    it.each(["short", "x".repeat(65), 'a"b{c}d$e', "spaces in it"])("an id such as %j is not taken", async (id) => {
      const seen = await seenBy({ from: "192.0.2.1", headers: { "x-request-id": id } });
      expect(seen["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
    });
  });

  it("are believed about their client only where they come from the edge", async () => {
    const request = `GET /api HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`;
    expect((await haproxy.raw(request, { edge: "127.0.0.7" })).slice(0, 12)).toBe("HTTP/1.1 200");
    expect(await haproxy.raw(request, { edge: "127.0.0.8" })).toBe("");
    // Plain HTTP from the edge, without a word of whose it is.
    expect(await haproxy.raw(request, { direct: true })).not.toContain("200");
  });

  it("ask the edge for ACME's proofs over plain http, and for nothing else", async () => {
    const plain = (path: string, more: Request = {}): ReturnType<typeof ask> =>
      ask(haproxy.ports.http, path, { direct: true, edge: "127.0.0.20", ...more });
    const proof = await plain("/.well-known/acme-challenge/token");
    expect([proof.status, app.count("/.well-known/acme-challenge/token")]).toEqual([200, 1]);
    expect((await plain("/.well-known/acme-challenge/token", { method: "POST" })).status).toBe(301);
    expect((await plain("/.well-known/acme-challengex")).status).toBe(301);
    expect((await plain("/.well-known/acme-challenge/x", { host: "evil.example.com" })).status).toBe(404);
  });

  it("that do not begin with TLS, or with nothing, are closed and never reach the edge", async () => {
    const before = taken.length;
    const said = await Promise.all(
      [`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`, "\x16\x03", "", "SSH-2.0-x\r\n"].map((text) =>
        raw(haproxy.ports.tls, text, { direct: true, edge: "127.0.0.21" }),
      ),
    );
    expect([said, taken.length]).toEqual([["", "", "", ""], before]);
  });

  describe("of one client", () => {
    const open: net.Socket[] = [];
    afterEach(async () => {
      open.splice(0).forEach((socket) => socket.destroy());
      await until("nobody is connected", async () =>
        (await haproxy.control("show table connections")).includes("conn_cur=") &&
        /conn_cur=[1-9]/.test(await haproxy.control("show table connections"))
          ? undefined
          : true,
      );
    });
    /** Opens plain connections of a client; resolves with how many are kept and how many were closed. */
    const hold = async (edge_: string, count: number): Promise<{ kept: number; closed: number }> => {
      let [closed, opened] = [0, 0];
      const sockets = Array.from({ length: count }, () => {
        const socket = connect(haproxy.ports.http, { direct: true, edge: edge_ });
        socket.on("connect", () => (opened += 1));
        socket.on("close", () => (closed += 1));
        socket.resume();
        return socket;
      });
      open.push(...sockets);
      await until("the table counts them", async () => {
        const table = await haproxy.control("show table connections");
        const current = Number(
          new RegExp(`key=(?:::ffff:)?${edge_.replaceAll(".", "\\.")} .*conn_cur=(\\d+)`).exec(table)?.[1] ?? 0,
        );
        return opened === count && current + closed >= count && current === count - closed ? true : undefined;
      });
      return { kept: count - closed, closed };
    };

    it("are kept up to the limit, and closed beyond it; another client gets in", async () => {
      expect(await hold("127.0.0.30", 23)).toEqual({ kept: 20, closed: 3 });
      expect((await ask(haproxy.ports.http, "/", { direct: true, edge: "127.0.0.31" })).status).toBe(301);
    });

    it("are few while the room of all runs out, and a new client still gets in", async () => {
      expect(await hold("127.0.0.32", 20)).toEqual({ kept: 20, closed: 0 });
      expect(await hold("127.0.0.33", 20)).toEqual({ kept: 20, closed: 0 });
      // 40 of 64; pressure begins beyond 48, and then a client has 16.
      expect(await hold("127.0.0.34", 20)).toEqual({ kept: 16, closed: 4 });
      expect((await ask(haproxy.ports.http, "/", { direct: true, edge: "127.0.0.35" })).status).toBe(301);
    });

    it("are not counted together where they are a trusted proxy's", async () => {
      expect(await hold("127.0.0.40", 40)).toEqual({ kept: 40, closed: 0 });
    });
  });
});
