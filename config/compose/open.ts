import { ConfigError, type Fault } from "../faults";
import { loadConfig } from "../load";

/** Long, varied, and nobody's: what a secret will be once it is set. */
const SET_LATER = "SetByPulumiConfigSetSecretAndNotKnownHere7Kq2";

export interface OpenArgs {
  readonly stack: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** The flat keys that hold secrets. */
  readonly secretKeys: readonly string[];
}

/** What `rampart plan` will refuse in a configuration whose secrets are set. */
export function openFaults({ stack, values, secretKeys }: OpenArgs): readonly Fault[] {
  const secrets = Object.fromEntries(secretKeys.map((key) => [key, SET_LATER]));
  try {
    loadConfig({ stack, values: { ...values, ...secrets }, secretKeys });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}
