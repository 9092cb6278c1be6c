import { EngineError } from "./engine";

/** What one look found: the fact itself, or the state that is there in its place. */
export type Seen<T> =
  | { readonly fact: T }
  | {
      /** For a person. */
      readonly state: string;
      /** Whether waiting longer changes nothing. @default false */
      readonly final?: boolean;
    };

export interface Patience {
  /** How long the fact may take. The last look is at the end of this time; the first one is made in any case. */
  readonly seconds: number;
  /** Milliseconds between two looks. @default 500 */
  readonly everyMs?: number;
}

/** What else there is to say once the time is up, such as a log. */
export interface Awaited extends Patience {
  readonly otherwise?: () => Promise<string>;
}

/** The time by which loops wait; a test puts its own in the place of these functions. */
export const clock = {
  now: (): number => performance.now(),
  sleep: (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};

const EVERY_MS = 500;

/** Looks again and again until the fact is there, its absence is final, or the time is up, and gives the last look. */
export async function watch<T>(
  { seconds, everyMs = EVERY_MS }: Patience,
  look: () => Promise<Seen<T>>,
): Promise<Seen<T>> {
  const deadline = clock.now() + seconds * 1000;
  for (;;) {
    const seen = await look();
    if ("fact" in seen || seen.final === true) return seen;
    const left = deadline - clock.now();
    if (left <= 0) return seen;
    await clock.sleep(Math.min(everyMs, left));
  }
}

/**
 * Waits for a fact.
 * @param failure What is the matter where it does not come: "the edge did not take the new routes"
 * @throws EngineError with the failure, the time, the last state seen, and what `otherwise` adds
 */
export async function until<T>(
  failure: string,
  { otherwise, ...patience }: Awaited,
  look: () => Promise<Seen<T>>,
): Promise<T> {
  const seen = await watch(patience, look);
  if ("fact" in seen) return seen.fact;
  const time = seen.final === true ? "" : ` within ${patience.seconds} s`;
  const more = otherwise === undefined ? "" : `\n${await otherwise()}`;
  throw new EngineError(`${failure}${time}; last seen: ${seen.state}${more}`);
}
