/** Keys that nothing reads. */
import { keyName, keyPath, type Fault } from "../faults";
import { nearestKey } from "../nearest";
import { NAMESPACE, type RawConfig } from "../raw";
import { isStackKey, STACK_KEYS } from "../schema";
import { isTree } from "../../hardening/tree";

/**
 * A flat key is either one of Rampart's or a secret that a service names;
 * anything else is a spelling mistake or left behind.
 */
export function unknownKeyFaults(raw: RawConfig, values: Record<string, unknown>): Fault[] {
  const unknown = unknownKeys(raw, values);
  return unknown.slice(0, MOST_TOLD).map((key) => ({
    path: keyPath([key]),
    given: unknown.length > MOST_TOLD ? `one of ${unknown.length} keys that Rampart does not know` : UNKNOWN,
    allowed: `${STACK_KEYS.join(", ")}, and the keys that a service's secrets name`,
    fix: unknownKeyFix(key),
  }));
}

/** Keys that are neither Rampart's nor named by anything in the configuration, at whatever place. */
function unknownKeys(raw: RawConfig, values: Record<string, unknown>): string[] {
  const named = new Set(textsIn(values));
  return Object.keys(raw.values).filter((key) => !isStackKey(key) && !named.has(key));
}

/**
 * Misspelt keys by the key that was meant and is not there: what stands under them is judged all the same, so that
 * nothing is missing because of them.
 */
export function misspeltKeys(raw: RawConfig, values: Record<string, unknown>): Readonly<Record<string, string>> {
  const unknown = unknownKeys(raw, values);
  if (unknown.length > MOST_TOLD) return {};
  const meant = unknown
    .filter((key) => !raw.secretKeys.includes(key))
    .flatMap((key): [string, string][] => {
      const near = nearestKey(key, STACK_KEYS);
      return near === undefined || Object.hasOwn(raw.values, near) ? [] : [[near, key]];
    });
  return Object.fromEntries(meant);
}

const UNKNOWN = "a key that Rampart does not know";

/** More of one kind than a person mends in one go. */
const MOST_TOLD = 100;

/** Keys that nobody takes for another namespace's. */
const OWN_KEYS: readonly string[] = [
  "acmeEmail",
  "certificates",
  "dockerSocketGroup",
  "migration",
  "rotation",
  "services",
];

/** Keys under a misspelt namespace, which nothing would read: one fault for a namespace. */
export function namespaceFaults({ others = {} }: Pick<RawConfig, "others">): Fault[] {
  const split = Object.keys(others).map((full) => ({
    full,
    namespace: full.split(":")[0] ?? "",
    key: full.split(":")[1] ?? "",
  }));
  const misspelt = new Set(
    split
      .filter(({ namespace, key }) => nearestKey(namespace, [NAMESPACE]) !== undefined || OWN_KEYS.includes(key))
      .map(({ namespace }) => namespace),
  );
  return [...misspelt].flatMap((namespace): Fault[] => {
    const [first, ...others] = split.filter((one) => one.namespace === namespace);
    if (first === undefined) return [];
    const count = others.length === 0 ? "a key" : `${others.length + 1} keys`;
    return [
      {
        path: foreignPath(first.full),
        given: `${count} of the namespace ${keyName(namespace)}, which nothing reads`,
        allowed: `the namespace ${NAMESPACE}`,
        fix: `write it as ${NAMESPACE}:${keyName(first.key)}`,
      },
    ];
  });
}

/** `docker:host` as it is, and anything that is not as plain in quotes. */
const foreignPath = (full: string): string => (/^[\w-]{1,80}:[\w-]{1,80}$/.test(full) ? full : keyName(full));

/** A stack without services deploys nothing that anybody could use. */
export function noServiceFaults({ values: given, others = {} }: RawConfig, values: Record<string, unknown>): Fault[] {
  const services = Object.hasOwn(values, "services") ? values["services"] : undefined;
  const empty = isTree(services) && Object.keys(services).length === 0;
  if (!empty && (services !== undefined || Object.hasOwn(given, "services"))) return [];
  // Told already, and better.
  if (namespaceFaults({ others }).length > 0) return [];
  return [
    {
      path: keyPath(["services"]),
      given: empty ? "an empty object" : "nothing",
      allowed: "at least one service",
      fix: "describe your application: rampart:services: { web: { image: <repo:tag@sha256:…>, port: 3000 } }",
    },
  ];
}

function unknownKeyFix(key: string): string {
  const near = nearestKey(key, STACK_KEYS);
  if (near !== undefined) return `write it as rampart:${near}`;
  if (STACK_KEYS.some((known) => key.startsWith(`${known}.`) || key.startsWith(`${known}[`)))
    return "write the structure in the stack's file";
  return "check its spelling, name it under a service's secrets, or remove it from the stack's file";
}

/** Every text in a structure: a secret's key is one of them, even where the key `config` beside it is misspelt. */
function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
