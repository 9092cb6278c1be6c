/** Longer than any word that somebody may have meant. */
const LONGEST = 64;

/** The candidate that a mistyped word most likely means; undefined where none is close. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > LONGEST) return undefined;
  const allowed = Math.max(1, Math.floor(word.length / 3));
  const [best] = candidates
    .map((candidate) => ({ candidate, distance: distance(word, candidate) }))
    .sort((a, b) => a.distance - b.distance);
  if (best !== undefined && best.distance <= allowed) return best.candidate;
  const longer = candidates.filter((candidate) => word.length > 1 && candidate.startsWith(word));
  return longer.length === 1 ? longer[0] : undefined;
}

/** A key without what people take to be the same: its case, hyphens and underscores. */
export const plain = (text: string): string => text.toLowerCase().replace(/[-_]/g, "");

/** What to do about a name that is none of the candidates. @param otherwise Where none of them is close */
export function correction(word: string, candidates: readonly string[], otherwise: string): string {
  const near = nearestKey(word, candidates);
  return near === undefined || near === word ? otherwise : `write it as ${near}`;
}

/** The key that a mistyped one most likely means, whatever its case and its hyphens and underscores. */
export function nearestKey(key: string, candidates: readonly string[]): string | undefined {
  const near = nearest(plain(key), candidates.map(plain));
  return candidates.find((candidate) => plain(candidate) === near);
}

/** How many letters have to be added, removed, replaced or swapped with their neighbour. */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, index) => index)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Infinity;
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    rows.push(current);
    for (let column = 1; column <= b.length; column += 1) {
      const replaced = at(row - 1, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1);
      const swapped =
        a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1] ? at(row - 2, column - 2) + 1 : Infinity;
      current.push(Math.min(at(row - 1, column) + 1, at(row, column - 1) + 1, replaced, swapped));
    }
  }
  return at(a.length, b.length);
}
