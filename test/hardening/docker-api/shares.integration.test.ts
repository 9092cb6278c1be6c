/** What one client of a socket proxy can hold, and what its refusals look like, through a real HAProxy. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { CONNECTIONS_PER_CLIENT, IN_FLIGHT_PER_CLIENT } from "../../../hardening/docker-api/shares";
import { describeWith, findProgram } from "../../programs";
import { request, startProxy, type Proxy } from "./support";

const GREEDY = "127.0.0.2";
const SLOW = "127.0.0.4";
const OTHER = "127.0.0.3";
const STREAM = request("GET", "/containers/abc/stats");
const PING = request("GET", "/_ping");

describeWith("haproxy")("the share of one client", () => {
  let proxy: Proxy;
  const sockets: Socket[] = [];

  beforeAll(async () => {
    proxy = await startProxy(
      {
        consumer: "worker",
        permissions: ["GET /_ping", "GET /containers/{id}/stats", "POST /containers/{id}/attach"],
      },
      ({ url }) => (url.endsWith("/stats") ? { status: 200, body: "{}", held: true } : undefined),
    );
  });
  afterEach(() => sockets.splice(0).forEach((socket) => socket.destroy()));
  afterAll(() => proxy.stop());

  /** A connection from an address of this host, on which these bytes were sent. */
  function open(localAddress: string, bytes: Buffer | string, port = proxy.port): Socket {
    const socket = connect({ host: "127.0.0.1", port, localAddress });
    sockets.push(socket);
    socket.on("error", () => undefined);
    if (bytes.length > 0) socket.write(bytes);
    return socket;
  }

  /** The status of the first bytes that arrive; 0 for a connection that was closed without any. */
  const status = (socket: Socket): Promise<number> =>
    new Promise((resolve) => {
      socket.once("data", (data: Buffer) => resolve(Number(data.toString("latin1").split(" ")[1])));
      socket.once("close", () => resolve(0));
    });

  const served = async (): Promise<void> => {
    expect(await status(open(OTHER, PING))).toBe(200);
    expect(await status(open("127.0.0.1", "GET /healthz HTTP/1.0\r\n\r\n", proxy.healthPort))).toBe(200);
  };

  test("a malformed request is refused in one line, like every other", async () => {
    const before = proxy.log().length;
    for (const bytes of ["GET /a b HTTP/1.1\r\n\r\n", "\0\r\n\r\n", "GET /secrets\r\n\r\n"])
      expect(await status(open(OTHER, bytes))).toBe(400);
    // Neither a connection without a byte nor one that is closed without any is a refusal.
    const silent = open(OTHER, "");
    await once(silent, "connect");
    silent.resume().end();
    await once(silent, "close");
    expect(await status(open(OTHER, PING))).toBe(200);
    await proxy.logged(/allowed .*path=\/_ping[^\n]*\n$/);
    const line = 'refused consumer=worker method=- path=- rule=malformed permission="-" status=400';
    const lines = proxy.log().slice(before).trim().split("\n");
    expect(lines.filter((one) => one.startsWith("refused"))).toEqual([line, line, line]);
    expect(lines).toHaveLength(4);
  });

  test("260 held streams of one client leave room for another, and end with their client", async () => {
    const held = Array.from({ length: 260 }, () => open(GREEDY, STREAM));
    const statuses = await Promise.all(held.map(status));
    expect(statuses.filter((one) => one === 200)).toHaveLength(IN_FLIGHT_PER_CLIENT);
    expect(statuses.filter((one) => one === 429).length).toBeGreaterThanOrEqual(
      CONNECTIONS_PER_CLIENT - IN_FLIGHT_PER_CLIENT,
    );
    expect([...new Set(statuses)].every((one) => [0, 200, 429].includes(one))).toBe(true);
    expect(await proxy.logged(/^refused .* status=429$/m)).toBe(
      'refused consumer=worker method=GET path=/containers/abc/stats rule=in-flight permission="-" status=429',
    );
    await served();

    await proxy.holding(IN_FLIGHT_PER_CLIENT);
    held.forEach((socket) => socket.destroy());
    // HAProxy 2.6 sees that a client left only when it has something to send.
    if (execFileSync(findProgram("haproxy") ?? "haproxy", ["-v"]).includes("version 2.")) return;
    await proxy.holding(0);
    expect(await status(open(GREEDY, PING))).toBe(200);
  });

  test("500 connections that never finish a request leave room for another", async () => {
    const slow = Array.from({ length: 500 }, () => open(SLOW, "GET /_ping HTTP/1.1\r\nHost:"));
    let closed = 0;
    await new Promise<void>((resolve) => {
      for (const socket of slow)
        socket.once("close", () => {
          closed += 1;
          if (closed === slow.length - CONNECTIONS_PER_CLIENT) resolve();
        });
    });
    await served();
    expect(closed).toBe(slow.length - CONNECTIONS_PER_CLIENT);
  });

  test("a hijacked connection that ends its side still gets the rest", async () => {
    const socket = open(
      OTHER,
      request("POST", "/containers/abc/attach?stream=1&stdin=1", undefined, {
        "Content-Length": "0",
        Connection: "Upgrade",
        Upgrade: "tcp",
      }),
    );
    let text = "";
    socket.on("data", (data: Buffer) => (text += data.toString("latin1")));
    socket.once("data", () => socket.end("input"));
    await once(socket, "close");
    expect(text).toMatch(/^HTTP\/1\.1 101 [^]*streamended$/);
  });
});
