import { createHash } from "node:crypto";

export interface ImageReference {
  readonly repository: string;
  readonly tag: string;
  /** 64 lower-case hex digits. */
  readonly digest: string;
}

// distribution/reference's grammar, narrowed: tag and digest are both required.
const COMPONENT = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";

const DOMAIN =
  "(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*(?::[0-9]{1,5})?/)?";

const REFERENCE = new RegExp(
  `^(${DOMAIN}${COMPONENT}(?:/${COMPONENT})*):([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})@sha256:([a-f0-9]{64})$`,
);

const LONGEST = 512;

/** The digest of nothing, which no image has. */
const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/**
 * Parses `repo:tag@sha256:…`.
 * @returns undefined for anything else: no tag, no digest, another algorithm, upper-case hex
 */
export function parseImage(reference: string): ImageReference | undefined {
  // No registry takes a longer one.
  const match = reference.length > LONGEST ? null : REFERENCE.exec(reference);
  if (match === null) return undefined;
  const [, repository, tag, digest] = match;
  if (repository === undefined || tag === undefined || digest === undefined) return undefined;
  return { repository, tag, digest };
}

/** The registry of a reference, as `docker login` names it: Docker Hub is `docker.io`. */
export function registryOf(reference: string): string {
  const [first = "", ...rest] = reference.split("/");
  if (rest.length === 0 || !(/[.:]/.test(first) || first === "localhost")) return "docker.io";
  return first === "index.docker.io" ? "docker.io" : first.toLowerCase();
}

/** Whether a registry is on this machine, with which plain HTTP is spoken. @param registry with its port */
export const isLoopback = (registry: string): boolean =>
  /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/.test(registry);

/** Why an image may not be used, or undefined if it may. */
export function imageFault(reference: string): string | undefined {
  const parsed = parseImage(reference);
  if (parsed === undefined) return "it is not pinned as repo:tag@sha256:<64 hex digits>";
  if (/(?:^|[-_.])latest(?:[-_.]|$)/i.test(parsed.tag)) return "the tag latest says nothing about what runs";
  if (/^(.)\1{63}$/.test(parsed.digest) || parsed.digest === EMPTY) return "the digest is a placeholder";
  return undefined;
}

/** `postgres-3f2a1b9c`: short, unique for a reference, and the same in every run. */
export function imageSlug(reference: string): string {
  const base = parseImage(reference)?.repository.split("/").at(-1) ?? "image";
  return `${base}-${createHash("sha256").update(reference).digest("hex").slice(0, 8)}`;
}

/**
 * `repo@sha256:…` as an engine lists what it pulled by digest: Docker Hub goes without its name, and its own images
 * without `library`. Undefined for what has no digest.
 */
export function familiarDigest(reference: string): string | undefined {
  const [name = "", digest] = reference.split("@");
  if (digest === undefined) return undefined;
  // A colon after the last slash begins a tag; one before it, a port.
  const repository = name.replace(/:[^:/]*$/, "");
  const onHub = repository.replace(/^(?:docker\.io|index\.docker\.io)\//, "");
  return `${onHub.replace(/^library\//, "")}@${digest}`;
}

/** The repository of `repo@sha256:…`. */
export const repositoryOf = (digest: string): string => digest.split("@")[0] ?? digest;
