import { basename } from "node:path";
import { ConfigError, issueToFaults, type Fault } from "./faults";
import { crossChecks } from "./cross-checks";
import { ENVIRONMENTS, STACK_KEYS, stackSchema, type Environment, type SecretLookup, type StackConfig } from "./schema";

/** A stack's configuration as the engine hands it over: flat keys without their namespace, values as text. */
export interface RawConfig {
  readonly stack: string;
  readonly values: Readonly<Record<string, string>>;
  /** The keys whose values are encrypted in the stack's file. */
  readonly secretKeys: readonly string[];
}

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
  const values = parseValues(raw, faults);
  const environment = environmentOf(raw.stack, values["environment"]);
  const schema = stackSchema({ environment, lookUpSecret: (key) => lookUpSecret(raw, key) });
  const parsed = schema.safeParse(values, { reportInput: false });
  if (!parsed.success) faults.push(...parsed.error.issues.flatMap((issue) => issueToFaults(issue, values)));
  faults.push(...unknownKeyFaults(raw, values));
  if (parsed.success) faults.push(...crossChecks(parsed.data));
  if (faults.length > 0 || !parsed.success) throw new ConfigError(raw.stack, faults);
  const name = parsed.data.name ?? `rampart-${slug(raw.stack)}`;
  return { ...parsed.data, name, stack: raw.stack };
}

/** dev, staging and prod by the stack's name; a stack of another name is held to production's rules. */
export function environmentOf(stack: string, configured: unknown): Environment {
  const known = ENVIRONMENTS.find((one) => one === configured);
  if (known !== undefined) return known;
  const short = basename(stack);
  return ENVIRONMENTS.find((one) => one === short) ?? "prod";
}

const slug = (stack: string): string => basename(stack).toLowerCase().replace(/[^a-z0-9-]+/g, "-").slice(0, 30);

const isStackKey = (key: string): key is keyof StackConfig => (STACK_KEYS as readonly string[]).includes(key);

// Keys whose value is text: not parsed as JSON, or a stack named "1e3" would become a number.
const TEXT_KEYS: readonly string[] = ["environment", "name", "acmeEmail"];

function parseValues(raw: RawConfig, faults: Fault[]): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [key, text] of Object.entries(raw.values)) {
    if (!isStackKey(key)) continue;
    if (raw.secretKeys.includes(key)) {
      faults.push({
        path: `rampart:${key}`,
        given: "an encrypted value inside a structure",
        allowed: "plain structure; secrets as flat keys of their own, which stay encrypted",
        fix: "`pulumi config set --secret rampart:<key>`, and name <key> under a service's secrets as { config: <key> }",
      });
      continue;
    }
    values[key] = TEXT_KEYS.includes(key) ? text : parseStructure(text);
  }
  return values;
}

/** The engine hands objects, numbers and booleans over as JSON, and text as it is. */
function parseStructure(text: string): unknown {
  try {
    const parsed: unknown = JSON.parse(text);
    return parsed;
  } catch {
    return text;
  }
}

function lookUpSecret(raw: RawConfig, key: string): SecretLookup {
  const value = raw.values[key];
  if (value === undefined) return { kind: "missing" };
  return raw.secretKeys.includes(key) ? { kind: "secret", value } : { kind: "plain" };
}

/** A flat key is either one of ours or a secret that a service names; anything else is a spelling mistake or left behind. */
function unknownKeyFaults(raw: RawConfig, values: Record<string, unknown>): Fault[] {
  const named = new Set(secretKeysNamed(values));
  return Object.keys(raw.values)
    .filter((key) => !isStackKey(key) && !named.has(key))
    .map((key) => ({
      path: `rampart:${key}`,
      given: "a key that Rampart does not know",
      allowed: `${STACK_KEYS.join(", ")}, and the keys that a service's secrets name`,
      fix: `check its spelling, name it under a service's secrets, or \`pulumi config rm rampart:${key}\``,
    }));
}

function secretKeysNamed(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, child]: [string, unknown]) =>
    key === "config" && typeof child === "string" ? [child] : secretKeysNamed(child),
  );
}
