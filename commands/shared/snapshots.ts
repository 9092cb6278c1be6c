import { UserError } from "./errors";

/** A backup in the repository, as `restic snapshots --json` tells of it. */
export interface Snapshot {
  readonly id: string;
  readonly time: string;
  /** The stack that made it. */
  readonly hostname: string;
  readonly tags?: readonly string[];
  /** Of restic 0.17 and later. */
  readonly summary?: { readonly total_bytes_processed?: number };
}

/** What made a backup: the stack, and which of its installations, told apart by the volume of their state. */
export const origin = ({ hostname, tags }: Snapshot): string =>
  `${hostname} ${tags?.find((tag) => tag.startsWith("installation-")) ?? ""}`.trim();

/** Newest last. @throws UserError for anything else than restic's list */
export function parseSnapshots(json: string): Snapshot[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    parsed = undefined;
  }
  if (!Array.isArray(parsed)) throw new UserError(`The repository gave no list of backups: ${json.slice(0, 300)}`);
  return (parsed as Snapshot[]).slice().sort((a, b) => Date.parse(a.time) - Date.parse(b.time));
}

export const describeSnapshot = (one: Snapshot): string =>
  `${one.id.slice(0, 8)}  ${new Date(one.time).toISOString().slice(0, 19)}Z  ${origin(one)}`;

/**
 * The backup that is meant. A new installation on an old repository soon has backups of its own, of a database that is
 * still empty: where there are several origins, nobody is left to guess.
 * @throws UserError
 */
export function chooseSnapshot(snapshots: readonly Snapshot[], wanted?: string): Snapshot {
  const newest = snapshots.at(-1);
  const list = snapshots.map((one) => `  ${describeSnapshot(one)}`).join("\n");
  if (newest === undefined) throw new UserError("The repository holds no backup.");
  if (wanted === "latest") return newest;
  if (wanted === undefined) {
    if (new Set(snapshots.map(origin)).size === 1) return newest;
    throw new UserError(
      "The backups are of more than one installation. Say which: --snapshot <id>, or --snapshot latest for the " +
        `newest of all.\n${list}`,
    );
  }
  const found = snapshots.filter(({ id }) => id.startsWith(wanted));
  const [one] = found;
  if (one === undefined || found.length > 1)
    throw new UserError(
      `${found.length === 0 ? "No backup has" : "More than one backup has"} the id ${wanted}. There are:\n${list}`,
    );
  return one;
}
