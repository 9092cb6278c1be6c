import { createWriteStream } from "node:fs";
import { newestContainer } from "../../engine/containers";
import type { DockerClient, Finished } from "../../engine/docker";
import { LABEL_NAME, LABEL_STACK } from "../../hardening/container/labels";
import { UserError } from "./errors";

/** The id of a running container of the stack. @throws UserError where there is none */
export async function containerOf(engine: DockerClient, stack: string, name: string): Promise<string> {
  const id = await newestContainer(engine, { [LABEL_STACK]: stack, [LABEL_NAME]: name }, true);
  if (id !== undefined) return id;
  throw new UserError(
    `No container "${name}" of stack ${stack} runs on ${engine.host}. Check that the stack is deployed and that ` +
      "its database has backups (database.backups).",
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

/** A script, and the container that it runs in. */
export interface ScriptRun {
  readonly container: string;
  /** What it does, as an error says it: "Dropping app failed". */
  readonly what: string;
  readonly script: string;
  /** @default none */
  readonly args?: readonly string[];
  /** What it reads. @default nothing */
  readonly input?: string;
}

/** Runs a script in a container, which must succeed. @throws EngineError with what it wrote last */
export const scriptIn = (
  engine: DockerClient,
  { container, what, script, args = [], input = "" }: ScriptRun,
): Promise<string> =>
  engine.must(`${what} failed`, execArgs(container, ["sh", "-c", script, "rampart", ...args]), {
    input,
    timeoutSeconds: "unlimited",
  });

/** Sends what a command in one container writes to a command in another. @throws EngineError when either fails */
export const pipe = (engine: DockerClient, what: string, from: InContainer, to: InContainer): Promise<void> =>
  engine.pipe(`${what} failed`, execArgs(...from), execArgs(...to));

/** Writes what a command in a container writes to a file of this machine, which only its owner can read. */
export const saveFrom = (engine: DockerClient, what: string, from: InContainer, path: string): Promise<void> =>
  engine.save(`${what} failed`, execArgs(...from), createWriteStream(path, { mode: 0o600, flags: "wx" }));

/** What to say of a container whose command ended without a word. */
export const leftNoMessage = (container: string): string =>
  `its container ended. Look at \`docker logs ${container.slice(0, 12)}\`, and run the command again.`;
