import { basename } from "node:path";
import { crossChecks, type SecretLookup } from "./cross-checks";
import { ConfigError, keyPath, type Fault } from "./faults";
import { judge } from "./judge";
import { ENVIRONMENTS, STACK_KEYS, stackSchema, type Environment, type StackConfig } from "./schema";

/** A stack's configuration as the engine hands it over: flat keys without their namespace, values as text. */
export interface RawConfig {
  readonly stack: string;
  /** Text as the engine hands it over, structures as JSON; a program of one's own may give the structures themselves. */
  readonly values: Readonly<Record<string, unknown>>;
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

/** dev, staging and prod by the stack's name; a stack of another name is held to production's rules. */
export function environmentOf(stack: string, configured: unknown): Environment {
  const known = ENVIRONMENTS.find((one) => one === configured);
  if (known !== undefined) return known;
  // Misspelt, but meant: "production", "Prod". The misspelling is a fault too; these are the rules for the rest.
  if (typeof configured === "string" && /^\s*prod/i.test(configured)) return "prod";
  const short = basename(stack);
  return ENVIRONMENTS.find((one) => one === short) ?? "prod";
}

/** A stack that says production in its name and something weaker in a key is one of the two by mistake. */
function environmentFaults(stack: string, environment: Environment): Fault[] {
  if (environment === "prod" || !/^(?:prod|production|live)$/i.test(basename(stack))) return [];
  return [
    {
      path: "rampart:environment",
      given: `${environment}, for a stack named "${basename(stack)}"`,
      allowed: "prod for a stack of this name",
      fix: "remove the key, or rename the stack",
    },
  ];
}

const slug = (stack: string): string =>
  basename(stack)
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .slice(0, 30);

const isStackKey = (key: string): key is keyof StackConfig => (STACK_KEYS as readonly string[]).includes(key);

// Keys whose value is text: not parsed as JSON, or a stack named "1e3" would become a number.
const TEXT_KEYS: readonly string[] = ["environment", "name", "acmeEmail"];

function parseValues(raw: RawConfig, faults: Fault[]): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [key, given] of Object.entries(raw.values)) {
    if (!isStackKey(key) || isUnset(key, given)) continue;
    if (raw.secretKeys.includes(key)) {
      faults.push({
        path: `rampart:${key}`,
        given: "an encrypted value inside a structure",
        allowed: "plain structure; secrets as flat keys of their own, which stay encrypted",
        fix: "`pulumi config set --secret rampart:<key>`, and name <key> under a service's secrets as { config: <key> }",
      });
    }
    const value = typeof given !== "string" || TEXT_KEYS.includes(key) ? given : parseStructure(given);
    const fault = structureFault(key, value);
    if (fault === undefined) values[key] = value;
    else faults.push(fault);
  }
  return values;
}

// A key with a type in Pulumi.yaml needs a default there; these say "not set", as the real default depends on the stack.
const UNSET: Readonly<Partial<Record<keyof StackConfig, string>>> = {
  environment: "",
  name: "",
  acmeEmail: "",
  migration: "{}",
  dockerSocketGroup: "0",
};
const isUnset = (key: keyof StackConfig, given: unknown): boolean => given === UNSET[key];

/** The engine hands objects, numbers and booleans over as JSON, and text as it is. */
function parseStructure(text: string): unknown {
  try {
    const parsed: unknown = JSON.parse(text);
    return parsed;
  } catch {
    return text;
  }
}

/** Deeper than any key of the schema, with room for a mistake. */
const MAX_DEPTH = 16;
/** Values in one structure: some hundred for each of the services that a stack can have. */
const MAX_VALUES = 100_000;

/** What no schema sees, or must not be shown: structures without end, and keys that are not data to JavaScript. */
function structureFault(key: string, root: unknown): Fault | undefined {
  const pending: { readonly value: unknown; readonly depth: number }[] = [{ value: root, depth: 1 }];
  let count = 0;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    count += 1;
    if (next.depth > MAX_DEPTH || count > MAX_VALUES) {
      const given = `a structure that is ${count > MAX_VALUES ? "larger" : "deeper"}`;
      return {
        path: keyPath([key]),
        given,
        allowed: `a structure of at most ${MAX_DEPTH} levels and ${MAX_VALUES} values`,
        fix: "see docs/configuration.md for its form",
      };
    }
    if (typeof next.value !== "object" || next.value === null) continue;
    if (Object.hasOwn(next.value, "__proto__"))
      return {
        path: keyPath([key]),
        given: 'a key named "__proto__"',
        allowed: "the keys in docs/configuration.md",
        fix: "remove it",
      };
    for (const value of Object.values(next.value)) pending.push({ value, depth: next.depth + 1 });
  }
  return undefined;
}

function lookUpSecret(raw: RawConfig, key: string): SecretLookup {
  const value = Object.hasOwn(raw.values, key) ? raw.values[key] : undefined;
  if (value === undefined || value === null) return { kind: "missing" };
  return raw.secretKeys.includes(key) && typeof value === "string" ? { kind: "secret", value } : { kind: "plain" };
}

/** A flat key is either one of ours or a secret that a service names; anything else is a spelling mistake or left behind. */
function unknownKeyFaults(raw: RawConfig, values: Record<string, unknown>): Fault[] {
  const named = new Set(secretKeysNamed(values));
  return Object.keys(raw.values)
    .filter((key) => !isStackKey(key) && !named.has(key))
    .map((key) => ({
      path: keyPath([key]),
      given: "a key that Rampart does not know",
      allowed: `${STACK_KEYS.join(", ")}, and the keys that a service's secrets name`,
      fix: unknownKeyFix(key),
    }));
}

function unknownKeyFix(key: string): string {
  const near = STACK_KEYS.find((known) => distance(key.toLowerCase(), known.toLowerCase()) <= 2);
  if (near !== undefined) return `write it as rampart:${near}`;
  if (STACK_KEYS.some((known) => key.startsWith(`${known}.`) || key.startsWith(`${known}[`)))
    return "set it with `pulumi config set --path`, or write the structure in the stack's file";
  return "check its spelling, name it under a service's secrets, or remove it with `pulumi config rm`";
}

/** Levenshtein's: how many letters two words are apart. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1)
      next.push(
        Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)),
      );
    row = next;
  }
  return row[b.length] ?? 0;
}

function secretKeysNamed(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, child]: [string, unknown]) =>
    key === "config" && typeof child === "string" ? [child] : secretKeysNamed(child),
  );
}
