import type { Awaited } from "./progress";

/** An image that is on the engine is found in less; only a pull takes longer. */
const PATIENCE_MS = 1000;

/** Follows the pulls that an update waits for: begins once one takes its time, and ends with it. */
export class PullWatch {
  private readonly ends = new Map<string, () => void>();

  /** @param begin follows the pull of an image by its reference, and gives what ends that */
  constructor(private readonly begin: (image: string) => () => void) {}

  /** @param now milliseconds since the epoch */
  follow(awaited: readonly Awaited[], now: number): void {
    const pulled = awaited.filter(({ since }) => now - since >= PATIENCE_MS).map(({ subject }) => subject.image);
    for (const [image, end] of this.ends) {
      if (pulled.includes(image)) continue;
      end();
      this.ends.delete(image);
    }
    for (const image of pulled)
      if (image !== undefined && !this.ends.has(image)) this.ends.set(image, this.begin(image));
  }
}
