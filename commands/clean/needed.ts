/** Which images a stack may still want, from its history: what runs, what a rollback goes to, what is young. Pure. */
import { familiarDigest } from "../../hardening/container/image";
import type { DiskConfig } from "../../config/schema/disk";
import { candidates, type Configuration, type Update } from "../shared/rollback/history";
import { applicationImages, imagesOf } from "../shared/rollback/images";

const DAY_MS = 86_400_000;

export interface HistoryOf {
  readonly project: string;
  /** The newest first. */
  readonly updates: readonly Update[];
  /** What the stack's file says now, which the next update deploys. @default nothing more than the history */
  readonly file?: Configuration;
}

/** What a stack's history says of images, by `repo@sha256:…`. */
export interface ImageHistory {
  /** Every image that the history names, as it is written there, and until when the stack had it (ISO 8601). */
  readonly known: ReadonlyMap<string, { readonly reference: string; readonly until: string }>;
  /** Why an image stays. */
  readonly needed: ReadonlyMap<string, string>;
  /** Repositories of the application's own images. */
  readonly repositories: ReadonlySet<string>;
}

export type Keeping = Pick<DiskConfig, "keepConfigurations" | "keepDays"> & { readonly now: Date };

export function imageHistory(
  { project, updates, file }: HistoryOf,
  { keepConfigurations, keepDays, now }: Keeping,
): ImageHistory {
  const known = new Map<string, { readonly reference: string; readonly until: string }>();
  const needed = new Map<string, string>();
  const repositories = new Set<string>();
  const need = (configuration: Configuration | undefined, why: string): void => {
    for (const [digest] of digestsOf(configuration, project)) if (!needed.has(digest)) needed.set(digest, why);
  };
  updates.forEach(({ configuration }, index) => {
    // A configuration is the stack's until the next one comes.
    const until = updates[index - 1]?.at ?? now.toISOString();
    for (const [digest, reference] of digestsOf(configuration, project))
      if (!known.has(digest)) known.set(digest, { reference, until });
    for (const reference of applicationImages(configuration, project))
      repositories.add((familiarDigest(reference) ?? "").split("@")[0] ?? "");
  });
  need(updates[0]?.configuration, "deployed");
  need(file, "in the stack's file");
  for (const index of candidates(updates, project).slice(0, keepConfigurations))
    need(updates[index]?.configuration, "for a rollback");
  for (const [digest, { until }] of known)
    if (now.getTime() - Date.parse(until) < keepDays * DAY_MS && !needed.has(digest))
      needed.set(digest, `deployed until ${until.slice(0, 10)}`);
  return { known, needed, repositories };
}

function digestsOf(configuration: Configuration | undefined, project: string): [digest: string, reference: string][] {
  return imagesOf(configuration ?? {}, project).flatMap((reference) => {
    const digest = familiarDigest(reference);
    return digest === undefined ? [] : [[digest, reference]];
  });
}
