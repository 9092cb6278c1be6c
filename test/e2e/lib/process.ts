import { spawn, type ChildProcess } from "node:child_process";

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly timeoutSeconds?: number;
  readonly input?: string | Buffer;
  /** Interrupts the command, as Ctrl-C would. */
  readonly interrupt?: AbortSignal;
}

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Both streams in the order in which they came. */
  readonly output: string;
  readonly seconds: number;
}

/** Every child that still runs, so that an interrupted run takes them along: by their ids, never by name. */
const children = new Set<ChildProcess>();

/** Runs a command to its end, in a process group of its own; a time-out asks it to stop and then kills the group. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const started = Date.now();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
    });
    children.add(child);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    const all: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => void (out.push(chunk), all.push(chunk)));
    child.stderr.on("data", (chunk: Buffer) => void (err.push(chunk), all.push(chunk)));
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
    const limit = (options.timeoutSeconds ?? 60) * 1000;
    const ask = setTimeout(() => signal(child, "SIGINT"), limit);
    const kill = setTimeout(() => signal(child, "SIGKILL"), limit + 20_000);
    const interrupt = (): void => signal(child, "SIGINT");
    options.interrupt?.addEventListener("abort", interrupt);
    child.on("error", reject);
    child.on("close", (code, ended) => {
      options.interrupt?.removeEventListener("abort", interrupt);
      clearTimeout(ask);
      clearTimeout(kill);
      children.delete(child);
      const late = Date.now() - started >= limit ? `\n(stopped after ${limit / 1000} s)` : "";
      resolve({
        code: code ?? (ended === null ? 1 : 128),
        stdout: Buffer.concat(out).toString(),
        stderr: Buffer.concat(err).toString() + late,
        output: Buffer.concat(all).toString() + late,
        seconds: (Date.now() - started) / 1000,
      });
    });
  });
}

/** Starts a command that goes on running; `stopChildren` ends it at the latest. */
export function start(
  command: string,
  args: readonly string[],
  options: Pick<RunOptions, "env" | "cwd"> = {},
): ChildProcess {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.add(child);
  child.on("close", () => children.delete(child));
  return child;
}

export function stopChildren(): void {
  for (const child of children) signal(child, "SIGKILL");
}

export function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null) return;
  try {
    process.kill(-child.pid, name);
  } catch {
    // It has just ended.
  }
}

/** Runs a command that must succeed, and gives what it wrote. */
export async function must(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const result = await run(command, args, options);
  if (result.code !== 0)
    throw new Error(`${command} ${args.slice(0, 6).join(" ")} … ended with ${result.code}: ${tail(result.output, 12)}`);
  return result.stdout;
}

export const tail = (text: string, lines: number): string => text.trimEnd().split("\n").slice(-lines).join("\n");

export const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Asks until the answer is neither undefined nor false. */
export async function until<T>(
  what: string,
  seconds: number,
  ask: () => Promise<T | undefined | false>,
  everyMs = 300,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  let last = "";
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      last = ` (${error instanceof Error ? error.message : String(error)})`;
    }
    if (Date.now() > deadline) throw new Error(`${what}: not within ${seconds} s${last}`);
    await sleep(everyMs);
  }
}
