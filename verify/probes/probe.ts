import type { Control, Finding } from "../check";
import type { Stage } from "../stage";

/** A control that is tried on the live stack. */
export interface Probe extends Control {
  /** Whether it changes or loads what it tries: only with `--attack`. @default false */
  readonly attack?: boolean;
  /**
   * Leaves the stack as it was, whatever it finds. Each claim that something is impossible comes with a control: what
   * shows that the way of trying works.
   * @throws Error where it cannot be tried; that becomes a `skip` with the error's words
   */
  readonly run: (stage: Stage) => Promise<readonly Finding[]>;
}
