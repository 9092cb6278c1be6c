import { lines } from "../../engine/text";
import { describeSnapshot, type Snapshot } from "../shared/snapshots";

/** What repair.sh found in a repository, and what it did. */
export interface RepairFacts {
  /** Whether every byte was read and nothing is damaged. */
  readonly clean: boolean;
  /** Whether a repair has begun, and has not come to its end. */
  readonly began: boolean;
  /** Whether the index is damaged, which hides whatever else is. */
  readonly index: boolean;
  /** Ids of damaged packs. */
  readonly packs: readonly string[];
  /** Ids, or their first digits, of backups whose own file is damaged. */
  readonly snapshots: readonly string[];
  /** First digits of the ids of backups that have content in what is damaged. */
  readonly hit: readonly string[];
  /** First digits of the ids of backups that were forgotten, as they lack content. */
  readonly forgotten: readonly string[];
  /** As restic counts them. */
  readonly errors: number;
}

/** Reads what repair.sh prints: a fact a line, its name first. */
export function parseFacts(text: string): RepairFacts {
  const facts = lines(text).map((line) => line.split(" ") as [string, string?]);
  const has = (name: string): boolean => facts.some(([fact]) => fact === name);
  const all = (name: string): string[] => facts.flatMap(([fact, value]) => (fact === name ? (value ?? []) : []));
  return {
    clean: has("clean"),
    began: has("began"),
    index: has("index"),
    packs: all("pack"),
    snapshots: all("snapshot"),
    hit: all("hit"),
    forgotten: all("forgotten"),
    errors: Number(all("errors").at(-1) ?? 0),
  };
}

/** More than these are counted and not named. */
const SHOWN = 20;

const shown = (items: readonly string[]): string[] => [
  ...items.slice(0, SHOWN).map((item) => `  ${item}`),
  ...(items.length > SHOWN ? [`  and ${items.length - SHOWN} more`] : []),
];

/** Backups as a person knows them, by the first digits of their ids. */
export const named = (ids: readonly string[], known: readonly Snapshot[]): string[] =>
  ids.map((id) => {
    const found = known.find((snapshot) => snapshot.id.startsWith(id));
    return found === undefined ? id : describeSnapshot(found);
  });

/** What is damaged, and which backups it hits. */
export function describeDamage(facts: RepairFacts, known: readonly Snapshot[]): string {
  const { index, packs, snapshots, hit, errors } = facts;
  const part = (title: string, items: readonly string[]): string[] =>
    items.length === 0 ? [] : [`${title}:`, ...shown(items)];
  return [
    `The repository is damaged: restic counts ${errors} ${errors === 1 ? "error" : "errors"}.`,
    ...(index ? ["The index is damaged. What else is damaged is known only after the index is repaired."] : []),
    ...part(`Damaged packs (${packs.length})`, packs),
    ...part("Backups whose own file is damaged, and which are lost", snapshots),
    ...(index ? [] : part("Backups with content in what is damaged", named(hit, known))),
    ...(index || hit.length > 0 ? [] : ["No other backup has content in what is damaged."]),
  ].join("\n");
}

/** What a repair does, as a sentence that follows "This would". */
export const REPAIR_PLAN =
  "repair the index, save what can be read of the damaged packs, take a new backup, which brings back everything " +
  "that the database still has, forget the backups that lack content even then, and read the whole repository again.";
