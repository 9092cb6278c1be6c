import * as pulumi from "@pulumi/pulumi";
import { shortageOf } from "../hardening/disk/free-space";
import { tree } from "../hardening/tree";
import type { DockerClient } from "./docker";
import { EngineError } from "./engine";
import { freeSpace } from "./free-space";

export interface Room {
  /** GiB that have to be free; 0: nothing is asked. */
  readonly minFreeGiB: number;
  /** Images with df, in the order in which they are tried. */
  readonly images: readonly string[];
}

/**
 * Before an image is pulled: refuses where the engine's disk has too little room. A full disk stops Postgres, and an
 * update that ends half-way is worse than one that does not begin. An image that is there is not asked about, so that
 * a rollback on a full disk goes on.
 */
export function roomHook(name: string, engine: DockerClient, room: Room): pulumi.ResourceHook {
  const stack = pulumi.getStack();
  return new pulumi.ResourceHook(`${name}-room`, async ({ newInputs }) => {
    const reference = tree(newInputs)["name"];
    if (typeof reference === "string") await mustHaveRoom({ engine, stack, reference, room });
  });
}

interface Pull {
  readonly engine: DockerClient;
  readonly stack: string;
  readonly reference: string;
  readonly room: Room;
}

async function mustHaveRoom({ engine, stack, reference, room: { minFreeGiB, images } }: Pull): Promise<void> {
  if ((await engine.ask(["image", "inspect", "--format", "{{.Id}}", reference])).code === 0) return;
  const free = await freeSpace(engine, { stack, images });
  if (free === undefined) return;
  const shortage = shortageOf({ stack, reference, host: engine.host, freeBytes: free, minFreeGiB });
  if (shortage !== undefined) throw new EngineError(shortage);
}
