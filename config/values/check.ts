/** A check of one value. */
import type { FaultParams } from "../faults";

/** A check of one value: undefined when it holds, otherwise the parts of the fault. */
export type Check<T> = (value: T) => FaultParams | undefined;
