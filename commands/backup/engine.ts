import { createWriteStream, existsSync } from "node:fs";
import { resolve } from "node:path";
import { newestContainer } from "../../engine/containers";
import { DockerClient, type Finished } from "../../engine/docker";
import { LABEL_NAME, LABEL_STACK } from "../../hardening/container/labels";
import { readStackFile, type StackFile } from "../../plan/stack-file";
import { engineHost } from "../start/survey";
import type { BackupOptions } from "./options";

/** Something that went wrong and that a person can act on; shown without a stack trace. */
export class CommandError extends Error {}

/** The engine of a stack: `docker:host` of its file, then DOCKER_HOST, then the Docker CLI's context. */
export async function engineOf(root: string, options: BackupOptions, env: NodeJS.ProcessEnv): Promise<DockerClient> {
  return new DockerClient(await engineHost(stackFileOf(root, options)?.values["docker:host"], env));
}

/** The stack's file, where there is one here: a stack can be restored without. */
export function stackFileOf(root: string, { stack, configFile }: BackupOptions): StackFile | undefined {
  return configFile !== undefined || existsSync(resolve(root, `Pulumi.${stack}.yaml`))
    ? readStackFile(root, stack, configFile)
    : undefined;
}

/** The id of a running container of the stack. @throws CommandError where there is none */
export async function containerOf(engine: DockerClient, stack: string, name: string): Promise<string> {
  const id = await newestContainer(engine, { [LABEL_STACK]: stack, [LABEL_NAME]: name }, true);
  if (id !== undefined) return id;
  throw new CommandError(
    `No container "${name}" of stack ${stack} runs on ${engine.host}. Is the stack up, and has it database.backups?`,
  );
}

/** A command and the container that it runs in. */
export type InContainer = readonly [container: string, command: readonly string[]];

const execArgs = (container: string, command: readonly string[]): string[] => [
  "exec",
  "--interactive",
  container,
  ...command,
];

/** Runs a command in a container to its end, however long it takes. */
export const execIn = (
  engine: DockerClient,
  container: string,
  command: readonly string[],
  input = "",
): Promise<Finished> => engine.ask(execArgs(container, command), { input, timeoutSeconds: "unlimited" });

/** Runs a script in a container, which must succeed. @throws EngineError with what it wrote last */
export const scriptIn = (
  engine: DockerClient,
  container: string,
  what: string,
  script: string,
  args: readonly string[] = [],
  input = "",
): Promise<string> =>
  engine.must(`${what} failed`, execArgs(container, ["sh", "-c", script, "rampart", ...args]), {
    input,
    timeoutSeconds: "unlimited",
  });

/** Sends what a command in one container writes to a command in another. @throws EngineError when either fails */
export const pipe = (engine: DockerClient, what: string, from: InContainer, to: InContainer): Promise<void> =>
  engine.pipe(`${what} failed`, execArgs(...from), execArgs(...to));

/** Writes what a command in a container writes to a file of this machine, which only its owner can read. */
export const saveFrom = (
  engine: DockerClient,
  what: string,
  container: string,
  command: readonly string[],
  path: string,
): Promise<void> =>
  engine.save(`${what} failed`, execArgs(container, command), createWriteStream(path, { mode: 0o600, flags: "wx" }));
