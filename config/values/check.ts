/** A check of one value, and how an error shows the value. */
import type { FaultParams } from "../faults";

/** A check of one value: undefined when it holds, otherwise the parts of the fault. */
export type Check<T> = (value: T) => FaultParams | undefined;

/** A value in an error: on one line, and short. */
export const quote = (value: string): string => {
  const text = JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
};
