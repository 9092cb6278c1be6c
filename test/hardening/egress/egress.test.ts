import { spawn, type ChildProcess } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { freePort } from "../../free-ports";
import { renderEgressConfig } from "../../../hardening/egress/haproxy-config";
import { EGRESS_ENTRY, egressProxyAddress, egressTarget } from "../../../hardening/egress/names";
import { describeWith } from "../../programs";

describe("names", () => {
  test.each(["api.stripe.com", "api.stripe.com:8443", "a.b-c.example", "xn--bcher-kva.example"])("takes %s", (entry) =>
    expect(entry).toMatch(EGRESS_ENTRY),
  );
  test.each([
    "*.githubusercontent.com",
    "localhost",
    "10.0.0.1",
    "1.2.3.4:443",
    "API.stripe.com",
    "a..b.com",
    "-a.com",
    "a.com:0",
    "a.com:",
    "https://a.com",
    "a.com/x",
    "a.com b.com",
    `${"a".repeat(64)}.com`,
    `${"a.".repeat(130)}com`,
    "a.com\nbind",
  ])("refuses %j", (entry) => expect(entry).not.toMatch(EGRESS_ENTRY));

  test("a name without a port is for 443", () => {
    expect(egressTarget("api.stripe.com")).toEqual({ name: "api.stripe.com", port: 443 });
    expect(egressTarget("api.stripe.com:465")).toEqual({ name: "api.stripe.com", port: 465 });
    expect(egressProxyAddress("10.1.77.0/24")).toBe("10.1.77.10");
  });

  test.each([
    [{ allowed: ["a.com }"] }, "a.com }"],
    [{ address: "10.0.0.1 x" }, "10.0.0.1 x"],
    [{ service: "a'b" }, "a'b"],
  ])("the configuration refuses %j", (change, stray) =>
    expect(() => renderEgressConfig({ service: "api", allowed: ["a.com"], address: "10.0.0.1", ...change })).toThrow(
      `egress proxy: not a name, an address or a service: ${stray}`,
    ),
  );
});

/** Answers A questions from a table, and says that there is no such name for all others. */
async function nameServer(table: Readonly<Record<string, string>>): Promise<{ server: Socket; port: number }> {
  const server = createSocket("udp4");
  server.on("message", (query, from) => {
    let end = 12;
    const labels: string[] = [];
    for (let length = query[end] ?? 0; length > 0; length = query[end] ?? 0) {
      labels.push(query.toString("latin1", end + 1, end + 1 + length));
      end += length + 1;
    }
    const address = table[labels.join(".").toLowerCase()];
    const head = Buffer.from(query.subarray(0, 12));
    head.writeUInt16BE(address === undefined ? 0x8183 : 0x8180, 2);
    head.writeUInt16BE(address === undefined ? 0 : 1, 6);
    head.writeUInt16BE(0, 10);
    const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...(address ?? "").split(".").map(Number)]);
    const parts = [head, query.subarray(12, end + 5), ...(address === undefined ? [] : [answer])];
    server.send(Buffer.concat(parts), from.port, from.address);
  });
  await new Promise<void>((resolve) => server.bind(0, "127.0.0.1", resolve));
  return { server, port: server.address().port };
}

describeWith("haproxy")("a real HAProxy between a service and its names", () => {
  const directory = mkdtempSync(join(tmpdir(), "rampart-egress-"));
  let child: ChildProcess;
  let names: Socket;
  let port = 0;
  let log = "";
  let heard: () => void = () => undefined;

  const line = (pattern: RegExp): Promise<string> =>
    new Promise((resolve) => {
      heard = () => {
        const found = pattern.exec(log)?.[0];
        if (found !== undefined) resolve(found);
      };
      heard();
    });

  /** Greets with a name, and waits until the proxy ends the connection. */
  const greet = (servername: string): Promise<void> =>
    new Promise((resolve) => {
      const socket = connectTls({ port, host: "127.0.0.1", servername, rejectUnauthorized: false });
      socket.on("error", () => undefined).on("close", () => resolve());
    });

  beforeAll(async () => {
    const table = { "inside.example.org": "10.1.2.3", "metadata.example.org": "169.254.169.254" };
    const resolver = await nameServer({ ...table, "loop.example.org": "127.0.0.1" });
    names = resolver.server;
    port = await freePort();
    const allowed = [...Object.keys(table), "loop.example.org", "gone.example.org"].map((name) => `${name}:${port}`);
    const file = join(directory, "haproxy.cfg");
    const args = { service: "api", allowed, address: "127.0.0.1", resolver: `127.0.0.1:${resolver.port}` };
    writeFileSync(file, renderEgressConfig({ ...args, healthPort: await freePort() }));
    child = spawn("haproxy", ["-db", "-V", "-f", file], { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (data: Buffer) => {
        log += data.toString();
        heard();
      });
    for (let up = false; !up && child.exitCode === null;)
      up = await new Promise<boolean>((resolve) => {
        const socket = connect(port, "127.0.0.1", () => resolve(true));
        socket.on("connect", () => socket.destroy()).on("error", () => setTimeout(() => resolve(false), 50));
      });
  });
  afterAll(async () => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await ended;
    await new Promise<void>((resolve) => names.close(() => resolve()));
    rmSync(directory, { recursive: true });
  });

  test.each([
    ["other.example.org", "not-listed"],
    ["sub.inside.example.org", "not-listed"],
    ["inside.example.org", "private-address"],
    ["metadata.example.org", "private-address"],
    ["loop.example.org", "private-address"],
    ["gone.example.org", "not-resolved"],
  ])("%s is refused: %s", async (name, rule) => {
    await greet(name);
    await line(new RegExp(`refused egress service=api name=${name.replaceAll(".", "\\.")} port=${port} rule=${rule}`));
  });

  test("what is no TLS is refused", async () => {
    await new Promise<void>((resolve) => {
      const socket = connect(port, "127.0.0.1", () =>
        socket.write("GET / HTTP/1.1\r\nHost: inside.example.org\r\n\r\n"),
      );
      socket.on("error", () => undefined).on("close", () => resolve());
    });
    await line(/refused egress service=api name=- port=\d+ rule=no-tls/);
  });
});
