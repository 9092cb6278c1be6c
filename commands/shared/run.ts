import { spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { result, TimeLimit } from "../../engine/process";

export interface Finished {
  /** The exit code; 124 where the time ran out, as timeout(1) has it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const TIMED_OUT = 124;
const NOT_STARTED = 127;

/**
 * Runs a program to its end and keeps what it writes. A program that cannot be started ends with 127, as in a shell.
 */
export function capture(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  timeoutSeconds = 30,
): Promise<Finished> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill("SIGKILL");
    }, timeoutSeconds * 1000);
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", (error) => {
      clearTimeout(timer);
      resolve({ code: NOT_STARTED, stdout, stderr: error.message });
    });
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code: timedOut ? TIMED_OUT : (code ?? 1), stdout, stderr });
    });
  });
}

/** A program that reads a text from its standard input. */
export interface Fed {
  readonly command: string;
  readonly args: readonly string[];
  readonly input: string;
  readonly env: NodeJS.ProcessEnv;
  /** Until the program is ended; the exit code is then 124. */
  readonly timeoutSeconds: number;
}

/** The same with an input. A program that cannot be started ends with 127. */
export async function feed({ command, args, input, env, timeoutSeconds }: Fed): Promise<Finished> {
  const child = spawn(command, args, { env });
  // A program that ends before it has read everything says why by its exit code.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const limit = new TimeLimit(child, timeoutSeconds);
  try {
    const found = await result(child);
    return limit.over ? { ...found, code: TIMED_OUT } : found;
  } catch {
    return { code: NOT_STARTED, stdout: "", stderr: `${command} could not be started` };
  } finally {
    limit.lift();
  }
}

/**
 * Runs a program to its end, however long that takes, and keeps what it writes.
 * Ctrl-C is the program's own matter, as in `show`.
 */
export async function follow(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  directory: string,
): Promise<Finished> {
  const child = spawn(command, args, { env, cwd: directory, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const stay = (): void => undefined;
  process.on("SIGINT", stay);
  try {
    return await new Promise((resolve) => {
      child.on("error", (error) => resolve({ code: NOT_STARTED, stdout, stderr: error.message }));
      child.on("close", (code) => resolve({ code: code ?? 1, stdout, stderr }));
    });
  } finally {
    process.removeListener("SIGINT", stay);
  }
}

/** Runs a program that shares this one's terminal, and gives its exit code. */
export function show(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  directory: string,
): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env, cwd: directory, stdio: "inherit" });
    // Ctrl-C reaches the child as well, and Pulumi ends an update in good order on it: so wait for that.
    const stay = (): void => undefined;
    process.on("SIGINT", stay);
    const end = (code: number): void => {
      process.removeListener("SIGINT", stay);
      resolve(code);
    };
    child.on("error", (error) => {
      process.stderr.write(`${command}: ${error.message}\n`);
      end(NOT_STARTED);
    });
    child.on("close", (code) => end(code ?? 1));
  });
}

/** The path of a program, searched as a shell would. */
export function findProgram(
  name: string,
  env: NodeJS.ProcessEnv,
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  const names = platform === "win32" ? [`${name}.exe`, `${name}.cmd`] : [name];
  const directories = (env["PATH"] ?? env["Path"] ?? "").split(delimiter).filter((directory) => directory !== "");
  return directories.flatMap((directory) => names.map((file) => join(directory, file))).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** How long a program may take to end in good order. */
const GRACE_SECONDS = 10;

/** Runs a program for a while, or until Ctrl-C, and ends it by SIGINT. Gives what is wrong, if anything. */
export function runFor(command: string, args: readonly string[], seconds: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: ["ignore", "ignore", "pipe"],
      // Ctrl-C ends it by `stop` below, once.
      detached: true,
    });
    let stderr = "";
    let stopped = false;
    let killed: NodeJS.Timeout | undefined;
    const stop = (): void => {
      stopped = true;
      child.kill("SIGINT");
      killed = setTimeout(() => child.kill("SIGKILL"), GRACE_SECONDS * 1000);
    };
    const timer = setTimeout(stop, seconds * 1000);
    process.on("SIGINT", stop);
    const end = (problem: string | undefined): void => {
      clearTimeout(timer);
      clearTimeout(killed);
      process.removeListener("SIGINT", stop);
      resolve(problem);
    };
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", (error) => end(error.message));
    // Without `stopped` it ended by itself, which is a failure unless it says otherwise.
    child.on("close", (code) =>
      end(stopped || code === 0 ? undefined : (stderr.trim().split("\n").at(-1) ?? `exit code ${code}`)),
    );
  });
}
