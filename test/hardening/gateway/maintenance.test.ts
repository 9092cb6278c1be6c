import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../free-ports";
import { responseHeaders } from "../../../hardening/edge/headers";
import {
  DEFAULT_METHODS,
  GATEWAY_PORTS,
  renderGatewayBase,
  renderGatewayRoutes,
  type GatewayRoute,
} from "../../../hardening/gateway";
import { describeWith } from "../../programs";

const route = (name: string, host: string): GatewayRoute => ({
  name,
  host,
  target: { alias: "localhost", port: 9 },
  rateLimit: { average: 100, burst: 200, periodSeconds: 1 },
  inFlight: { perClient: 100, total: 1000 },
  timeouts: { requestSeconds: 60, responseSeconds: 60, streamSeconds: 3600 },
  methods: DEFAULT_METHODS,
  maxBodyBytes: 1_048_576,
  maxHeaderBytes: 16_384,
  webSocket: false,
  streaming: false,
  headers: {},
});

const MESSAGE = `Back at 18:00 – "soon" & <b>50%</b> $HOME \\n it's`;
const routes = (maintenance: Readonly<Record<string, string>>) =>
  renderGatewayRoutes({
    edgeSubnet: "127.0.0.0/8",
    connections: { perClient: 256, total: 1500 },
    externalHttpsPort: 8443,
    routes: [route("web", "app.acme.com"), route("shop", "shop.acme.com")],
    edge: { host: "localhost", tls: 9, acme: 9 },
    http: true,
    maintenance,
  });

test("a stack without maintenance has not a byte of it", () => {
  expect(routes({}).config).not.toContain("maintenance");
  expect(routes({}).shape).not.toBe(routes({ "app.acme.com": MESSAGE }).shape);
});

test("a host that no route has is refused, as its name becomes configuration", () =>
  expect(() => routes({ "x } { always_true": "no" })).toThrow(
    'maintenance: no route has the host "x } { always_true"',
  ));

describeWith("haproxy")("a real HAProxy", () => {
  const directory = mkdtempSync(join(tmpdir(), "rampart-maintenance-"));
  const ports = new Map<number, number>();
  let haproxy: ChildProcess;
  let said = "";

  beforeAll(async () => {
    for (const port of Object.values(GATEWAY_PORTS)) ports.set(port, await freePort());
    const own = (text: string): string =>
      text
        .replace(/:(8[04]\d\d)\b/g, (whole, port: string) => {
          const mine = ports.get(Number(port));
          return mine === undefined ? whole : `:${mine}`;
        })
        .replace("/tmp/haproxy.sock", join(directory, "haproxy.sock"));
    const files = [renderGatewayBase({ connections: { perClient: 256, total: 1500 }, memoryMiB: 128 })];
    files.push(routes({ "app.acme.com": MESSAGE }).config);
    const names = files.map((text, index) => {
      const path = join(directory, `${index}.cfg`);
      writeFileSync(path, own(text));
      return path;
    });
    haproxy = spawn("haproxy", ["-db", ...names.flatMap((name) => ["-f", name])], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    haproxy.stdout?.on("data", (text: Buffer) => (said += text.toString()));
    haproxy.stderr?.on("data", (text: Buffer) => (said += text.toString()));
    for (let tries = 0; (await answer({ port: GATEWAY_PORTS.health, proxied: false, path: "/ping" })) === ""; tries++)
      if (haproxy.exitCode !== null || tries > 2000) throw new Error(`haproxy did not start: ${said}`);
  });

  afterAll(() => {
    haproxy.kill("SIGKILL");
    rmSync(directory, { recursive: true, force: true });
  });

  interface Asked {
    readonly port?: number;
    readonly proxied?: boolean;
    readonly method?: string;
    readonly host?: string;
    readonly path?: string;
    readonly accept?: string;
  }

  /** The whole answer as text; empty where nobody listens. */
  function answer({
    port = GATEWAY_PORTS.https,
    proxied = true,
    method = "GET",
    host = "app.acme.com",
    path = "/",
    accept = "*/*",
  }: Asked): Promise<string> {
    return new Promise((resolve) => {
      const socket = connect(ports.get(port) ?? 0, "127.0.0.1");
      let text = "";
      socket.on("error", () => resolve(text));
      socket.on("close", () => resolve(text));
      socket.setEncoding("utf8").on("data", (part: string) => (text += part));
      socket.end(
        `${proxied ? "PROXY TCP4 192.0.2.1 192.0.2.2 1 443\r\n" : ""}${method} ${path} HTTP/1.1\r\n` +
          `Host: ${host}\r\nAccept: ${accept}\r\nConnection: close\r\n\r\n`,
      );
    });
  }

  const body = (text: string): string => text.split("\r\n\r\n").slice(1).join("\r\n\r\n");
  const escaped = "Back at 18:00 – &quot;soon&quot; &amp; &lt;b&gt;50%&lt;/b&gt; $HOME \\n it&#39;s";

  test("shows a browser a page, with the header set and no style or script", async () => {
    const page = await answer({ path: "/any/path?x=1", accept: "text/html,application/xhtml+xml,*/*;q=0.8" });
    expect(page).toMatch(/^HTTP\/1\.1 503 /);
    expect(page).toMatch(/^retry-after: 300\r$/im);
    expect(page).toMatch(/^cache-control: no-store\r$/im);
    expect(page).toMatch(/^content-type: text\/html; charset=utf-8\r$/im);
    expect(page).toMatch(/^x-request-id: [0-9a-f-]{36}\r$/im);
    for (const [name, value] of Object.entries(responseHeaders()).filter(([, text]) => text !== ""))
      expect(page.toLowerCase()).toContain(`${name}: ${value}\r\n`.toLowerCase());
    expect(body(page)).toContain(`<h1>${escaped}</h1>`);
    expect(body(page)).not.toMatch(/<style|<script|style=|<b>/);
  });

  test("tells a program the same as JSON, and anybody else as text", async () => {
    for (const accept of ["application/json", "application/problem+json"]) {
      const told = await answer({ accept });
      expect(told).toMatch(/^content-type: application\/json\r$/im);
      expect(JSON.parse(body(told))).toEqual({ error: "maintenance", message: MESSAGE });
    }
    expect(body(await answer({}))).toBe(`${MESSAGE}\n`);
    expect(await answer({ method: "POST", path: "/login" })).toMatch(/^HTTP\/1\.1 503 /);
    expect(body(await answer({ method: "HEAD" }))).toBe("");
  });

  test("logs why", async () => {
    await answer({ path: "/logged" });
    expect(said).toContain('"refused":"maintenance"');
  });

  test("serves other hosts, and leads plain http on", async () => {
    // Nobody listens behind the route: the gateway tried.
    expect(await answer({ host: "shop.acme.com" })).toMatch(/^HTTP\/1\.1 503 [^]*the application cannot be reached/);
    expect(await answer({ host: "other.acme.com" })).toMatch(/^HTTP\/1\.1 404 /);
    expect(await answer({ path: "/a;b" })).toMatch(/^HTTP\/1\.1 400 /);
    const redirect = await answer({ port: GATEWAY_PORTS.http, proxied: false, path: "/x" });
    expect(redirect).toMatch(/^HTTP\/1\.1 301 /);
    const challenge = await answer({
      port: GATEWAY_PORTS.http,
      proxied: false,
      path: "/.well-known/acme-challenge/token",
    });
    expect(challenge).toMatch(/^HTTP\/1\.1 503 [^]*the application cannot be reached/);
  });
});
