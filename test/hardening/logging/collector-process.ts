/** A real HAProxy with the collector's scripts, an engine that a test makes up, and a sink of the test's own. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "../../free-ports";
import {
  COLLECTOR_DIRECTORY,
  collectorScript,
  collectorScripts,
  renderCollectorConfig,
  type SinkTarget,
} from "../../../hardening/logging/collector";
import { findProgram } from "../../programs";

export const STACK = "prod";

/** A line as an engine's files have it. */
export interface Printed {
  readonly time: string;
  readonly text: string;
  readonly stream?: "stdout" | "stderr";
}

/** A line with the engine's frame: kind, size, time and text. */
function frame({ time, text, stream = "stdout" }: Printed): Buffer {
  const body = Buffer.from(`${time} ${text}`, "latin1");
  const header = Buffer.alloc(8);
  header.writeUInt8(stream === "stdout" ? 1 : 2, 0);
  header.writeUInt32BE(body.length, 4);
  return Buffer.concat([header, body]);
}

interface Made {
  readonly id: string;
  readonly name: string;
  readonly component: string;
  state: string;
  readonly lines: Printed[];
  readonly followers: Set<ServerResponse>;
}

/** An engine with containers that print. It honours `since` and `follow`, as real ones do. */
export class FakeEngine {
  readonly asked: string[] = [];
  private readonly made = new Map<string, Made>();
  private constructor(private readonly server: Server) {}

  static async start(): Promise<FakeEngine> {
    const server = createServer();
    const engine = new FakeEngine(server);
    server.on("request", (request: IncomingMessage, response: ServerResponse) => engine.answer(request, response));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return engine;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** @param digit Of which the container's id is made */
  add(digit: string, name: string, component = "service", state = "running"): void {
    const id = digit.repeat(64);
    this.made.set(id, { id, name, component, state, lines: [], followers: new Set() });
  }

  print(digit: string, ...lines: readonly Printed[]): void {
    const made = this.made.get(digit.repeat(64));
    if (made === undefined) throw new Error(`no container ${digit}`);
    made.lines.push(...lines);
    for (const follower of made.followers) for (const line of lines) follower.write(frame(line));
  }

  /** The container ends, and what follows its lines with it. */
  end(digit: string): void {
    const made = this.made.get(digit.repeat(64));
    if (made === undefined) throw new Error(`no container ${digit}`);
    made.state = "exited";
    for (const follower of made.followers) follower.end();
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "", "http://engine");
    this.asked.push(`${request.method ?? ""} ${url.pathname}`);
    if (url.pathname === "/containers/json") {
      const list = [...this.made.values()].map(({ id, name, component, state }) => ({
        Id: id,
        Labels: { "io.rampart.stack": STACK, "io.rampart.name": name, "io.rampart.component": component },
        State: state,
      }));
      response.end(JSON.stringify(list));
      return;
    }
    const made = this.made.get(/^\/containers\/([0-9a-f]{64})\/logs$/.exec(url.pathname)?.[1] ?? "");
    if (made === undefined) {
      response.writeHead(404).end();
      return;
    }
    const [seconds = "0", nanoseconds = "0"] = (url.searchParams.get("since") ?? "").split(".");
    const since = new Date(Number(seconds) * 1000).toISOString().replace(/\.\d+Z$/, `.${nanoseconds}Z`);
    response.writeHead(200);
    response.flushHeaders();
    for (const line of made.lines) if (line.time >= since) response.write(frame(line));
    if (made.state !== "running") {
      response.end();
      return;
    }
    made.followers.add(response);
    response.on("close", () => made.followers.delete(response));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, "close");
  }
}

export interface CollectorSettings {
  readonly engine: FakeEngine;
  readonly sink: SinkTarget;
  readonly path?: string;
  /** Files under /run/secrets, by name. */
  readonly secrets?: Readonly<Record<string, string>>;
}

