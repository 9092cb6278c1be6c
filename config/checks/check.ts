import type { Fault } from "../faults";
import type { SecretLookup } from "../raw";
import type { StackConfig } from "../schema";
import type { SecretReference } from "../schema/secret";

/** From a path in the configuration to the text that the user knows it by. */
export type ShowPath = (path: readonly PropertyKey[]) => string;

/** What a secret is, where somebody can tell. */
export type LookUp = (secret: SecretReference) => SecretLookup;

/** The faults of one subject, in a configuration whose shape is right. */
export type CrossCheck = (config: StackConfig, show: ShowPath, lookUp: LookUp) => readonly Fault[];
