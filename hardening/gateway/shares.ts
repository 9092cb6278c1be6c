/** Weights of servers, of which a number of them adds up to an exact share. */

/** HAProxy's largest weight of a server. */
const LARGEST = 256;

export interface Shares {
  readonly main: readonly number[];
  readonly canary: readonly number[];
}

/**
 * The weight of each container, so that those of the canary add up to exactly its percentage of all, however many
 * there are of either. Containers of one version differ by one at most.
 * @param weight Percentage of the canary. At 100 the main ones are spares, and have a weight for that case.
 */
export function shares({
  main,
  canary,
  weight,
}: {
  readonly main: number;
  readonly canary: number;
  readonly weight: number;
}): Shares {
  if (weight === 100) return { main: split(main, main), canary: split(canary, canary) };
  const rest = 100 - weight;
  const largest = Math.floor(Math.min((LARGEST * main) / rest, weight === 0 ? Infinity : (LARGEST * canary) / weight));
  const even = leastMultiple(main / divisor(main, rest), canary / divisor(canary, weight));
  // The smallest that is even; else the largest, with which one more or less matters least.
  const scale = Math.min(even, largest);
  return { main: split(rest * scale, main), canary: split(weight * scale, canary) };
}

/** A total in whole parts, the larger ones first. */
const split = (total: number, parts: number): number[] =>
  Array.from({ length: parts }, (_, index) => Math.floor(total / parts) + (index < total % parts ? 1 : 0));

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
const leastMultiple = (a: number, b: number): number => (a / divisor(a, b)) * b;
