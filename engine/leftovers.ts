import * as pulumi from "@pulumi/pulumi";
import { LABEL_STACK } from "../hardening/container/labels";
import { docker, type Engine } from "./docker";

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
export function leftoversHook(name: string, stack: string, engine: Engine, which: Leftover): pulumi.ResourceHook {
  return new pulumi.ResourceHook(name, (args) => removeLeftovers(engine, stack, args.name, which));
}

async function removeLeftovers(engine: Engine, stack: string, resource: string, which: Leftover): Promise<void> {
  try {
    const listed = await docker(engine, [
      "ps",
      "--all",
      "--no-trunc",
      "--filter",
      `label=${LABEL_STACK}=${stack}`,
      "--format",
      "{{.ID}} {{.Names}}",
    ]);
    // Pulumi's own automatic names: the resource's name and seven hexadecimal digits.
    const own = listed.stdout.split("\n").flatMap((line) => {
      const [id, name] = line.split(" ");
      return id !== undefined &&
        name?.startsWith(`${resource}-`) === true &&
        /^[0-9a-f]{7}$/.test(name.slice(resource.length + 1))
        ? [id]
        : [];
    });
    for (const id of own) {
      if (which === "any") await docker(engine, ["rm", "--force", id]);
      else if (await isUnfinished(engine, id)) await stopAndRemove(engine, resource, id);
    }
  } catch (error) {
    // The creation goes on: what is in its way says so itself.
    await pulumi.log.warn(
      `${resource}: what a killed update left could not be looked for: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

async function isUnfinished(engine: Engine, id: string): Promise<boolean> {
  const inspected = await docker(engine, ["inspect", "--format", "{{json .HostConfig.PidsLimit}}", id]);
  return inspected.code === 0 && /^(null|0|-1)$/.test(inspected.stdout.trim());
}

const STOP_SECONDS = 10;

async function stopAndRemove(engine: Engine, resource: string, id: string): Promise<void> {
  await docker(engine, ["stop", "--time", String(STOP_SECONDS), id]);
  const removed = await docker(engine, ["rm", "--force", id]);
  if (removed.code === 0)
    await pulumi.log.info(`${resource}: removed the container ${id.slice(0, 12)} that an update left which was killed`);
}
