import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { Duplex, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { EngineError, type Engine } from "./engine";
import { reason } from "./failure";
import { ended, result, TimeLimit, type Finished } from "./process";

export type { Finished } from "./process";

/** The exit code of a command that was ended because its time was up, as timeout(1) has it. */
export const TIMED_OUT = 124;
const DEFAULT_SECONDS = 60;

export interface AskOptions {
  /** What the command reads from its standard input. @default nothing */
  readonly input?: string;
  /** Seconds until the command is ended. @default 60 */
  readonly timeoutSeconds?: number | "unlimited";
}

/**
 * The one way to an engine for what the Docker provider has no argument for. The Docker CLI is the client: it speaks
 * ssh and TLS exactly as the provider does, which for `ssh://` needs the CLI anyway.
 * Each method throws an EngineError when the CLI cannot be started. Arguments begin with the Docker command:
 * `["ps", "--all"]`.
 */
export class DockerClient implements Engine {
  constructor(readonly host: string) {}

  /** Runs a command to its end, whatever comes of it. */
  async ask(args: readonly string[], options: AskOptions = {}): Promise<Finished> {
    return (await this.finish(args, options)).result;
  }

  /**
   * Runs a command that has to succeed, and gives what it wrote.
   * @param what What is the matter where it fails: "The image could not be pulled"
   * @throws EngineError with the last lines that the command wrote, and what to do where that is known
   */
  async must(what: string, args: readonly string[], options: AskOptions = {}): Promise<string> {
    const { result, late } = await this.finish(args, options);
    if (late)
      throw new EngineError(
        `${what}: not done within ${options.timeoutSeconds ?? DEFAULT_SECONDS} s. See whether the engine answers: ` +
          `\`docker --host ${this.host} version\`.`,
      );
    if (result.code !== 0) throw new EngineError(`${what}: ${reason([{ args, ...result }])}`);
    return result.stdout;
  }

  /**
   * Sends what one command writes to another, however long it takes.
   * @throws EngineError with the last lines of each command that failed
   */
  async pipe(what: string, from: readonly string[], to: readonly string[]): Promise<void> {
    const [source, sink] = [this.start(from), this.start(to)];
    source.stdin.end();
    source.stdout.pipe(sink.stdin);
    sink.stdout.resume();
    // A source that nobody reads from any more never ends: a Postgres that was killed left the command waiting for
    // good.
    // Unpiped first: the sink's input may close later than the sink itself, and would then pause the source for good.
    sink.on("close", (code) => (code === 0 ? source.stdout.unpipe(sink.stdin).resume() : source.kill()));
    const [read, written] = await Promise.all([result(source, "errors"), result(sink, "errors")]);
    if (read.code !== 0 || written.code !== 0)
      throw new EngineError(
        `${what}: ${reason([
          { args: from, ...read },
          { args: to, ...written },
        ])}`,
      );
  }

  /**
   * Sends what a command writes to a stream of this process.
   * @throws EngineError where the command fails, else the stream's error
   */
  async save(what: string, args: readonly string[], to: Writable): Promise<void> {
    const child = this.start(args);
    child.stdin.end();
    const saved = pipeline(child.stdout, to).catch((error: unknown) => {
      child.kill();
      throw error;
    });
    const [{ code, stderr }] = await Promise.all([result(child, "errors"), saved]);
    if (code !== 0) throw new EngineError(`${what}: ${reason([{ args, code, stderr, stdout: "" }])}`);
  }

  /**
   * Runs a command on this process's terminal, and gives its exit code. What is sent to this process to end it is sent
   * on. Ctrl-C is not: the terminal sends it to both, and psql cancels a query by it.
   */
  async attach(args: readonly string[]): Promise<number> {
    const child = spawn("docker", this.line(args), { env: process.env, stdio: "inherit" });
    const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
    const stay = (): void => undefined;
    process.on("SIGTERM", forward).on("SIGHUP", forward).on("SIGINT", stay);
    try {
      return await ended(child);
    } finally {
      process.off("SIGTERM", forward).off("SIGHUP", forward).off("SIGINT", stay);
    }
  }

  /** A connection to the engine's API as it is, over whatever leads to the engine. It ends together with the CLI. */
  dial(): Duplex {
    const child = this.start(["system", "dial-stdio"]);
    child.stderr.resume();
    const connection = Duplex.from({ readable: child.stdout, writable: child.stdin });
    child.on("error", (error) => connection.destroy(error));
    connection.on("close", () => child.kill());
    return connection;
  }

  private async finish(
    args: readonly string[],
    { input = "", timeoutSeconds = DEFAULT_SECONDS }: AskOptions,
  ): Promise<{ readonly result: Finished; readonly late: boolean }> {
    const child = this.start(args);
    child.stdin.end(input);
    const limit = timeoutSeconds === "unlimited" ? undefined : new TimeLimit(child, timeoutSeconds);
    try {
      const found = await result(child);
      const late = limit?.over === true;
      return { late, result: late ? { ...found, code: TIMED_OUT } : found };
    } finally {
      limit?.lift();
    }
  }

  private start(args: readonly string[]): ChildProcessWithoutNullStreams {
    const child = spawn("docker", this.line(args), { env: process.env });
    // A command that ends before it has read everything says why by its exit code.
    child.stdin.on("error", () => undefined);
    return child;
  }

  private line(args: readonly string[]): string[] {
    return ["--host", this.host, ...args];
  }
}

/** The engine of the Docker CLI's current context; undefined where the CLI names none. */
export async function contextHost(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const asked = spawn("docker", ["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"], { env });
  asked.stdin.end();
  const limit = new TimeLimit(asked, DEFAULT_SECONDS);
  const { code, stdout } = await result(asked).finally(() => limit.lift());
  return code === 0 && stdout.trim() !== "" ? stdout.trim() : undefined;
}
