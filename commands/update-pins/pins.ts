/** The pinned images in a file, and the file with others. */
import { parseDocument } from "yaml";
import { parseImage, type ImageReference } from "../../hardening/container/image";
import { isTree, tree } from "../../hardening/tree";

/** An image as a file pins it. */
export interface Pin extends ImageReference {
  /** As the file has it. */
  readonly reference: string;
  /** Where it stands: `services.api.image`. */
  readonly places: readonly string[];
}

/** A file's references, each once, by their first place. */
function pinsOf(found: readonly (readonly [place: string, reference: string])[]): Pin[] {
  const places = new Map<string, string[]>();
  for (const [place, reference] of found) places.set(reference, [...(places.get(reference) ?? []), place]);
  return [...places].flatMap(([reference, all]) => {
    const image = parseImage(reference);
    return image === undefined ? [] : [{ ...image, reference, places: all }];
  });
}

/** The images of a stack's file: of services, canaries and the migration, and those under `rampart:images`. */
export function stackPins(source: string): Pin[] {
  const config = tree(tree(parseDocument(source, { merge: true }).toJS())["config"]);
  return pinsOf(Object.entries(config).flatMap(([key, value]) => imagesUnder(value, [key.replace(/^[\w-]+:/, "")])));
}

function imagesUnder(value: unknown, path: readonly string[]): [string, string][] {
  if (typeof value === "string")
    return path.at(-1) === "image" || path.at(-2) === "images" ? [[path.join("."), value]] : [];
  if (!isTree(value)) return [];
  return Object.entries(value).flatMap(([key, child]) => imagesUnder(child, [...path, key]));
}

/** Rampart's own. @param pins by role */
export const ownPins = (pins: Readonly<Record<string, string>>): Pin[] => pinsOf(Object.entries(pins));

/** Another tag and digest for a pin. */
export interface PinChange {
  readonly pin: Pick<ImageReference, "repository" | "tag" | "digest">;
  readonly tag: string;
  /** 64 hex digits. */
  readonly digest: string;
}

/**
 * The text with other tags and digests, and every other byte as it was. No reference is written and then changed again:
 * each is written with the digest that its tag has now, and such a pin needs no change.
 */
export function withPins(source: string, changes: readonly PinChange[]): string {
  return changes.reduce((text, { pin, tag, digest }) => {
    const escaped = (part: string): string => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const version = escaped(`:${pin.tag}@sha256:${pin.digest}`);
    // In a file of TypeScript the tag may stand on the line after the repository.
    const pattern = new RegExp(
      `(?<![\\w./:-])(${escaped(pin.repository)}(?:"\\s*\\+\\s*")?)${version}(?![0-9a-f])`,
      "g",
    );
    return text.replace(pattern, (_whole, repository: string) => `${repository}:${tag}@sha256:${digest}`);
  }, source);
}
