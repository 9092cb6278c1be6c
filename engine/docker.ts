import { execFile } from "node:child_process";

/**
 * The engine as the Docker provider reaches it, for the few things that the provider has no argument for. The Docker
 * CLI is the client: it speaks ssh and TLS exactly as the provider does, which for `ssh://` needs the CLI anyway.
 */
export interface Engine {
  /** A Docker host: `unix://…`, `tcp://…` or `ssh://…`. */
  readonly host: string;
}

const DEFAULT_HOST = "unix:///var/run/docker.sock";
const MAX_OUTPUT_BYTES = 8 * 1024 * 1024;

/** @param configured The host that the stack's configuration names. @default DOCKER_HOST, then the local socket */
export function engineAt(configured?: string): Engine {
  return { host: configured ?? process.env["DOCKER_HOST"] ?? DEFAULT_HOST };
}

/** Whether the engine is on this machine and its networks can be reached from here: not Docker Desktop, not ssh. */
export function isLocalLinux(engine: Engine, platform: NodeJS.Platform = process.platform): boolean {
  return platform === "linux" && engine.host.startsWith("unix://") && !engine.host.includes("/.docker/desktop/");
}

/** The exit code of a command that was ended because its time was up, as timeout(1) has it. */
export const TIMED_OUT = 124;

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs the Docker CLI against the engine.
 * @param input What the command reads from its standard input. @default nothing
 * @throws Error when the CLI is not installed
 */
export function docker(
  engine: Engine,
  args: readonly string[],
  timeoutSeconds = 60,
  input?: string,
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      "docker",
      ["--host", engine.host, ...args],
      { timeout: timeoutSeconds * 1000, maxBuffer: MAX_OUTPUT_BYTES },
      (error, stdout, stderr) => {
        if (error === null) return resolve({ code: 0, stdout, stderr });
        if (error.code === "ENOENT") {
          return reject(
            new Error(
              "the Docker CLI (`docker`) is not installed here; Rampart needs it beside the Pulumi CLI. Install it and run `pulumi up` again.",
            ),
          );
        }
        resolve({
          code: typeof error.code === "number" ? error.code : TIMED_OUT,
          stdout,
          stderr: stderr === "" ? error.message : stderr,
        });
      },
    );
    if (input === undefined) return;
    // A command that ended before it read everything says why by its exit code.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
  });
}

/** Sets a running or created container's PIDs limit. @throws Error when the engine refuses */
export async function setPidsLimit(engine: Engine, container: string, pids: number): Promise<void> {
  const result = await docker(engine, ["update", "--pids-limit", String(pids), container]);
  if (result.code !== 0) throw new Error(`the engine did not take the PIDs limit ${pids}: ${lastLine(result.stderr)}`);
}

/** The last lines that a container wrote, both streams in order. */
export async function logTail(engine: Engine, container: string, lines = 15): Promise<string> {
  const result = await docker(engine, ["logs", "--tail", String(lines), container]);
  return [result.stdout, result.stderr]
    .flatMap((text) => text.trimEnd().split("\n"))
    .filter((line) => line !== "")
    .map(shorten)
    .join("\n");
}

const MAX_LINE = 300;
const shorten = (line: string): string => (line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}...` : line);

/** The newest container with these labels, running or not. */
export async function newestContainer(
  engine: Engine,
  labels: Readonly<Record<string, string>>,
  running = false,
): Promise<string | undefined> {
  const filters = Object.entries(labels).flatMap(([label, value]) => ["--filter", `label=${label}=${value}`]);
  const result = await docker(engine, ["ps", ...(running ? [] : ["--all"]), "--no-trunc", "--quiet", ...filters]);
  return result.stdout.split("\n").find((line) => line !== "");
}

/** What a person needs to know of a container that did not become healthy; undefined where it did. */
export async function describeFailure(engine: Engine, container: string): Promise<string | undefined> {
  const state = (await containerState(engine, container)) ?? {};
  if (state.Health?.Status === "healthy") return undefined;
  const probe = state.Health?.Log?.at(-1);
  // Created and never started: the engine's own error says why, and there is nothing to add.
  if (state.Status === "created") return undefined;
  const facts = [
    `status ${state.Status ?? "unknown"}`,
    ...(state.Running === true ? [] : [`exit code ${state.ExitCode ?? "unknown"}`]),
    ...(state.OOMKilled === true ? ["killed for want of memory (raise resources.memoryMiB)"] : []),
  ];
  const health =
    probe === undefined
      ? ""
      : `\nlast health check: exit ${probe.ExitCode ?? "?"}${probe.Output === undefined ? "" : `, ${probe.Output.trim().slice(0, 500)}`}`;
  const logs = await logTail(engine, container);
  return `${facts.join(", ")}${health}\nlast log lines:\n${indent(logs === "" ? "(it wrote nothing)" : logs)}`;
}

/** What the engine says of a container; undefined where there is none. */
export async function containerState(engine: Engine, container: string): Promise<ContainerState | undefined> {
  const inspected = await docker(engine, ["inspect", "--type", "container", "--format", "{{json .State}}", container]);
  return inspected.code === 0 ? (JSON.parse(inspected.stdout) as ContainerState) : undefined;
}

export interface ContainerState {
  readonly Status?: string;
  readonly Running?: boolean;
  readonly Restarting?: boolean;
  readonly ExitCode?: number;
  readonly OOMKilled?: boolean;
  readonly Health?: {
    readonly Status?: string;
    readonly Log?: readonly { readonly ExitCode?: number; readonly Output?: string }[];
  };
}

export const indent = (text: string): string =>
  text
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
const lastLine = (text: string): string => text.trim().split("\n").at(-1) ?? "";
