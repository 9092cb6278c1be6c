/** Keys that nothing reads. */
import { keyPath, type Fault } from "../faults";
import type { RawConfig } from "../raw";
import { isStackKey, STACK_KEYS } from "../schema";

/** A flat key is either one of Rampart's or a secret that a service names; anything else is a spelling mistake or left behind. */
export function unknownKeyFaults(raw: RawConfig, values: Record<string, unknown>): Fault[] {
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
