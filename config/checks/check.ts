import type { Fault } from "../faults";
import type { SecretLookup } from "../raw";
import type { StackConfig } from "../schema";

/** From a path in the configuration to the text that the user knows it by. */
export type ShowPath = (path: readonly PropertyKey[]) => string;

/** The faults of one subject, in a configuration whose shape is right. */
export type CrossCheck = (
  config: StackConfig,
  show: ShowPath,
  lookUp: (key: string) => SecretLookup,
) => readonly Fault[];
