import { spawn } from "node:child_process";
import { UserError } from "./errors";
import type { Finished } from "./run";

export interface AskOptions {
  /** Its standard input. @default empty */
  readonly input?: string;
  /** @default 60 */
  readonly timeoutSeconds?: number;
}

/** The Docker CLI against one engine: the same over a local socket, TLS or ssh. */
export interface DockerCli {
  readonly host: string;
  /** Runs a command to its end, whatever comes of it. */
  readonly ask: (args: readonly string[], options?: AskOptions) => Promise<Finished>;
  /** Runs a command that has to succeed, and gives what it wrote. @throws UserError with the engine's words, after `what` */
  readonly must: (what: string, args: readonly string[], options?: AskOptions) => Promise<string>;
}

const TIMED_OUT = 124;

export function dockerCli(host: string): DockerCli {
  const ask: DockerCli["ask"] = (args, options = {}) =>
    new Promise((resolve, reject) => {
      const child = spawn("docker", ["--host", host, ...args], { stdio: ["pipe", "pipe", "pipe"] });
      const out: Buffer[] = [];
      const err: Buffer[] = [];
      let late = false;
      const timer = setTimeout(
        () => {
          late = true;
          child.kill("SIGKILL");
        },
        (options.timeoutSeconds ?? 60) * 1000,
      );
      child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
      child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
      // A command that ends early does not read its input to the end.
      child.stdin.on("error", () => undefined);
      child.stdin.end(options.input ?? "");
      child.on("error", (error) => {
        clearTimeout(timer);
        reject(new UserError(`The Docker CLI (\`docker\`) could not be started: ${error.message}`));
      });
      child.on("close", (code) => {
        clearTimeout(timer);
        resolve({
          code: late ? TIMED_OUT : (code ?? 1),
          stdout: Buffer.concat(out).toString(),
          stderr: Buffer.concat(err).toString(),
        });
      });
    });
  const must: DockerCli["must"] = async (what, args, options) => {
    const result = await ask(args, options);
    if (result.code === TIMED_OUT) throw new UserError(`${what}: not done within ${options?.timeoutSeconds ?? 60} s.`);
    if (result.code !== 0)
      throw new UserError(
        `${what}: ${lastLines(result.stderr === "" ? result.stdout : result.stderr) || `it ended with ${result.code}`}`,
      );
    return result.stdout;
  };
  return { host, ask, must };
}

const lastLines = (text: string): string => text.trim().split("\n").slice(-8).join("\n");

export const lines = (text: string): string[] => text.split("\n").filter((line) => line !== "");
