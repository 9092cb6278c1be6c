/** A stack's configuration as the engine hands it over, and the structures in it. */
import { keyPath, type Fault } from "./faults";
import { isStackKey, type StackConfig } from "./schema";

/** The namespace of every key: the Pulumi project's name, fixed for other tools. */
export const NAMESPACE = "rampart";

/** A stack's configuration as the engine hands it over: flat keys without their namespace, values as text. */
export interface RawConfig {
  readonly stack: string;
  /** Text as the engine hands it over, structures as JSON; a program of one's own may give the structures themselves. */
  readonly values: Readonly<Record<string, unknown>>;
  /** The keys whose values are encrypted in the stack's file. */
  readonly secretKeys: readonly string[];
}

// Keys whose value is text: not parsed as JSON, or a stack named "1e3" would become a number.
const TEXT_KEYS: readonly string[] = ["environment", "name", "acmeEmail"];

export function parseValues(raw: RawConfig, faults: Fault[]): Record<string, unknown> {
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

/** What a flat `rampart:<key>` holds. */
export type SecretLookup =
  { readonly kind: "missing" } | { readonly kind: "plain" } | { readonly kind: "secret"; readonly value: string };

export function lookUpSecret(raw: RawConfig, key: string): SecretLookup {
  const value = Object.hasOwn(raw.values, key) ? raw.values[key] : undefined;
  if (value === undefined || value === null) return { kind: "missing" };
  return raw.secretKeys.includes(key) && typeof value === "string" ? { kind: "secret", value } : { kind: "plain" };
}
