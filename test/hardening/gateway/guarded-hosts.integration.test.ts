import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import tls from "node:tls";
import { freePorts } from "../../free-ports";
import { GATEWAY_PORTS, guardedPorts, renderGatewayBase, renderGatewayRoutes } from "../../../hardening/gateway";
import type { GatewayRoute } from "../../../hardening/gateway";
import { authorityCertificate, clientCertificate } from "../../../hardening/pki/certificates";
import { describeWith, findProgram } from "../../programs";
import { connect, type Handshake, TlsTraefik } from "../edge/tls-traefik";

const HOSTS = { open: "app.shop.test", admin: "admin.shop.test", audit: "audit.shop.test" } as const;
const GUARDED = [HOSTS.admin, HOSTS.audit];
const seed = (text: string): string => Buffer.alloc(32, text).toString("base64");
const [STAFF, AUDITORS] = [
  { seed: seed("staff"), stackName: "staff" },
  { seed: seed("auditors"), stackName: "auditors" },
];
const client = (ca: typeof STAFF, name: string) => {
  const { certificate: cert, privateKey: key } = clientCertificate({ ...ca, client: name });
  return { cert, key };
};

const route = (name: string, host: string, port: number): GatewayRoute => ({
  name,
  host,
  target: { alias: "localhost", port },
  rateLimit: { average: 1000, burst: 1000, periodSeconds: 1 },
  inFlight: { perClient: 100, total: 1000 },
  timeouts: { requestSeconds: 5, responseSeconds: 5, streamSeconds: 60 },
  methods: ["GET"],
  maxBodyBytes: 1024,
  maxHeaderBytes: 16_384,
  webSocket: false,
  streaming: false,
  headers: {},
});

