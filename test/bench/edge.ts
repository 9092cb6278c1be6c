/**
 * The edge as Rampart renders it, beside Traefik and nginx as they come: requests a second, latency, processor time and
 * memory. All run on this host, on loopback, with the same answer behind them; each has the machine to itself in turn.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type http from "node:http";
import https from "node:https";
import { join } from "node:path";
import tls from "node:tls";
import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import { renderTraefikDynamic, renderTraefikStatic, TRAEFIK_PORTS } from "../../hardening/edge";
import { DEFAULT_METHODS, GATEWAY_PORTS, renderGatewayBase, renderGatewayRoutes } from "../../hardening/gateway";
import { run } from "../e2e/lib/process";
import { findProgram } from "../programs";
import type { Comparison } from "./measure";

const ROUNDS = 3;
const SECONDS = 4;
const IDLE_CONNECTIONS = 500;
const HOST = "127.0.0.1";
/** Where each of them takes TLS; the backend of all. */
const PORTS = {
  bare: 32_001,
  logging: 32_002,
  nginx: 32_003,
  tls: 32_004,
  edge: 32_005,
  https: 32_006,
  backend: 32_010,
};

/** One way of serving: where, and by which processes. */
interface Contender {
  readonly name: string;
  readonly port: number;
  readonly processes: readonly number[];
}

interface Figures {
  readonly requestsASecond: number;
  readonly p99Ms: number;
  /** Microseconds of processor time of the contender's processes for a request. */
  readonly cpuUs: number;
}

const PROGRAMS = ["traefik", "haproxy", "nginx", "wrk", "h2load", "openssl"] as const;

/** What is missing to run this part; undefined where nothing is. */
export function missingForEdge(): string | undefined {
  const missing = PROGRAMS.filter((program) => findProgram(program) === undefined);
  return missing.length === 0 ? undefined : `${missing.join(", ")} not installed`;
}

export async function benchEdge(work: string): Promise<(Comparison & { readonly target: string })[]> {
  const bench = new EdgeBench(join(work, "edge"));
  try {
    return await bench.compare();
  } finally {
    bench.stop();
  }
}

class EdgeBench {
  private readonly started: ChildProcess[] = [];

  constructor(private readonly directory: string) {
    mkdirSync(directory, { recursive: true });
  }

  stop(): void {
    for (const child of this.started) child.kill("SIGTERM");
  }

  async compare(): Promise<(Comparison & { readonly target: string })[]> {
    const { ours, bare, logging, nginx } = await this.start();
    const rows: (Comparison & { readonly target: string })[] = [];
    for (const protocol of ["HTTP/1.1", "HTTP/2"] as const) {
      const found = await inTurns([ours, bare, logging, nginx], (one) =>
        load(one, protocol, join(this.directory, "requests.log")),
      );
      const [own, plain, logged, other] = found;
      if (own === undefined || plain === undefined || logged === undefined || other === undefined) continue;
      const row = (peer: Figures, name: string, target: string): Comparison & { readonly target: string } => ({
        figure: `requests a second, ${protocol}, beside ${name}`,
        ours: describe(own),
        peer: describe(peer),
        ratio: (own.requestsASecond / peer.requestsASecond).toFixed(2),
        target,
      });
      rows.push(row(plain, "Traefik without a log", "at least 0.8"), row(logged, "Traefik with a log", "at least 0.9"));
      rows.push(row(other, "nginx with the same limits", ""));
      rows.push({
        figure: `slowest percent of requests, ${protocol}, ms`,
        ours: own.p99Ms.toFixed(1),
        peer: `Traefik without a log ${plain.p99Ms.toFixed(1)}`,
        ratio: (own.p99Ms / plain.p99Ms).toFixed(2),
        target: "at most 1.2",
      });
    }
    const [idle, idlePeer] = [await idleKiB(ours), await idleKiB(bare)];
    rows.push({
      figure: "memory of an idle TLS connection, KiB",
      ours: idle.toFixed(0),
      peer: `Traefik ${idlePeer.toFixed(0)}`,
      ratio: (idle / idlePeer).toFixed(2),
      target: "",
    });
    const [calm, flooded] = [await bystanderMs(ours), await this.flood(ours)];
    rows.push({
      figure: "a bystander's request while one client floods, ms",
      ours: flooded.toFixed(1),
      peer: `without the flood ${calm.toFixed(1)}`,
      ratio: (flooded / calm).toFixed(2),
      target: "",
    });
    return rows;
  }

