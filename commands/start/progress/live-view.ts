import type { Stream } from "../../shared/output";

const ESCAPE = "\u001b[";
/** One line up, and everything from there on cleared. */
const up = (lines: number): string => (lines === 0 ? "" : `${ESCAPE}${lines}F${ESCAPE}0J`);

/**
 * A few lines at the bottom of a terminal that are drawn again and again. What is written otherwise goes above them.
 */
export class LiveView {
  private drawn = 0;

  constructor(private readonly stream: Stream) {}

  /** Draws the lines in place of those before. None of them may be wider than the terminal. */
  draw(lines: readonly string[]): void {
    const text = lines.map((line) => `${line}\n`).join("");
    this.stream.write(`${up(this.drawn)}${text}`);
    this.drawn = lines.length;
  }

  /** Takes the lines away, for something that stays to be written. */
  clear(): void {
    this.draw([]);
  }
}
