import { basename } from "node:path";
import { unknownKeyFaults } from "./checks/keys";
import { crossChecks } from "./checks";
import { environmentFaults, environmentOf } from "./environment";
import { ConfigError, keyPath, type Fault } from "./faults";
import { judge } from "./judge";
import { lookUpSecret, parseValues, type RawConfig } from "./raw";
import { stackSchema, type StackConfig } from "./schema";

/** A valid configuration, with the names that follow from the stack's. */
export interface LoadedConfig extends StackConfig {
  readonly stack: string;
  readonly name: string;
}

/**
 * Validates a stack's whole configuration.
 * @throws ConfigError with every fault that can be told, before anything is registered
 */
export function loadConfig(raw: RawConfig): LoadedConfig {
  const faults: Fault[] = [];
  const parsed = parseValues(raw, faults);
  const values = Object.fromEntries(Object.entries(parsed).filter(([key]) => !raw.secretKeys.includes(key)));
  const environment = environmentOf(raw.stack, values["environment"]);
  const { faults: found, isConsequence, config, origin } = judge(stackSchema({ environment }), values);
  faults.push(...found, ...environmentFaults(raw.stack, environment), ...unknownKeyFaults(raw, parsed));
  if (config !== undefined)
    faults.push(
      ...crossChecks(
        config,
        (path) => keyPath(origin(path)),
        (key) => lookUpSecret(raw, key),
      ).filter((fault) => !isConsequence(fault)),
    );
  if (faults.length > 0 || config === undefined) throw new ConfigError(raw.stack, faults);
  return { ...config, name: config.name ?? `rampart-${slug(raw.stack)}`, stack: raw.stack };
}

const slug = (stack: string): string =>
  basename(stack)
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .slice(0, 30);
