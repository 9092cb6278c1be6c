/** A real HAProxy with the rendered files on free loopback ports, and names that a test can change. */
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "../../free-ports";
import {
  GATEWAY_PATHS,
  gatewayApplyScript,
  renderGatewayBase,
  renderGatewayRoutes,
  type GatewayInput,
} from "../../../hardening/gateway";
import { findProgram } from "../../programs";
import { ask, raw, until, type Reply, type Request } from "./client";
import { Dns } from "./dns";

/** As the gateway's own: `tls` and `http` are for the internet, `https` is for what the edge has taken out of TLS. */
type Ports = Readonly<Record<"http" | "tls" | "https" | "health" | "control" | "probe", number>>;

export interface LogLine {
  readonly [field: string]: unknown;
  readonly client: string;
  readonly path: string;
  readonly status: number;
  readonly refused: string;
}

export interface HaproxySettings {
  readonly input: GatewayInput;
  /** Names of services, and their addresses. */
  readonly names: Readonly<Record<string, readonly string[]>>;
  /** Texts of `haproxy.cfg` that a test shortens, such as a timeout. */
  readonly replace?: readonly (readonly [from: string, to: string])[];
}

/** Free ports of 127.0.0.1. */
export class RealHaproxy {
  private readonly directory = mkdtempSync(join(tmpdir(), "rampart-haproxy-"));
  private process_: ChildProcess | undefined;

  private constructor(
    readonly ports: Ports,
    readonly dns: Dns,
    private readonly replace: NonNullable<HaproxySettings["replace"]>,
  ) {}

  static async start({ input, names, replace = [] }: HaproxySettings): Promise<RealHaproxy> {
    const [http_ = 0, tls = 0, https = 0, health = 0, control = 0, probe = 0] = await freePorts(6);
    const ports = { http: http_, tls, https, health, control, probe };
    const haproxy = new RealHaproxy(ports, await Dns.start(names), replace);
    for (const folder of ["base", "routes", "bin"]) mkdirSync(join(haproxy.directory, folder));
    haproxy.write(
      "base/haproxy.cfg",
      haproxy.local(renderGatewayBase({ connections: input.connections, memoryMiB: 64 })),
    );
    haproxy.writeRoutes(input);
    haproxy.writeScript();
    const log = openSync(join(haproxy.directory, "log"), "a");
    const errors = openSync(join(haproxy.directory, "errors"), "a");
    haproxy.process_ = spawn(
      findProgram("haproxy") ?? "",
      ["-W", "-db", "-f", join(haproxy.directory, "base/haproxy.cfg"), "-f", join(haproxy.directory, "routes")],
      { stdio: ["ignore", log, errors] },
    );
    await until("HAProxy serves", () => haproxy.healthy(), 15).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${haproxy.errors()}`);
    });
    await until("every server has its address", async () => {
      const stale = (await haproxy.control("show servers state"))
        .split("\n")
        .filter((line) => /^\d+ route_\S+ /.test(line));
      return stale.every((line) => line.split(" ")[4] !== "-") ? true : undefined;
    });
    return haproxy;
  }

  /** The text with this machine's ports and this directory in place of the container's. */
  private local(text: string): string {
    const { ports } = this;
    return [
      ["bind *:8444", `bind 127.0.0.1:${ports.https}`] as const,
      ["bind *:8443", `bind 127.0.0.1:${ports.tls}`] as const,
      ["bind *:8080", `bind 127.0.0.1:${ports.http}`] as const,
      ["127.0.0.1:8082", `127.0.0.1:${ports.health}`] as const,
      ["127.0.0.1:8083", `127.0.0.1:${ports.control}`] as const,
      ["127.0.0.1 8083", `127.0.0.1 ${ports.control}`] as const,
      ["127.0.0.1:8084", `127.0.0.1:${ports.probe}`] as const,
      ["127.0.0.11:53", `127.0.0.1:${this.dns.port}`] as const,
      ["/tmp/haproxy.sock", join(this.directory, "haproxy.sock")] as const,
      ...this.replace,
    ]
      .reduce((changed, [from, to]) => changed.replaceAll(from, to), text)
      .replaceAll(/(\S+):\+?\d+( .*)init-addr libc,none/g, (line, name: string) => {
        // What a container's libc would find at the start; this machine's does not know these names.
        const [address] = this.dns.addresses(name);
        return line.replace("init-addr libc,none", `init-addr ${address === undefined ? "" : `${address},`}none`);
      });
  }

  private write(file: string, text: string): void {
    writeFileSync(join(this.directory, file), text);
  }

  writeRoutes(input: GatewayInput): void {
    const { config, servers, shape } = renderGatewayRoutes(input);
    this.write("routes/routes.cfg", this.local(config));
    this.write("routes/servers", servers);
    this.write("routes/shape", shape);
  }

  /** Routes that HAProxy does not take, as those of a volume that was written half. */
  writeBroken(): void {
    this.write("routes/routes.cfg", "backend broken\n    no-such-keyword\n");
    this.write("routes/shape", "000000000000");
  }

  private writeScript(): void {
    const script = this.local(gatewayApplyScript())
      .replace(`base=${GATEWAY_PATHS.base}`, `base=${join(this.directory, "base")}`)
      .replace(`routes=${GATEWAY_PATHS.routes}`, `routes=${join(this.directory, "routes")}`)
      .replace("kill -USR2 1\n", 'kill -USR2 "$MASTER"\n');
    this.write("base/apply.sh", script);
    // The engine's resolver, which `getent` asks in a container.
    const getent = `#!/bin/sh\nawk -v name="$2" '$2 == name' ${join(this.directory, "hosts")}\n`;
    this.write("bin/getent", getent);
    chmodSync(join(this.directory, "bin/getent"), 0o755);
  }