/** The script with less patience, as a test's facts come soon. @throws if it has not got what is shortened */
function quick(name: string, script: string): string {
  if (name !== "collector.lua") return script;
  const shorter = [
    [
      "LOOK_EVERY, SAVE_EVERY, IDLE, FULL = 2000, 1000, 200, 100",
      "LOOK_EVERY, SAVE_EVERY, IDLE, FULL = 100, 50, 20, 20",
    ],
    ["local pause = 1000", "local pause = 100"],
  ] as const;
  return shorter.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`collector.lua has no ${from}`);
    return text.replace(from, to);
  }, script);
}

/** A collector whose positions outlive it. */
export class Collector {
  private readonly directory = mkdtempSync(join(tmpdir(), "rampart-collector-"));
  private process_: ChildProcess | undefined;
  private metricsPort = 0;
  private said = "";

  constructor(private readonly settings: CollectorSettings) {}

  async start(): Promise<void> {
    const { engine, sink, path, secrets = {} } = this.settings;
    const [metrics = 0, list = 0, follow = 0, health = 0, own = 0] = await freePorts(5);
    this.metricsPort = metrics;
    for (const name of collectorScripts(sink.protocol))
      writeFileSync(join(this.directory, name), quick(name, collectorScript(name)));
    for (const [name, text] of Object.entries(secrets)) writeFileSync(join(this.directory, name), text);
    const config = renderCollectorConfig({
      sink,
      metrics: { listen: `127.0.0.1:${metrics}`, subnet: "127.0.0.0/8" },
    })
      .replaceAll(COLLECTOR_DIRECTORY, this.directory)
      .replaceAll("/run/secrets", this.directory)
      .replaceAll("docker-api:2375", `127.0.0.1:${engine.port}`)
      // A certificate is for a name, which this machine's own name server need not know.
      .replace(/server sink [^:]+:/, "server sink 127.0.0.1:")
      .replace("127.0.0.1:2375", `127.0.0.1:${list}`)
      .replace("127.0.0.1:2376", `127.0.0.1:${follow}`)
      .replace("127.0.0.1:8080", `127.0.0.1:${health}`)
      .replace("127.0.0.1:9000", `127.0.0.1:${own}`);
    writeFileSync(join(this.directory, "haproxy.cfg"), config);
    const child = spawn(findProgram("haproxy") ?? "", ["-f", join(this.directory, "haproxy.cfg")], {
      env: {
        RAMPART_FOLLOW_PORT: String(follow),
        RAMPART_LIST_PORT: String(list),
        RAMPART_POSITIONS: join(this.directory, "positions"),
        RAMPART_SINK_HEADERS: join(this.directory, "sink_headers"),
        RAMPART_SINK_PATH: path ?? "/",
        RAMPART_SINK_PORT: String(own),
        RAMPART_STACK: STACK,
      },
    });
    child.stdout.on("data", (chunk: Buffer) => (this.said += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (this.said += chunk.toString()));
    this.process_ = child;
    await this.until("the collector serves", async () => (await this.metrics()) !== undefined);
  }

  /** What it says of itself; undefined while it does not. */
  async metrics(): Promise<Readonly<Record<string, number>> | undefined> {
    const answer = await fetch(`http://127.0.0.1:${this.metricsPort}/metrics`).catch(() => undefined);
    if (answer === undefined) return undefined;
    const lines = (await answer.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    return Object.fromEntries(lines.map((line) => line.split(" ")).map(([name = "", value]) => [name, Number(value)]));
  }

  /** How far it is, as it would read it after a start. */
  async positions(): Promise<string> {
    return readFile(join(this.directory, "positions"), "utf8").catch(() => "");
  }

  /** Asks until a fact holds. @throws after 20 seconds, with what the collector printed */
  async until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    const end = Date.now() + 20_000;
    while (!(await holds())) {
      if (Date.now() > end || (this.process_?.exitCode ?? null) !== null)
        throw new Error(`not within 20 s: ${what}\n${this.said}`);
      await new Promise((done) => setTimeout(done, 20));
    }
  }

  async kill(): Promise<void> {
    const child = this.process_;
    if (child === undefined || child.exitCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
