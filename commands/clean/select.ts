/** Which images go, and why the others stay. Pure: what is not certain stays. */
import { repositoryOf } from "../../hardening/container/image";
import type { EngineImage } from "./engine";
import type { ImageHistory } from "./needed";

const DAY_MS = 86_400_000;

/** Another stack with a container on the engine. */
export interface OtherStack {
  readonly stack: string;
  /** Undefined where its history cannot be read from here: then no image of a repository that it uses goes. */
  readonly history: ImageHistory | undefined;
}

export interface Selection {
  readonly images: readonly EngineImage[];
  readonly own: ImageHistory;
  readonly others: readonly OtherStack[];
  /** Of Rampart's own images, of which other programs may have pulled some as well. */
  readonly ownRepositories: readonly string[];
  readonly stack: string;
  readonly keepDays: number;
  readonly now: Date;
}

export interface Verdict {
  /** `repo@sha256:…`, which is what is removed. */
  readonly image: string;
  /** As the stack's configuration had it, where it did. */
  readonly reference: string;
  readonly bytes: number;
  readonly goes: boolean;
  readonly why: string;
}

/** A verdict on every image that the stack had, and on those without a tag that the application's repositories left. */
export function select(selection: Selection): Verdict[] {
  return selection.images
    .flatMap((image) => image.digests.flatMap((digest) => judge(selection, image, digest)))
    .sort((a, b) => Number(b.goes) - Number(a.goes) || (a.reference < b.reference ? -1 : 1));
}

function judge(selection: Selection, image: EngineImage, digest: string): Verdict[] {
  const { own } = selection;
  const known = own.known.get(digest);
  const leftOver = known === undefined && own.repositories.has(repositoryOf(digest)) && image.tags.length === 0;
  if (known === undefined && !leftOver) return [];
  const stays = reasonToStay(selection, image, digest);
  const why = stays ?? (known === undefined ? "in no configuration" : `deployed until ${known.until.slice(0, 10)}`);
  const reference = known?.reference ?? digest;
  return [{ image: digest, reference, bytes: image.bytes, goes: stays === undefined, why }];
}

/** Why an image stays; undefined where nothing keeps it. */
function reasonToStay(selection: Selection, image: EngineImage, digest: string): string | undefined {
  const { own, others, ownRepositories, stack, keepDays, now } = selection;
  const repository = repositoryOf(digest);
  if (image.users.length > 0) return image.users.includes(stack) ? "in use" : "in use by another container";
  const needed = own.needed.get(digest);
  if (needed !== undefined) return needed;
  // Rampart pulls by digest and tags nothing.
  if (image.tags.length > 0) return `has the tag ${image.tags[0] ?? ""}, which Rampart gives no image`;
  for (const other of others) {
    if (other.history?.needed.has(digest) === true) return `stack ${other.stack} may want it`;
    if (other.history === undefined && uses(selection, other.stack, repository))
      return `stack ${other.stack} uses ${repository}, and its history cannot be read from here`;
  }
  if (own.known.has(digest)) return undefined;
  // What follows is in no configuration: whose it is, only the repository says.
  if (ownRepositories.includes(repository)) return `of ${repository}, which other programs use as well`;
  const stranger = others.some(({ stack: other, history }) =>
    history === undefined ? uses(selection, other, repository) : history.repositories.has(repository),
  );
  if (stranger || uses(selection, undefined, repository)) return `others use ${repository} as well`;
  if (now.getTime() - Date.parse(image.created) < keepDays * DAY_MS) return `built on ${image.created.slice(0, 10)}`;
  return undefined;
}

/** Whether a container of that stack, or one of no stack, has an image of the repository. */
const uses = ({ images }: Selection, stack: string | undefined, repository: string): boolean =>
  images.some(
    ({ users, digests, tags }) =>
      users.includes(stack) && [...digests.map(repositoryOf), ...tags.map(untagged)].includes(repository),
  );

const untagged = (tag: string): string => tag.replace(/:[^:/]*$/, "");
