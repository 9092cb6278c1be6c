/** A real HAProxy with a generated configuration, in front of an engine that only records what reaches it. */
import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../free-ports";
import { renderHaproxyConfig } from "../../../hardening/docker-api/haproxy-config";
import type { HaproxyConfigArgs } from "../../../hardening/docker-api/haproxy-config";

export interface Recorded {
  readonly method: string;
  readonly url: string;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface Proxy {
  readonly port: number;
  readonly healthPort: number;
  /** What reached the engine, but for HAProxy's own health checks. */
  readonly recorded: Recorded[];
  log(): string;
  /** Resolves when the engine has just so many streams that are held. */
  holding(count: number): Promise<void>;
  /** Resolves with the first match of the log, as soon as there is one. */
  logged(pattern: RegExp): Promise<string>;
  /** Sends bytes as they are and reads the first answer's status and body. */
  raw(bytes: string | Buffer): Promise<Answer>;
  stop(): Promise<void>;
}

/** Whether an answer has all of the body that it announced. */
function isWhole(answer: string): boolean {
  const [head = "", ...rest] = answer.split("\r\n\r\n");
  const announced = /^content-length: *(\d+)/im.exec(head)?.[1];
  return announced !== undefined && rest.join("\r\n\r\n").length >= Number(announced);
}

function sendRaw(port: number, bytes: string | Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    const finish = (): void => {
      socket.destroy();
      const [head = "", ...rest] = text.split("\r\n\r\n");
      resolve({ status: Number(head.split(" ")[1] ?? 0), body: rest.join("\r\n\r\n") });
    };
    socket.setEncoding("latin1");
    socket.setTimeout(3_000, finish);
    socket.on("data", (data: string) => {
      text += data;
      // What was sent behind the request is still judged, and answered, before the proxy ends its side as well.
      if (isWhole(text)) socket.end();
    });
    socket.on("end", finish);
    socket.on("error", (error) => (text === "" ? reject(error) : finish()));
    socket.on("connect", () => socket.write(bytes));
  });
}

export interface EngineAnswer extends Answer {
  /** Whether the answer is a stream that never ends, and in which nothing happens. @default false */
  readonly held?: boolean;
}

/** What an engine answers; undefined for `{}`. */
export type EngineAnswers = (request: Recorded) => EngineAnswer | undefined;

export async function startProxy(
  args: Omit<HaproxyConfigArgs, "socketPath" | "listenAddress" | "port" | "healthPort">,
  answers: EngineAnswers = () => undefined,
): Promise<Proxy> {
  const directory = mkdtempSync(join(tmpdir(), "rampart-docker-api-"));
  const socketPath = join(directory, "engine.sock");
  const recorded: Recorded[] = [];
  const grown = new EventEmitter();
  let streams = 0;
  const countStream = (more: number): void => {
    streams += more;
    grown.emit("streams");
  };
  const engine = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const asked = {
        method: request.method ?? "",
        url: request.url ?? "",
        body: Buffer.concat(chunks).toString("latin1"),
      };
      if (request.headers.host !== "docker") recorded.push(asked);
      const { status, body, held = false } = answers(asked) ?? { status: 200, body: "{}" };
      response.writeHead(status, { "content-type": "application/json" });
      if (!held) return response.end(body);
      countStream(1);
      response.once("close", () => countStream(-1));
      return response.write(body);
    });
  });
  engine.on("upgrade", (request, socket) => {
    recorded.push({ method: request.method ?? "", url: request.url ?? "", body: "" });
    socket.write("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nstream");
    // A program that reads to the end of its input answers after it.
    if (request.url?.includes("stdin=1") === true) socket.resume().once("end", () => socket.end("ended"));
    else socket.end();
  });
  await new Promise<void>((resolve) => engine.listen(socketPath, resolve));

  const [port, healthPort] = [await freePort(), await freePort()];
  const file = join(directory, "haproxy.cfg");
  writeFileSync(file, renderHaproxyConfig({ ...args, socketPath, listenAddress: "127.0.0.1", port, healthPort }));
  const child = spawn("haproxy", ["-db", "-f", file], { stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  const grow = (data: Buffer): void => {
    log += data.toString();
    grown.emit("log");
  };
  child.stdout.on("data", grow);
  child.stderr.on("data", grow);
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));

  for (let attempt = 0; ; attempt += 1) {
    const up = await sendRaw(healthPort, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").catch(
      () => undefined,
    );
    if (up?.status === 200) break;
    if (attempt === 50 || child.exitCode !== null) throw new Error(`haproxy did not start: ${log.slice(0, 2_000)}`);
    await sleep(100);
  }
  return {
    port,
    healthPort,
    recorded,
    log: () => log,
    holding: async (count) => {
      while (streams !== count) await once(grown, "streams");
    },
    logged: async (pattern) => {
      for (;;) {
        const [match] = pattern.exec(log) ?? [];
        if (match !== undefined) return match;
        await once(grown, "log");
      }
    },
    raw: (bytes) => sendRaw(port, bytes),
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
      engine.closeAllConnections();
      await new Promise((resolve) => engine.close(resolve));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** An HTTP/1.1 request on a connection of its own, with the length of its body. */
export function request(
  method: string,
  target: string,
  body?: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): Buffer {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body ?? "", "utf8");
  const all: Record<string, string> = {
    Host: "engine",
    Connection: "close",
    ...(body === undefined ? {} : { "Content-Type": "application/json", "Content-Length": String(bytes.length) }),
    ...headers,
  };
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`${method} ${target} HTTP/1.1\r\n${head.join("")}\r\n`, "latin1"), bytes]);
}
