/** The images of an engine, and who uses them. */
import type { DockerClient } from "../../engine/docker";
import { EngineError } from "../../engine/engine";
import { lines } from "../../engine/text";
import { LABEL_STACK } from "../../hardening/container/labels";
import { field, parseJson, text } from "../shared/json";

export interface EngineImage {
  readonly id: string;
  /** `repo@sha256:…`, as it was pulled. */
  readonly digests: readonly string[];
  /** `repo:tag` */
  readonly tags: readonly string[];
  /** When it was built, in ISO 8601. */
  readonly created: string;
  /** Layers that it shares with other images included. */
  readonly bytes: number;
  /** Of each container that was made of it, running or not, the stack; undefined for one of no stack. */
  readonly users: readonly (string | undefined)[];
}

const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as readonly unknown[]) : []);

/** @param containers @param images what `docker inspect` says of them */
export function engineImages(images: unknown, containers: unknown): EngineImage[] {
  const users = new Map<string, (string | undefined)[]>();
  for (const one of list(containers)) {
    const id = text(field(one, "Image")) ?? "";
    const stack = text(field(field(field(one, "Config"), "Labels"), LABEL_STACK));
    users.set(id, [...(users.get(id) ?? []), stack]);
  }
  return list(images).map((one) => {
    const id = text(field(one, "Id")) ?? "";
    return {
      id,
      digests: texts(field(one, "RepoDigests")),
      tags: texts(field(one, "RepoTags")),
      created: text(field(one, "Created")) ?? "",
      bytes: Number(field(one, "Size") ?? 0),
      users: users.get(id) ?? [],
    };
  });
}

/** @throws EngineError where the engine does not answer: then nothing is known to be unused */
export async function readImages(engine: DockerClient): Promise<EngineImage[]> {
  const inspect = async (what: string, listing: readonly string[], kind: string): Promise<unknown> => {
    const ids = [...new Set(lines(await engine.must(`${what} could not be listed`, listing)))];
    if (ids.length === 0) return [];
    const { code, stdout, stderr } = await engine.ask(["inspect", "--type", kind, ...ids]);
    // One that has gone meanwhile is nobody's any more; whatever else fails would make images look unused.
    if (code !== 0 && !lines(stderr).every((line) => /no such (?:object|container|image)/i.test(line)))
      throw new EngineError(`${what} could not be looked at: ${stderr.trim()}`);
    return parseJson(stdout);
  };
  const images = await inspect("Images", ["image", "ls", "--no-trunc", "--quiet"], "image");
  // After the images: a container that comes meanwhile keeps its image, as the engine removes none that is in use.
  const containers = await inspect("Containers", ["ps", "--all", "--no-trunc", "--quiet"], "container");
  return engineImages(images, containers);
}

/** What the build cache could give back, as Docker writes it; undefined where the engine does not say. */
export async function buildCache(engine: DockerClient): Promise<string | undefined> {
  const { code, stdout } = await engine.ask(["system", "df", "--format", "{{json .}}"]);
  if (code !== 0) return undefined;
  const cache = lines(stdout)
    .map(parseJson)
    .find((one) => text(field(one, "Type")) === "Build Cache");
  return text(field(cache, "Reclaimable"));
}

/** Removes one name of an image, and the image with its last name. The engine refuses where a container uses it. */
export async function removeImage(engine: DockerClient, digest: string): Promise<string | undefined> {
  const { code, stderr } = await engine.ask(["image", "rm", digest]);
  return code === 0 ? undefined : stderr.trim();
}

/** Build cache that nothing used for so many days, of every builder of the engine's. @returns what became free */
export async function pruneBuildCache(engine: DockerClient, days: number): Promise<string> {
  const said = await engine.must(
    "The build cache could not be pruned",
    ["builder", "prune", "--force", "--filter", `until=${days * 24}h`],
    { timeoutSeconds: 600 },
  );
  return /^Total(?: reclaimed space)?:\s*(\S+)/m.exec(said)?.[1] ?? "0B";
}
