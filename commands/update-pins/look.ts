/** What registries have in place of a pin. */
import { RegistryError } from "../../engine/registry-client";
import { releaseNotes } from "../../hardening/container/release-notes";
import { newerTags } from "../../hardening/container/version-line";
import { defined } from "../../hardening/defined";
import type { Pin } from "./pins";

/**
 * - `current`: the newest of its line, with the digest that its tag has now.
 * - `newer`: there is a newer version of the same line.
 * - `moved`: the tag stands for another digest now, as a maker builds it again on a newer base.
 * - `unknown`: the registry did not answer.
 */
export type PinStatus = "current" | "newer" | "moved" | "unknown";

export interface PinReport {
  readonly image: string;
  readonly places: readonly string[];
  readonly status: PinStatus;
  readonly tag: string;
  /** 64 hex digits. */
  readonly digest: string;
  readonly newTag?: string;
  readonly newDigest?: string;
  /** In a sentence. */
  readonly why: string;
  readonly releaseNotes?: string;
  /** The newest tag of a later line, to which only a person moves. */
  readonly otherLine?: string;
}

/** One repository of a registry, as far as this asks it. */
export interface Asked {
  readonly tags: () => Promise<string[]>;
  readonly digest: (tag: string) => Promise<string>;
}

/** Looks at one pin after the other: a registry counts who asks much at once. */
export async function lookAt(pins: readonly Pin[], repository: (name: string) => Asked): Promise<PinReport[]> {
  const tags = new Map<string, Promise<string[]>>();
  const reports: PinReport[] = [];
  for (const pin of pins) {
    const asked = repository(pin.repository);
    const list = tags.get(pin.repository) ?? asked.tags();
    tags.set(pin.repository, list);
    reports.push(await reportOf(pin, list, asked));
  }
  return reports;
}

async function reportOf(pin: Pin, list: Promise<string[]>, asked: Asked): Promise<PinReport> {
  const { repository: image, tag, digest, places } = pin;
  const base = { image, places, tag, digest };
  try {
    const { newest, otherLine } = newerTags(image, tag, await list);
    const newDigest = (await asked.digest(newest)).replace(/^sha256:/, "");
    const rest = defined({ otherLine });
    if (newest === tag && newDigest === digest)
      return { ...base, status: "current", why: "the newest of its line", ...rest };
    const notes = defined({ releaseNotes: releaseNotes(image, newest) });
    if (newest !== tag)
      return { ...base, status: "newer", newTag: newest, newDigest, why: `${newest} is newer`, ...notes, ...rest };
    const why = "its maker built the tag again, mostly on a newer base";
    return { ...base, status: "moved", newTag: tag, newDigest, why, ...notes, ...rest };
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    return { ...base, status: "unknown", why: error.message };
  }
}

export const isOutdated = ({ status }: PinReport): boolean => status === "newer" || status === "moved";
