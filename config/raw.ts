/** A stack's configuration as the engine hands it over, and the structures in it. */
import { keyPath, type Fault } from "./faults";
import { isStackKey, type StackConfig } from "./schema";
import type { SecretReference } from "./schema/secret";
import { sourceId } from "./sources/arguments";

/** The namespace of every key: the Pulumi project's name, fixed for other tools. */
export const NAMESPACE = "rampart";

/** Whether a key in full is neither Rampart's nor the project's own, which its program may read. */
export const isOthers = (key: string, project: string): boolean =>
  ![NAMESPACE, project].some((namespace) => key.startsWith(`${namespace}:`));

/** A stack's configuration as the engine hands it over: flat keys without their namespace, values as text. */
export interface RawConfig {
  readonly stack: string;
  /**
   * Text as the engine hands it over, structures as JSON; a program of one's own may give the structures themselves.
   */
  readonly values: Readonly<Record<string, unknown>>;
  /** The keys whose values are encrypted in the stack's file. */
  readonly secretKeys: readonly string[];
  /** Values of others than Rampart and the project by their keys in full, such as `docker:host`. @default not known */
  readonly others?: Readonly<Record<string, unknown>>;
  /** What other programs keep, by source, as far as they were asked. @default nobody was */
  readonly sourced?: ReadonlyMap<string, string>;
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
        fix:
          "`pulumi config set --secret rampart:<key>`, and name <key> under a service's secrets as { config: " +
          "<key> }",
      });
    }
    const value = typeof given !== "string" || TEXT_KEYS.includes(key) ? given : parseStructure(given);
    const fault = structureFault(key, value);
    if (fault === undefined) values[key] = value;
    else faults.push(fault);
  }
  return values;
}

// A key with a type in Pulumi.yaml needs a default there;
// these say "not set", as the real default depends on the stack.
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

/** Elements of one list, and keys of one object. */
const MAX_CHILDREN = 1000;

/** Characters of a key. */
const LONGEST_KEY = 256;

/** Characters of a text: what the kernel takes as one argument or one variable of a program (MAX_ARG_STRLEN). */
const LONGEST_TEXT = 131_072;

interface Place {
  readonly value: unknown;
  readonly path: readonly PropertyKey[];
}

/**
 * What no schema sees, or must not be shown: structures and texts without end,
 * and keys that are not data to JavaScript.
 */
function structureFault(key: string, root: unknown): Fault | undefined {
  const pending: Place[] = [{ value: root, path: [key] }];
  let count = 0;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    count += 1;
    const fault = sizeFault(next, count) ?? keysFault(next);
    if (fault !== undefined) return fault;
    const { value, path } = next;
    if (typeof value !== "object" || value === null) continue;
    for (const [part, child] of Object.entries(value))
      pending.push({ value: child, path: [...path, Array.isArray(value) ? Number(part) : part] });
  }
  return undefined;
}

function sizeFault({ value, path }: Place, count: number): Fault | undefined {
  const children = typeof value === "object" && value !== null ? Object.keys(value).length : 0;
  if (path.length > MAX_DEPTH || count + children > MAX_VALUES)
    return {
      path: keyPath(path.slice(0, 1)),
      given: `a structure that is ${path.length > MAX_DEPTH ? "deeper" : "larger"}`,
      allowed: `a structure of at most ${MAX_DEPTH} levels and ${MAX_VALUES} values`,
      fix: "see docs/configuration.md for its form",
    };
  if (children > MAX_CHILDREN)
    return {
      path: keyPath(path),
      given: `${children} ${Array.isArray(value) ? "elements" : "keys"}`,
      allowed: `at most ${MAX_CHILDREN}`,
      fix: "use fewer",
    };
  if (typeof value === "string" && value.length > LONGEST_TEXT)
    return {
      path: keyPath(path),
      given: `a text of ${value.length} characters`,
      allowed: `at most ${LONGEST_TEXT} characters`,
      fix: "have the program read it from its image or from a volume",
    };
  return undefined;
}

function keysFault({ value, path }: Place): Fault | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const keys = Object.keys(value);
  if (keys.includes("__proto__"))
    return {
      path: keyPath(path.slice(0, 1)),
      given: 'a key named "__proto__"',
      allowed: "the keys in docs/configuration.md",
      fix: "remove it",
    };
  const long = keys.find((one) => one.length > LONGEST_KEY);
  if (long === undefined) return undefined;
  return {
    path: keyPath([...path, long]),
    given: `a key of ${long.length} characters`,
    allowed: `at most ${LONGEST_KEY} characters`,
    fix: "shorten it, or look for a quote or a colon that is missing",
  };
}

/**
 * Stands, in a plan, for a value that is encrypted in the file: long, varied, and nobody's. Its length is all that a
 * check sees, unless it asks for a form, which only a deployment can judge.
 */
export const UNREADABLE = "EncryptedInTheStackFileAndNotReadByThePlan7Kq2";

/** What a flat `rampart:<key>` holds, or another program keeps. */
export type SecretLookup =
  | { readonly kind: "missing" }
  | { readonly kind: "plain" }
  | { readonly kind: "secret"; readonly value: string };

export function lookUpSecret(raw: RawConfig, secret: SecretReference): SecretLookup {
  // What nobody has read yet is judged once somebody has.
  if ("from" in secret) return { kind: "secret", value: raw.sourced?.get(sourceId(secret.from)) ?? UNREADABLE };
  const { config: key } = secret;
  const value = Object.hasOwn(raw.values, key) ? raw.values[key] : undefined;
  if (value === undefined || value === null) return { kind: "missing" };
  return raw.secretKeys.includes(key) && typeof value === "string" ? { kind: "secret", value } : { kind: "plain" };
}
