import type { DockerClient } from "./docker";
import { EngineError } from "./engine";
import { indent, lastLines, lines } from "./text";

/** Sets a running or created container's PIDs limit. @throws EngineError when the engine refuses */
export async function setPidsLimit(engine: DockerClient, container: string, pids: number): Promise<void> {
  const result = await engine.ask(["update", "--pids-limit", String(pids), container]);
  if (result.code !== 0)
    throw new EngineError(`the engine did not take the PIDs limit ${pids}: ${lastLines(result.stderr, 1)}`);
}

/** The last lines that a container wrote, both streams in order. */
export async function logTail(engine: DockerClient, container: string, count = 15): Promise<string> {
  const result = await engine.ask(["logs", "--tail", String(count), container]);
  return [result.stdout, result.stderr].flatMap(lines).map(shorten).join("\n");
}

/** The same for an error. */
export async function lastWords(engine: DockerClient, container: string): Promise<string> {
  const logs = await logTail(engine, container);
  return `last log lines:\n${indent(logs === "" ? "(it wrote nothing)" : logs)}`;
}

const MAX_LINE = 300;
const shorten = (line: string): string => (line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}...` : line);

/** The newest container with these labels, running or not. */
export async function newestContainer(
  engine: DockerClient,
  labels: Readonly<Record<string, string>>,
  running = false,
): Promise<string | undefined> {
  return (await listContainers(engine, labels, running ? [] : ["--all"]))[0];
}

/** Every running container with these labels, the newest first. */
export const runningContainers = (
  engine: DockerClient,
  labels: Readonly<Record<string, string>>,
): Promise<readonly string[]> => listContainers(engine, labels, []);

async function listContainers(
  engine: DockerClient,
  labels: Readonly<Record<string, string>>,
  which: readonly string[],
): Promise<readonly string[]> {
  const result = await engine.ask(["ps", ...which, "--no-trunc", "--quiet", ...labelFilters(labels)]);
  return lines(result.stdout);
}

/** Arguments of `docker … ls` that leave only what has these labels. */
export const labelFilters = (labels: Readonly<Record<string, string>>): string[] =>
  Object.entries(labels).flatMap(([label, value]) => ["--filter", `label=${label}=${value}`]);

/**
 * What a person needs to know of a container that did not become healthy; undefined where it did.
 * @param last The last health check, where the engine itself may not have made one yet.
 */
export async function describeFailure(
  engine: DockerClient,
  container: string,
  last?: Probe,
): Promise<string | undefined> {
  const state = (await containerState(engine, container)) ?? {};
  if (state.Health?.Status === "healthy") return undefined;
  const probe = state.Health?.Log?.at(-1) ?? (state.Running === true ? last : undefined);
  const facts = [
    `status ${state.Status ?? "unknown"}`,
    ...(state.Running === true ? [] : [`exit code ${state.ExitCode ?? "unknown"}`]),
    ...(state.OOMKilled === true ? ["killed for want of memory (raise resources.memoryMiB)"] : []),
  ];
  const health =
    probe === undefined
      ? ""
      : "\nlast health check: exit " +
        `${probe.ExitCode ?? "?"}${probe.Output === undefined ? "" : `, ${probe.Output.trim().slice(0, 500)}`}`;
  return `${facts.join(", ")}${health}\n${await lastWords(engine, container)}`;
}

/** What the engine says of a container; undefined where there is none. */
export async function containerState(engine: DockerClient, container: string): Promise<ContainerState | undefined> {
  const inspected = await engine.ask(["inspect", "--type", "container", "--format", "{{json .State}}", container]);
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
    readonly Log?: readonly Probe[];
  };
}

/** One run of a health check. */
export interface Probe {
  readonly ExitCode?: number;
  readonly Output?: string;
}
