import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream } from "node:fs";
import { newestContainer, type Engine } from "../../engine/docker";
import { LABEL_NAME, LABEL_STACK } from "../../hardening/container/labels";
import { UserError } from "./errors";

/** The id of a running container of the stack. @throws UserError where there is none */
export async function containerOf(engine: Engine, stack: string, name: string): Promise<string> {
  const id = await newestContainer(engine, { [LABEL_STACK]: stack, [LABEL_NAME]: name }, true);
  if (id !== undefined) return id;
  throw new UserError(
    `No container "${name}" of stack ${stack} runs on ${engine.host}. Check that the stack is deployed and that its database has backups (database.backups).`,
  );
}

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const execArguments = (engine: Engine, container: string, command: readonly string[]): string[] => [
  "--host",
  engine.host,
  "exec",
  "--interactive",
  container,
  ...command,
];

/** Runs a command in a container to its end, however long it takes. */
export async function execIn(
  engine: Engine,
  container: string,
  command: readonly string[],
  input = "",
): Promise<Finished> {
  const child = spawn("docker", execArguments(engine, container, command), { stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  return { code: await ended(child), stdout: stdout(), stderr: stderr() };
}

/** Runs a script in a container, which must succeed. @throws UserError with what it wrote last */
export async function scriptIn(
  engine: Engine,
  container: string,
  what: string,
  script: string,
  args: readonly string[] = [],
  input = "",
): Promise<string> {
  const result = await execIn(engine, container, ["sh", "-c", script, "rampart", ...args], input);
  if (result.code !== 0) throw new UserError(`${what} failed: ${last(result.stderr)}`);
  return result.stdout;
}

/** Sends what a command in one container writes to a command in another. @throws UserError when either fails */
export async function pipe(
  engine: Engine,
  what: string,
  from: readonly [container: string, command: readonly string[]],
  to: readonly [container: string, command: readonly string[]],
): Promise<void> {
  const source = spawn("docker", execArguments(engine, ...from), {
    env: process.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const sink = spawn("docker", execArguments(engine, ...to), { env: process.env, stdio: ["pipe", "ignore", "pipe"] });
  sink.stdin.on("error", () => undefined);
  source.stdout.pipe(sink.stdin);
  // A source that nobody reads from any more never ends: a Postgres that was killed left the command waiting for good.
  // Unpiped first: the sink's input may close later than the sink itself, and would then pause the source for good.
  sink.on("close", (code) => (code === 0 ? source.stdout.unpipe(sink.stdin).resume() : source.kill()));
  const errors = [collect(source.stderr), collect(sink.stderr)] as const;
  const [read, written] = await Promise.all([ended(source), ended(sink)]);
  if (read !== 0 || written !== 0)
    throw new UserError(`${what} failed: ${last([errors[0](), errors[1]()].join("\n"))}`);
}

/** Writes what a command in a container writes to a file of this machine, which only its owner can read. */
export async function saveFrom(
  engine: Engine,
  what: string,
  container: string,
  command: readonly string[],
  path: string,
): Promise<void> {
  const source = spawn("docker", execArguments(engine, container, command), { stdio: ["ignore", "pipe", "pipe"] });
  const file = createWriteStream(path, { mode: 0o600, flags: "wx" });
  file.on("error", () => source.kill());
  const errors = collect(source.stderr);
  const closed = new Promise<void>((done, fail) => file.on("close", done).on("error", fail));
  source.stdout.pipe(file);
  const [code] = await Promise.all([ended(source), closed]);
  if (code !== 0) throw new UserError(`${what} failed: ${last(errors())}`);
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const parts: Buffer[] = [];
  stream.on("data", (part: Buffer) => parts.push(part));
  return () => Buffer.concat(parts).toString();
}

function ended(child: ChildProcess): Promise<number> {
  return new Promise((done, fail) => {
    child.on("error", (error) =>
      fail(new UserError(`The Docker CLI (\`docker\`) could not be started: ${error.message}`)),
    );
    child.on("close", (code) => done(code ?? 1));
  });
}

/** What to say of a container whose command ended without a word. */
export const leftNoMessage = (container: string): string =>
  `its container ended. Look at \`docker logs ${container.slice(0, 12)}\`, and run the command again.`;

const last = (text: string): string =>
  text.trim().split("\n").slice(-6).join("\n") || "it wrote no message, as when its container ends";
