import { basename } from "node:path";
import { misspeltKeys, namespaceFaults, noServiceFaults, unknownKeyFaults } from "./checks/keys";
import { crossChecks } from "./checks";
import { engineFaults } from "./checks/engine";
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

export interface LoadOptions {
  /**
   * Whether this is a stack's own file, read to be planned or deployed: then it has a service, and in production no
   * example hosts. @default false: parts of a stack are judged, too
   */
  readonly whole?: boolean;
  /** Whether the stack is about to be deployed, and not only looked at. @default false */
  readonly deploys?: boolean;
}

/**
 * Validates a stack's configuration.
 * @throws ConfigError with every fault that can be told, before anything is registered
 */
export function loadConfig(raw: RawConfig, { whole = false, deploys = false }: LoadOptions = {}): LoadedConfig {
  const faults: Fault[] = [];
  const { parsed, meant } = parsedValues(raw, faults);
  const values = Object.fromEntries(Object.entries(parsed).filter(([key]) => !raw.secretKeys.includes(key)));
  const environment = environmentOf(raw.stack, values["environment"]);
  const { faults: found, isConsequence, config, origin } = judge(stackSchema({ environment }), values);
  const empty = whole ? noServiceFaults(raw, values) : [];
  const contradiction = environmentFaults(raw.stack, environment);
  faults.push(...found, ...contradiction);
  faults.push(...namespaceFaults(raw), ...engineFaults(raw, environment), ...empty);
  // What a stack without services lacks besides them is their consequence; and by which rules to judge one that says
  // dev and is called prod, nobody knows.
  if (config !== undefined && empty.length === 0 && contradiction.length === 0)
    faults.push(
      ...crossChecks({
        config,
        show: (path) => keyPath(origin(path)),
        lookUp: (secret) => lookUpSecret(raw, secret),
        examples: whole ? { deploys } : undefined,
      }).filter((fault) => !isConsequence(fault)),
    );
  // A secret that nothing names may be named by what another fault has taken out.
  const unnamed = (path: string): boolean => faults.length > 0 && raw.secretKeys.some((key) => path === keyPath([key]));
  faults.push(...unknownKeyFaults(raw, parsed).filter(({ path }) => !unnamed(path)));
  // Of a misspelt key its spelling is told, and what is wrong within its value.
  const told = faults.filter(({ path }) => !meant.some((key) => path === keyPath([key])));
  if (told.length > 0 || config === undefined) throw new ConfigError(raw.stack, told);
  return { ...config, name: config.name ?? `rampart-${slug(raw.stack)}`, stack: raw.stack };
}

/** The structures by their keys, those of misspelt keys by the keys that were meant. */
function parsedValues(raw: RawConfig, faults: Fault[]): { parsed: Record<string, unknown>; meant: readonly string[] } {
  const parsed = parseValues(raw, faults);
  const misspelt = misspeltKeys(raw, parsed);
  const values = Object.fromEntries(Object.entries(misspelt).map(([meant, key]) => [meant, raw.values[key]]));
  return { parsed: { ...parsed, ...parseValues({ ...raw, values }, faults) }, meant: Object.keys(misspelt) };
}

const slug = (stack: string): string =>
  basename(stack)
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .slice(0, 30);