  /** Runs the script that takes new routes. @param tries how often it polls, in place of a hundred times */
  apply(tries = 100): Promise<{ readonly code: number; readonly said: string }> {
    this.write("hosts", this.dns.hosts);
    const script = readFileSync(join(this.directory, "base/apply.sh"), "utf8").replace("-lt 100", `-lt ${tries}`);
    const child = spawn(findProgram("busybox") ?? "", ["sh", "-c", script], {
      env: {
        ...process.env,
        MASTER: String(this.master),
        PATH: `${join(this.directory, "bin")}:${process.env["PATH"] ?? ""}:/usr/sbin`,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    return new Promise((resolve) => {
      let said = "";
      child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
      child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
      child.on("close", (code) => resolve({ code: code ?? -1, said }));
    });
  }

  private async healthy(): Promise<true | undefined> {
    const port = this.ports.health;
    const reply = await new Promise<number>((resolve) => {
      http
        .get({ host: "127.0.0.1", port, path: "/ping", agent: false }, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        })
        .on("error", () => resolve(0));
    });
    return reply === 200 ? true : undefined;
  }

  /** What the process that listens now answers on its control port. */
  control(command: string): Promise<string> {
    return new Promise((resolve) => {
      const socket = net.connect(this.ports.control, "127.0.0.1", () => socket.write(`${command}\n`));
      let text = "";
      socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
      socket.on("error", () => resolve(""));
      socket.on("close", () => resolve(text));
    });
  }

  get master(): number {
    return this.process_?.pid ?? 0;
  }

  /** The process id of the worker that listens now. */
  async worker(): Promise<number> {
    return Number(/^Pid: (\d+)/m.exec(await this.control("show info"))?.[1]);
  }

  errors(): string {
    return readFileSync(join(this.directory, "errors"), "utf8");
  }

  logText(): string {
    return readFileSync(join(this.directory, "log"), "utf8");
  }

  /** The lines of the access log so far; HAProxy tells of its servers between them. @throws if one is no JSON */
  log(): LogLine[] {
    return this.logText()
      .split("\n")
      .slice(0, -1)
      .filter((line) => !/^\[\w+\] |^\S+ changed its |^(?:(?:Proxy|Server) \S+|route_\S+) /.test(line))
      .map((line) => JSON.parse(line) as LogLine);
  }

  /** The line of a request, by its id or another field; it is written once the request has ended. */
  logged(matches: (line: LogLine) => boolean): Promise<LogLine> {
    return until("the line of the request", () => this.log().find(matches));
  }

  ask(path: string, request: Request = {}): Promise<Reply> {
    return ask(this.ports.https, path, request);
  }

  raw(text: string, request: Request & { readonly leaves?: boolean } = {}): Promise<string> {
    return raw(this.ports.https, text, request);
  }

  async stop(): Promise<void> {
    const { process_ } = this;
    if (process_ !== undefined && process_.exitCode === null) {
      const exited = new Promise((done) => process_.once("exit", done));
      process_.kill("SIGTERM");
      await exited;
    }
    await this.dns.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
