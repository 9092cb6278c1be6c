import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { redisStartScript, redisUsersScript, renderRedisConf } from "../../../hardening/redis";
import { freePort } from "../../free-ports";

export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
  readonly ca: string;
}

/**
 * A real redis-server, started by the start script as in the container, with its directories under one temporary one.
 */
export class RedisServer {
  readonly directory = mkdtempSync(join(tmpdir(), "rampart-redis-"));
  log = "";
  private child: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    readonly tls: boolean,
  ) {}

  static async create(users: string, tls?: TlsFiles): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), tls !== undefined);
    for (const name of ["data", "live", "scratch"]) mkdirSync(join(server.directory, name));
    const settings = {
      tls: server.tls,
      port: server.port,
      configFile: server.path("redis.conf"),
      liveDirectory: server.path("live"),
      dataDirectory: server.path("data"),
      scratchDirectory: server.path("scratch"),
    };
    writeFileSync(server.path("redis.conf"), renderRedisConf({ ...settings, maxMemoryMiB: 64 }));
    writeFileSync(server.path("start.sh"), redisStartScript(settings));
    writeFileSync(server.path("users.sh"), redisUsersScript(settings));
    server.declare(users);
    if (tls !== undefined) server.certify(tls);
    await server.start();
    return server;
  }

  path(...parts: string[]): string {
    return join(this.directory, ...parts);
  }

  /** What the carrier does: the declared users, in the live volume. */
  declare(users: string): void {
    writeFileSync(this.path("live", "users.acl"), users);
  }

  certify(tls: TlsFiles): void {
    writeFileSync(this.path("live", "tls.crt"), tls.certificate);
    writeFileSync(this.path("live", "tls.key"), tls.key);
    writeFileSync(this.path("live", "ca.crt"), tls.ca);
  }

  async start(): Promise<void> {
    this.log = "";
    const child = spawn("/bin/sh", [this.path("start.sh")], { stdio: ["ignore", "pipe", "pipe"] });
    this.child = child;
    await new Promise<void>((resolve, reject) => {
      const read = (chunk: Buffer): void => {
        this.log += chunk.toString();
        if (this.log.includes("Ready to accept connections")) resolve();
      };
      child.stdout.on("data", read);
      child.stderr.on("data", read);
      child.once("exit", () => reject(new Error(this.log)));
    });
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await exit;
  }

  async remove(): Promise<void> {
    await this.stop("SIGKILL");
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** What redis-cli prints, errors included. */
  cli(user: string | undefined, password: string, command: readonly string[], host = "127.0.0.1"): string {
    const login = user === undefined ? [] : ["--user", user, "--pass", password, "--no-auth-warning"];
    const secured = this.tls ? ["--tls", "--cacert", this.path("live", "ca.crt")] : [];
    const { stdout, stderr } = spawnSync(
      "redis-cli",
      ["-h", host, "-p", String(this.port), ...secured, ...login, ...command],
      { encoding: "utf8", timeout: 5000 },
    );
    return `${stdout}${stderr}`.trim();
  }

  /** Runs the script that changes users, as a hook does. */
  users(...args: string[]): { readonly status: number | null; readonly output: string } {
    const { status, stdout, stderr } = spawnSync("/bin/sh", [this.path("users.sh"), ...args], {
      encoding: "utf8",
      timeout: 40_000,
    });
    return { status, output: `${stdout}${stderr}`.trim() };
  }

  async connect(user: string, password: string, ca?: string): Promise<Connection> {
    const socket = this.tls
      ? connectTls({ port: this.port, host: "127.0.0.1", servername: "redis", ca, minVersion: "TLSv1.2" })
      : connect(this.port, "127.0.0.1");
    await new Promise<void>((resolve, reject) => {
      socket.once(this.tls ? "secureConnect" : "connect", resolve);
      socket.once("error", reject);
    });
    const connection = new Connection(socket);
    await connection.ask("AUTH", user, password);
    return connection;
  }
}

type Reply = string | readonly Reply[];

/** One connection that stays open: enough of RESP2 to send commands one after the other, and to see it being cut. */
export class Connection {
  private buffer = "";
  private waiting: { readonly resolve: (reply: Reply) => void; readonly reject: (error: Error) => void }[] = [];
  cut = false;

  constructor(readonly socket: Socket | TLSSocket) {
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      this.buffer += text;
      for (
        let parsed = parse(this.buffer);
        parsed !== undefined && this.waiting.length > 0;
        parsed = parse(this.buffer)
      ) {
        this.buffer = this.buffer.slice(parsed.length);
        const next = this.waiting.shift();
        if (parsed.error) next?.reject(new Error(String(parsed.reply)));
        else next?.resolve(parsed.reply);
      }
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.cut = true;
      for (const { reject } of this.waiting.splice(0)) reject(new Error("the connection was cut"));
    });
  }

  ask(...command: string[]): Promise<Reply> {
    if (this.cut) return Promise.reject(new Error("the connection was cut"));
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.socket.write(
        `*${command.length}\r\n${command.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`,
      );
    });
  }

  close(): void {
    this.socket.destroy();
  }
}

interface Parsed {
  readonly reply: Reply;
  readonly length: number;
  readonly error: boolean;
}

function parse(text: string): Parsed | undefined {
  const end = text.indexOf("\r\n");
  if (end < 0) return undefined;
  const line = text.slice(1, end);
  const after = end + 2;
  if (text[0] === "$" && line !== "-1") {
    const length = after + Number(line) + 2;
    return text.length < length ? undefined : { reply: text.slice(after, length - 2), length, error: false };
  }
  if (text[0] !== "*") return { reply: line, length: after, error: text[0] === "-" };
  const items: Reply[] = [];
  let length = after;
  for (let index = 0; index < Number(line); index += 1) {
    const item = parse(text.slice(length));
    if (item === undefined) return undefined;
    items.push(item.reply);
    length += item.length;
  }
  return { reply: items, length, error: false };
}
