/** What a stack takes of its engine's disk, and whether the disk has room. Pure. */
import { GIB, sizeText } from "../../hardening/disk/free-space";
import type { ContainerFact } from "../shared/containers";

/** The part of what was found that this needs. */
export interface SpaceFacts {
  readonly stack: string;
  readonly containers: readonly ContainerFact[];
  /** Bytes by image id. */
  readonly imageSizes?: Readonly<Record<string, number>>;
  /** Bytes that are free on the engine's disk. */
  readonly free?: number;
  /** GiB that an update wants free before it pulls an image. */
  readonly minFreeGiB: number;
}

/** What a stack may take of the engine's disk, beside its data. */
export interface Taken {
  /** Bytes of the images that its containers have; layers that images share are counted for each. */
  readonly images: number;
  /** Bytes that the logs of its containers may grow to. */
  readonly logs: number;
  /** Containers whose logs nothing bounds. */
  readonly unbounded: readonly string[];
}

export function takenBy({ containers, imageSizes = {} }: SpaceFacts): Taken {
  const images = [...new Set(containers.map(({ imageId }) => imageId))];
  // What never ran has no log.
  const logging = containers.filter(({ component }) => component !== "carrier");
  return {
    images: images.reduce((sum, id) => sum + (imageSizes[id] ?? 0), 0),
    logs: logging.reduce((sum, { logBytes = 0 }) => sum + logBytes, 0),
    unbounded: logging.filter(({ logBytes }) => logBytes === undefined).map(({ container }) => container),
  };
}

export function spaceProblems({
  stack,
  free,
  minFreeGiB,
}: SpaceFacts): { readonly subject: string; readonly message: string }[] {
  if (free === undefined || free >= minFreeGiB * GIB) return [];
  const message =
    `${sizeText(free)} are free on the engine's disk, and an update pulls no image below ${minFreeGiB} GiB ` +
    `(disk.minFreeGiB): see \`npx rampart clean ${stack}\``;
  return [{ subject: "disk", message }];
}
