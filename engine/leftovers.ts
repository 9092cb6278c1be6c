import * as pulumi from "@pulumi/pulumi";
import { LABEL_STACK } from "../hardening/container/labels";
import { labelFilters } from "./containers";
import type { DockerClient } from "./docker";
import { lines } from "./text";

/** How it is known that a container is none of the state's. */
export type Leftover =
  /** It never got its PIDs limit, which is the last step of a creation that the state knows of. */
  | "unfinished"
  /** A carrier: nothing runs in it, so the one before may go as well; Pulumi takes it as deleted. */
  | "any";

/**
 * An update that was killed leaves containers of which the state knows nothing: they would run on beside the ones that
 * the next update makes, under the same alias, with credentials that the next rotation ends, on volumes and addresses
 * that are wanted. So whoever creates a container first removes what such an update left under its name.
 */
export function leftoversHook(
  name: string,
  leftovers: { readonly engine: DockerClient; readonly found: FoundContainers; readonly which: Leftover },
): pulumi.ResourceHook {
  return new pulumi.ResourceHook(name, (args) => removeLeftovers({ ...leftovers, resource: args.name }));
}

/** The stack's containers by their ids, as they were when an update made its first one. */
export type FoundContainers = () => Promise<readonly { readonly id: string; readonly name: string }[]>;

/** Asks the engine once in an update: only what was there before is left from another one. */
export function foundContainers(stack: string, engine: DockerClient): FoundContainers {
  const listing = ["--no-trunc", ...labelFilters({ [LABEL_STACK]: stack }), "--format", "{{.ID}} {{.Names}}"];
  const ask: FoundContainers = async () => {
    const { code, stdout } = await engine.ask(["ps", "--all", ...listing]);
    // The next creation asks again.
    if (code !== 0) asked = undefined;
    return lines(stdout).map((line) => ({ id: line.split(" ")[0] ?? "", name: line.split(" ")[1] ?? "" }));
  };
  let asked: ReturnType<FoundContainers> | undefined;
  return () => (asked ??= ask());
}

async function removeLeftovers(leftovers: {
  readonly engine: DockerClient;
  readonly found: FoundContainers;
  readonly which: Leftover;
  readonly resource: string;
}): Promise<void> {
  const { engine, found, which, resource } = leftovers;
  try {
    // Pulumi's own automatic names: the resource's name and seven hexadecimal digits.
    const own = (await found()).flatMap(({ id, name }) =>
      name.startsWith(`${resource}-`) && /^[0-9a-f]{7}$/.test(name.slice(resource.length + 1)) ? [id] : [],
    );
    for (const id of own) {
      if (which === "any") await engine.ask(["rm", "--force", id]);
      else if (await isUnfinished(engine, id)) await stopAndRemove(engine, resource, id);
    }
  } catch (error) {
    // The creation goes on: what is in its way says so itself.
    await pulumi.log.warn(
      `${resource}: what a killed update left could not be looked for: ` +
        `${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

async function isUnfinished(engine: DockerClient, id: string): Promise<boolean> {
  const inspected = await engine.ask(["inspect", "--format", "{{json .HostConfig.PidsLimit}}", id]);
  return inspected.code === 0 && /^(null|0|-1)$/.test(inspected.stdout.trim());
}

const STOP_SECONDS = 10;

async function stopAndRemove(engine: DockerClient, resource: string, id: string): Promise<void> {
  await engine.ask(["stop", "--time", String(STOP_SECONDS), id]);
  const removed = await engine.ask(["rm", "--force", id]);
  if (removed.code === 0)
    await pulumi.log.info(`${resource}: removed the container ${id.slice(0, 12)} that an update left which was killed`);
}