  /** Everything at once; what is not measured waits for connections and takes no processor time. */
  private async start(): Promise<Record<"ours" | "bare" | "logging" | "nginx", Contender>> {
    const { directory } = this;
    const [certificate, key] = [join(directory, "cert.pem"), join(directory, "key.pem")];
    const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2", "-nodes"];
    const pair = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-keyout", key, "-out", certificate];
    await run("openssl", ["req", "-x509", ...subject, ...pair]);
    const store = { stores: { default: { defaultCertificate: { certFile: certificate, keyFile: key } } } };
    const nginx = this.nginx(certificate, key);
    const bare = this.traefik("bare", PORTS.bare, store, {});
    const log = { accessLog: { format: "json", fields: { headers: { defaultMode: "drop" } } } };
    const logging = this.traefik("logging", PORTS.logging, store, log);
    const ours = this.hardened(store);
    const contenders = { ours, bare, logging, nginx };
    for (const { port, name } of Object.values(contenders)) await answers(port, name);
    return {
      ...contenders,
      // Workers are children, which are there only once it runs.
      ours: { ...ours, processes: await withChildren(ours.processes) },
      nginx: { ...nginx, processes: await withChildren(nginx.processes) },
    };
  }

  private spawn(program: string, args: readonly string[]): number {
    const log = join(this.directory, `${program}-${this.started.length}.log`);
    const child = spawn("sh", ["-c", 'exec "$0" "$@" > "$LOG" 2>&1', findProgram(program) ?? program, ...args], {
      env: { ...process.env, LOG: log },
      stdio: "ignore",
    });
    this.started.push(child);
    return child.pid ?? 0;
  }

