/** A real Traefik with the rendered files on free loopback ports, and a client that speaks to it. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse, stringify } from "yaml";
import {
  dynamicConfigProbePath,
  parseTraefikVersion,
  renderTraefikStatic,
  TRAEFIK_DYNAMIC_DIRECTORY,
  TRAEFIK_RELOAD_FILE,
  TRAEFIK_ROUTES_FILE,
  traefikDynamicFiles,
} from "../../../hardening/edge";

export interface Reply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  /** Milliseconds from the request to the first byte of the body. */
  readonly firstByteMs: number;
}

interface RequestOptions {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly agent?: https.Agent;
  /** The client's address, of 127.0.0.0/8. @default 127.0.0.1 */
  readonly from?: string;
}

function send(request: http.ClientRequest, body = ""): Promise<Reply> {
  const start = Date.now();
  return new Promise((resolve, reject) => {
    request.on("error", reject);
    request.on("response", (response) => {
      let text = "";
      let firstByteMs = -1;
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        if (firstByteMs < 0) firstByteMs = Date.now() - start;
        text += chunk;
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text, firstByteMs }),
      );
    });
    request.end(body);
  });
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => http.createServer());
  await Promise.all(servers.map((server) => new Promise<void>((done) => server.listen(0, "127.0.0.1", done))));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

/** Writes as an engine's upload does: the old file goes, an empty one comes, and only then its content. */
async function upload(path: string, content: string): Promise<void> {
  rmSync(path, { force: true });
  const file = openSync(path, "wx", 0o644);
  await sleep(30);
  writeSync(file, content);
  closeSync(file);
}

export class RealTraefik {
  readonly ports: { readonly web: number; readonly websecure: number; readonly ping: number };
  readonly configFile: string;
  /** Its /tmp. */
  readonly scratchDirectory: string;
  private constructor(
    private readonly binary: string,
    private readonly directory: string,
    ports: readonly number[],
    private process_: ChildProcess | undefined = undefined,
  ) {
    const [web = 0, websecure = 0, ping = 0] = ports;
    this.ports = { web, websecure, ping };
    this.configFile = join(directory, "traefik.yml");
    this.scratchDirectory = join(directory, "tmp");
  }

  static async start(binary: string, dynamic: string): Promise<RealTraefik> {
    const traefik = new RealTraefik(binary, mkdtempSync(join(tmpdir(), "rampart-traefik-")), await freePorts(3));
    const version = /Version:\s+(\S+)/.exec(execFileSync(binary, ["version"], { encoding: "utf8" }))?.[1] ?? "";
    traefik.writeStatic(
      renderTraefikStatic({
        traefikVersion: parseTraefikVersion(version),
        externalHttpsPort: traefik.ports.websecure,
        certificates: { kind: "self-signed" },
      }),
    );
    mkdirSync(join(traefik.directory, "dynamic", "routes"), { recursive: true });
    for (const { path, content } of traefikDynamicFiles(dynamic)) {
      writeFileSync(join(traefik.directory, "dynamic", path), content);
    }
    mkdirSync(traefik.scratchDirectory);
    const log = openSync(join(traefik.directory, "log"), "a");
    traefik.process_ = spawn(binary, [`--configFile=${traefik.configFile}`], {
      stdio: ["ignore", log, log],
      // Were the file run as a template, this would show up in an answer.
      env: { ...process.env, RAMPART_TEST_SECRET: "leaked", TMPDIR: traefik.scratchDirectory },
    });
    await traefik.ready(dynamic);
    return traefik;
  }

  /** The rendered file, on loopback ports and in this directory. */
  private writeStatic(text: string): void {
    const configuration = parse(text) as { entryPoints: Record<string, { address: string }> };
    for (const [name, port] of Object.entries(this.ports)) {
      const entryPoint = configuration.entryPoints[name];
      if (entryPoint !== undefined) entryPoint.address = `127.0.0.1:${port}`;
    }
    writeFileSync(
      this.configFile,
      stringify(configuration).replace(TRAEFIK_DYNAMIC_DIRECTORY, join(this.directory, "dynamic")),
    );
  }

  log(): string {
    return readFileSync(join(this.directory, "log"), "utf8");
  }

  /** What it left in its /tmp. */
  scratch(): string[] {
    return readdirSync(this.scratchDirectory);
  }

  /** The most memory that it ever had, in MiB. */
  peakMiB(): number {
    const status = readFileSync(`/proc/${this.process_?.pid ?? 0}/status`, "utf8");
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? NaN) / 1024;
  }

  healthcheck(): string {
    return execFileSync(this.binary, ["healthcheck", `--configFile=${this.configFile}`], { encoding: "utf8" });
  }

  async ready(dynamic: string): Promise<void> {
    for (const deadline = Date.now() + 15_000; Date.now() < deadline; await sleep(10)) {
      const reply = await this.plain("ping", "127.0.0.1", dynamicConfigProbePath(dynamic)).catch(() => undefined);
      if (reply?.status === 200) return;
    }
    throw new Error(`Traefik does not serve the new configuration:\n${this.log()}`);
  }

  async reload(dynamic: string, by: "file" | "SIGHUP" = "file"): Promise<void> {
    const [routes, trigger] = traefikDynamicFiles(dynamic);
    await upload(join(this.directory, "dynamic", routes.path), routes.content);
    if (by === "file") await upload(join(this.directory, "dynamic", trigger.path), trigger.content);
    else this.process_?.kill("SIGHUP");
    await this.ready(dynamic);
  }

  /** Half a file, and Traefik is told to read it. */
  writeBroken(text: string): void {
    writeFileSync(join(this.directory, "dynamic", TRAEFIK_ROUTES_FILE), text);
    writeFileSync(join(this.directory, "dynamic", TRAEFIK_RELOAD_FILE), "broken\n");
  }

  plain(entryPoint: "web" | "ping", host: string, path: string): Promise<Reply> {
    return send(
      http.request({ host: "127.0.0.1", port: this.ports[entryPoint], path, headers: { host }, agent: false }),
    );
  }

  tls(host: string, path: string, options: RequestOptions = {}): Promise<Reply> {
    return send(this.request(host, path, options), options.body);
  }

  /** A request that its caller writes and ends, or leaves unfinished. */
  request(host: string, path: string, options: RequestOptions = {}): http.ClientRequest {
    const { method = "GET", headers = {}, agent, from } = options;
    const target = { host: "127.0.0.1", port: this.ports.websecure, servername: host, rejectUnauthorized: false };
    const source = from === undefined ? {} : { localAddress: from };
    return https.request({ ...target, ...source, path, method, headers: { host, ...headers }, agent: agent ?? false });
  }

  async stop(): Promise<void> {
    const { process_ } = this;
    if (process_ !== undefined && process_.exitCode === null) {
      const exited = new Promise((done) => process_.once("exit", done));
      process_.kill("SIGKILL");
      await exited;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}
