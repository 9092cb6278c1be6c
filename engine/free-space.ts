import { statfs } from "node:fs/promises";
import { ephemeralArgs } from "../hardening/container/ephemeral";
import { LABEL_COMPONENT, LABEL_STACK } from "../hardening/container/labels";
import { NOBODY } from "../hardening/container/workload";
import { FREE_SPACE_COMMAND, freeBytes } from "../hardening/disk/free-space";
import { newestContainer } from "./containers";
import type { DockerClient } from "./docker";
import { isLocalLinux } from "./engine";

/** Containers of a stack that have df, and that every stack has. */
const ASKED = ["gateway", "edge"] as const;
const PATIENCE_SECONDS = 10;

export interface FreeSpaceOf {
  readonly stack: string;
  /** Images that a container can be made of where none of the stack runs: those with df. @default none */
  readonly images?: readonly string[];
}

/**
 * Bytes that are free on the disk of an engine, wherever the engine is: a container of the stack's is asked, else one
 * that is made for this, else the disk of this machine where the engine is on it.
 * @returns undefined where none of them is there, as with a remote engine's first image
 */
export async function freeSpace(
  engine: DockerClient,
  { stack, images = [] }: FreeSpaceOf,
): Promise<number | undefined> {
  return (
    (await ofRunning(engine, stack)) ?? (await ofThrowAway(engine, stack, images)) ?? (await ofThisMachine(engine))
  );
}

/** The same from a container that runs anyway, which changes nothing on the engine. */
export async function ofRunning(engine: DockerClient, stack: string): Promise<number | undefined> {
  for (const component of ASKED) {
    const id = await newestContainer(engine, { [LABEL_STACK]: stack, [LABEL_COMPONENT]: component }, true);
    if (id === undefined) continue;
    const { code, stdout } = await engine.ask(["exec", id, ...FREE_SPACE_COMMAND], {
      timeoutSeconds: PATIENCE_SECONDS,
    });
    const free = code === 0 ? freeBytes(stdout) : undefined;
    if (free !== undefined) return free;
  }
  return undefined;
}

async function ofThrowAway(
  engine: DockerClient,
  stack: string,
  images: readonly string[],
): Promise<number | undefined> {
  const [entrypoint, ...command] = FREE_SPACE_COMMAND;
  for (const image of images) {
    // An image that is not there is not pulled for this.
    const { code, stdout } = await engine.ask([
      "run",
      ...ephemeralArgs({
        ...{ stack, component: "job", name: "free-space", image, user: NOBODY, entrypoint, command },
        resources: { memoryMiB: 16, cpus: 0.5, pids: 8 },
      }),
    ]);
    const free = code === 0 ? freeBytes(stdout) : undefined;
    if (free !== undefined) return free;
  }
  return undefined;
}

async function ofThisMachine(engine: DockerClient): Promise<number | undefined> {
  if (!isLocalLinux(engine)) return undefined;
  const { code, stdout } = await engine.ask(["info", "--format", "{{.DockerRootDir}}"]);
  const directory = stdout.trim();
  if (code !== 0 || !directory.startsWith("/")) return undefined;
  return statfs(directory).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => undefined,
  );
}