  private write(name: string, content: string): string {
    const path = join(this.directory, name);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  private traefik(name: string, port: number, certificates: object, more: object): Contender {
    const dynamic = {
      http: {
        routers: { all: { entryPoints: ["tls"], rule: "PathPrefix(`/`)", service: "backend", tls: {} } },
        services: { backend: { loadBalancer: { servers: [{ url: `http://${HOST}:${PORTS.backend}` }] } } },
      },
      tls: certificates,
    };
    const configuration = {
      entryPoints: { tls: { address: `${HOST}:${port}` } },
      global: { checkNewVersion: false, sendAnonymousUsage: false },
      log: { level: "ERROR" },
      providers: { file: { filename: this.write(`${name}/dynamic.yml`, stringify(dynamic)) } },
      ...more,
    };
    const file = this.write(`${name}/traefik.yml`, stringify(configuration));
    return { name, port, processes: [this.spawn("traefik", [`--configFile=${file}`])] };
  }

  private nginx(certificate: string, key: string): Contender {
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map((kind) => `${kind}_temp_path ${join(this.directory, kind)};`)
      .join(" ");
    const file = this.write(
      "nginx/nginx.conf",
      `daemon off; worker_processes 2; pid ${join(this.directory, "nginx.pid")}; error_log stderr crit;
events { worker_connections 4096; }
http {
  ${temporary} keepalive_requests 1000000; access_log ${join(this.directory, "nginx-access.log")};
  limit_req_zone $binary_remote_addr zone=rate:10m rate=100000r/s; limit_conn_zone $binary_remote_addr zone=conn:10m;
  upstream backend { server ${HOST}:${PORTS.backend}; keepalive 64; }
  server {
    listen ${HOST}:${PORTS.backend}; access_log off;
    location / { default_type text/plain; return 200 "hello\\n"; }
  }
  server {
    listen ${HOST}:${PORTS.nginx} ssl http2; ssl_certificate ${certificate}; ssl_certificate_key ${key};
    client_max_body_size 1m;
    location / {
      limit_req zone=rate burst=10000 nodelay; limit_conn conn 1000;
      add_header Strict-Transport-Security "max-age=63072000" always; add_header X-Frame-Options DENY always;
      proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; proxy_pass http://backend;
    }
  }
}
`,
    );
    return { name: "nginx", port: PORTS.nginx, processes: [this.spawn("nginx", ["-c", file, "-e", "stderr"])] };
  }

  /** The files that a stack's edge and gateway have, on loopback and without the engine's DNS. */
  private hardened(certificates: object): Contender {
    const connections = { perClient: 2000, total: 2000 };
    const base = renderGatewayBase({ connections, memoryMiB: 512, threads: 1 });
    const route = {
      host: HOST,
      target: { alias: HOST, port: PORTS.backend },
      timeouts: { requestSeconds: 60, responseSeconds: 60, streamSeconds: 300 },
      methods: DEFAULT_METHODS,
      maxBodyBytes: 1_048_576,
      maxHeaderBytes: 16_384,
      webSocket: false,
      streaming: false,
      headers: {},
    };
    const routes = renderGatewayRoutes({
      connections,
      edge: { host: HOST, tls: PORTS.edge },
      edgeSubnet: "127.0.0.0/8",
      externalHttpsPort: PORTS.tls,
      http: false,
      routes: [
        {
          ...route,
          name: "all",
          rateLimit: { average: 100_000, burst: 200_000, periodSeconds: 1 },
          inFlight: { perClient: 1000, total: 2000 },
        },
        {
          ...route,
          name: "limited",
          pathPrefix: "/limited",
          rateLimit: { average: 10, burst: 20, periodSeconds: 1 },
          inFlight: { perClient: 10, total: 100 },
        },
      ],
    });
    const here = (text: string): string =>
      text
        .replaceAll(/ resolvers engine resolve-prefer ipv4 init-addr libc,none/g, "")
        .replace("/tmp/haproxy.sock", join(this.directory, "haproxy.sock"))
        .replace(`bind *:${GATEWAY_PORTS.tls}`, `bind ${HOST}:${PORTS.tls}`)
        .replace(`bind *:${GATEWAY_PORTS.https}`, `bind ${HOST}:${PORTS.https}`);
    const configuration = this.write("gateway/haproxy.cfg", here(base));
    this.write("gateway/routes/routes.cfg", here(routes.config));
    const dynamic = JSON.parse(
      renderTraefikDynamic({ hosts: [], tls: "intermediate", gateway: `${HOST}:${PORTS.https}` }),
    ) as { tls: object };
    const file = this.write("edge/dynamic.yml", stringify({ ...dynamic, tls: { ...dynamic.tls, ...certificates } }));
    const settings = renderTraefikStatic({ certificates: { kind: "self-signed" }, gatewaySubnet: "127.0.0.0/8" })
      .replace(`:${TRAEFIK_PORTS.websecure}`, `${HOST}:${PORTS.edge}`)
      .replace(`127.0.0.1:${TRAEFIK_PORTS.ping}`, `${HOST}:${PORTS.edge + 100}`)
      .replace("directory: /etc/traefik/dynamic\n    watch: true", `filename: ${file}`);
    const edge = this.spawn("traefik", [`--configFile=${this.write("edge/traefik.yml", settings)}`]);
    const directory = join(this.directory, "gateway/routes");
    const gateway = this.spawn("haproxy", ["-W", "-db", "-f", configuration, "-f", directory]);
    return { name: "the hardened edge", port: PORTS.tls, processes: [edge, gateway] };
  }

  /** One client sends as much as it can to a route of ten requests a second; another asks for something else. */
  private async flood(one: Contender): Promise<number> {
    const flood = run("wrk", ["-t1", "-c50", `-d${SECONDS}s`, `https://${HOST}:${one.port}/limited`]);
    const latency = await bystanderMs(one);
    await flood;
    return latency;
  }
}

const describe = ({ requestsASecond, cpuUs }: Figures): string =>
  `${requestsASecond.toFixed(0)}, ${cpuUs.toFixed(0)} µs of CPU each`;

const get = (port: number, path: string, localAddress = HOST): Promise<number> =>
  new Promise((resolve, reject) => {
    const options = { host: HOST, port, path, localAddress, rejectUnauthorized: false, agent: false as const };
    https
      .get(options, (response: http.IncomingMessage) => {
        response.resume();
        response.once("end", () => resolve(response.statusCode ?? 0));
      })
      .once("error", reject);
  });

async function answers(port: number, name: string): Promise<void> {
  for (const deadline = Date.now() + 15_000; Date.now() < deadline; await sleep(50))
    if ((await get(port, "/").catch(() => 0)) === 200) return;
  throw new Error(`${name} does not answer on port ${port}`);
}

async function withChildren(parents: readonly number[]): Promise<number[]> {
  const found = await Promise.all(
    parents.map(async (pid) =>
      (await run("pgrep", ["-P", String(pid)])).stdout.split("\n").filter(Boolean).map(Number),
    ),
  );
  return [...parents, ...found.flat()];
}

const field = (pid: number, file: string): string => readFileSync(`/proc/${pid}/${file}`, "utf8");

/** Microseconds of processor time, user and system. */
const cpuUs = ({ processes }: Contender): number =>
  processes.reduce((sum, pid) => {
    const fields = field(pid, "stat").split(") ")[1]?.split(" ") ?? [];
    return sum + (Number(fields[11]) + Number(fields[12])) * 10_000;
  }, 0);

const rssKiB = ({ processes }: Contender): number =>
  processes.reduce((sum, pid) => sum + Number(/VmRSS:\s+(\d+)/.exec(field(pid, "status"))?.[1] ?? 0), 0);

async function load(one: Contender, protocol: "HTTP/1.1" | "HTTP/2", log: string): Promise<Figures> {
  const url = `https://${HOST}:${one.port}/`;
  rmSync(log, { force: true });
  const before = cpuUs(one);
  const { output, code } =
    protocol === "HTTP/1.1"
      ? await run("wrk", ["-t1", "-c50", `-d${SECONDS}s`, "--latency", url])
      : await run("h2load", ["-t1", "-c10", "-m10", `-D${SECONDS}s`, "--log-file", log, url]);
  if (code !== 0 || /Non-2xx/.test(output)) throw new Error(`${one.name}, ${protocol}: ${output.slice(-500)}`);
  const used = cpuUs(one) - before;
  if (protocol === "HTTP/1.1") {
    const requests = Number(/(\d+) requests in/.exec(output)?.[1] ?? NaN);
    const [, value = "", unit = ""] = /99%\s+([\d.]+)(us|ms|s)/.exec(output) ?? [];
    const scale = unit === "us" ? 0.001 : unit === "s" ? 1000 : 1;
    return { requestsASecond: requests / SECONDS, p99Ms: Number(value) * scale, cpuUs: used / requests };
  }
  // A line a request: start, status, microseconds.
  const lines = [...readFileSync(log, "utf8").matchAll(/^\d{10,}\t(\d{3})\t(\d+)$/gm)];
  const refused = lines.filter(([, status]) => status !== "200").length;
  if (lines.length === 0 || refused > 0)
    throw new Error(`${one.name}, ${protocol}: ${refused} of ${lines.length} refused`);
  const times = lines.map(([, , micros]) => Number(micros)).sort((a, b) => a - b);
  const p99 = times[Math.floor(times.length * 0.99)] ?? NaN;
  return { requestsASecond: lines.length / SECONDS, p99Ms: p99 / 1000, cpuUs: used / lines.length };
}

/** Each in turn, several times; of each the round in the middle by requests a second. */
async function inTurns(
  contenders: readonly Contender[],
  once: (one: Contender) => Promise<Figures>,
): Promise<(Figures | undefined)[]> {
  const rounds: Figures[][] = contenders.map(() => []);
  for (let round = 0; round < ROUNDS; round += 1)
    for (const [index, one] of contenders.entries()) rounds[index]?.push(await once(one));
  return rounds.map((of) => of.sort((a, b) => a.requestsASecond - b.requestsASecond)[Math.floor(of.length / 2)]);
}

/** Connections that have asked once, and then keep still. */
async function idleKiB(one: Contender): Promise<number> {
  const before = rssKiB(one);
  const sockets = await Promise.all(
    Array.from(
      { length: IDLE_CONNECTIONS },
      () =>
        new Promise<tls.TLSSocket>((resolve, reject) => {
          const socket = tls.connect({ host: HOST, port: one.port, rejectUnauthorized: false }, () =>
            socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`),
          );
          socket.once("data", () => resolve(socket));
          socket.once("error", reject);
        }),
    ),
  );
  const used = rssKiB(one) - before;
  for (const socket of sockets) socket.destroy();
  return used / IDLE_CONNECTIONS;
}

/** The middle of a second's requests, one after the other, by a client with another address. */
async function bystanderMs(one: Contender): Promise<number> {
  const times: number[] = [];
  for (const end = Date.now() + 2000; Date.now() < end; await sleep(10)) {
    const start = performance.now();
    const status = await get(one.port, "/", "127.0.0.2");
    if (status !== 200) throw new Error(`a bystander got ${status}`);
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? NaN;
}