const request = (host: string): string => `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
const status = ({ answer, error }: Handshake): number | string =>
  Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? NaN) || (error ?? "closed");

/** The real Traefik and the real HAProxy, as in a stack, on loopback. */
describeWith("traefik", "haproxy")("hosts that ask for a client's certificate", () => {
  const directory = mkdtempSync(join(tmpdir(), "rampart-guarded-"));
  const application = http.createServer((asked, response) => response.end(`served ${asked.headers.host ?? ""}`));
  let haproxy: ChildProcess;
  let traefik: TlsTraefik;

  beforeAll(async () => {
    await new Promise<void>((done) => application.listen(0, "127.0.0.1", done));
    const { port } = application.address() as AddressInfo;
    const ports = guardedPorts(GUARDED);
    const wanted = [...Object.values(GATEWAY_PORTS), ...Object.values(ports)];
    const free = await freePorts(wanted.length);
    const local = (wantedPort: number): number => free[wanted.indexOf(wantedPort)] ?? 0;
    const connections = { perClient: 256, total: 1500 };
    const { config } = renderGatewayRoutes({
      edge: { host: "localhost", tls: 1 },
      edgeSubnet: "127.0.0.0/8",
      http: false,
      connections,
      externalHttpsPort: 443,
      guardedHosts: GUARDED,
      routes: Object.entries(HOSTS).map(([name, host]) => route(name, host, port)),
    });
    const text = `${renderGatewayBase({ connections, memoryMiB: 128 })}\n${config}`
      .replaceAll("/tmp/haproxy.sock", join(directory, "haproxy.sock"))
      .replaceAll(
        /(bind |ipv4@)(?:\*|127\.0\.0\.1):(\d+)/g,
        (_line, head: string, at: string) => `${head}127.0.0.1:${local(Number(at))}`,
      );
    const file = join(directory, "haproxy.cfg");
    writeFileSync(file, text);
    const checked = spawnSync(findProgram("haproxy") ?? "", ["-c", "-f", file], { encoding: "utf8" });
    if (checked.status !== 0) throw new Error(`${checked.stderr}\n${text}`);
    haproxy = spawn(findProgram("haproxy") ?? "", ["-f", file], { stdio: "ignore" });
    const target = (at: number): string => `127.0.0.1:${local(at)}`;
    traefik = await TlsTraefik.start(
      findProgram("traefik") ?? "",
      {
        hosts: Object.values(HOSTS),
        tls: "intermediate",
        gateway: target(GATEWAY_PORTS.https),
        clientCertificates: {
          [HOSTS.admin]: { ca: authorityCertificate(STAFF), gateway: target(ports[HOSTS.admin] ?? 0) },
          [HOSTS.audit]: { ca: authorityCertificate(AUDITORS), gateway: target(ports[HOSTS.audit] ?? 0) },
        },
      },
      {},
    );
    for (const deadline = Date.now() + 10_000; Date.now() < deadline; await sleep(20)) {
      const answers = await new Promise<boolean>((resolve) => {
        const socket = net.connect(local(GATEWAY_PORTS.https), "127.0.0.1", () => {
          socket.destroy();
          resolve(true);
        });
        socket.on("error", () => resolve(false));
      });
      if (answers) return;
    }
    throw new Error("HAProxy does not listen");
  }, 60_000);
  afterAll(async () => {
    haproxy.kill("SIGKILL");
    await traefik.stop();
    application.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const ask = (sni: string, host: string, certificate: { cert?: string; key?: string } = {}): Promise<Handshake> =>
    connect(traefik.port, sni, { ...certificate, send: request(host) });

  test("serve a client of their own CA", async () => {
    const answer = await ask(HOSTS.admin, HOSTS.admin, client(STAFF, "anna"));
    expect(status(answer)).toBe(200);
    expect(answer.answer).toContain(`served ${HOSTS.admin}`);
    expect(status(await ask(HOSTS.audit, HOSTS.audit, client(AUDITORS, "bert")))).toBe(200);
  });

  test("refuse the handshake without one, and with another CA's", async () => {
    for (const certificate of [{}, client(AUDITORS, "bert")]) {
      const answer = await ask(HOSTS.admin, HOSTS.admin, certificate);
      expect(answer.answer).toBe("");
      expect(answer.error).toMatch(/certificate|alert|unknown ca/i);
    }
  });

  test("are not served over a connection to another host, open or guarded", async () => {
    for (const host of [HOSTS.admin, `${HOSTS.admin}:443`, HOSTS.admin.toUpperCase(), HOSTS.audit]) {
      const answer = await ask(HOSTS.open, host);
      expect([host, status(answer)]).toEqual([host, 421]);
      expect(answer.answer).not.toContain("served");
    }
    expect(status(await ask("elsewhere.test", HOSTS.admin))).toBe(421);
    expect(status(await ask(HOSTS.audit, HOSTS.admin, client(AUDITORS, "bert")))).toBe(421);
    // A dot at the end makes another name of it, which no route has.
    expect(status(await ask(HOSTS.open, `${HOSTS.admin}.`))).toBe(404);
  });

  test("serve no other host, and open ones ask for nothing", async () => {
    expect(status(await ask(HOSTS.admin, HOSTS.open, client(STAFF, "anna")))).toBe(421);
    expect(status(await ask(HOSTS.open, HOSTS.open))).toBe(200);
  });

  test("one of several requests on a connection is judged like the first", async () => {
    const first = `GET / HTTP/1.1\r\nHost: ${HOSTS.open}\r\n\r\n`;
    const { answer } = await connect(traefik.port, HOSTS.open, { send: `${first}${request(HOSTS.admin)}` });
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 421"]);
    expect(answer).not.toContain(`served ${HOSTS.admin}`);
  });

  test("a session of an open host is not resumed for a guarded one", async () => {
    const session = await new Promise<Buffer>((resolve) => {
      const socket = tls.connect({
        host: "127.0.0.1",
        port: traefik.port,
        servername: HOSTS.open,
        rejectUnauthorized: false,
      });
      socket.on("secureConnect", () => socket.write(request(HOSTS.open)));
      socket.on("session", (ticket: Buffer) => resolve(ticket));
    });
    const open = await connect(traefik.port, HOSTS.open, { session, send: request(HOSTS.open) });
    expect(status(open)).toBe(200);
    const guarded = await connect(traefik.port, HOSTS.admin, { session, send: request(HOSTS.admin) });
    expect(guarded.answer).toBe("");
    expect(guarded.error).toMatch(/certificate|alert/i);
  });
});
