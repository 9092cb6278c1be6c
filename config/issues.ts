/** From what zod reports to faults that a person can mend. */
import type { z } from "zod";
import { keyPath, showGiven, type Fault, type FaultParams } from "./faults";
import { keyHint } from "./key-hints";

const PRIMITIVES: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
};

const primitive = (expected: string): string =>
  Object.hasOwn(PRIMITIVES, expected) ? (PRIMITIVES[expected] ?? expected) : expected;

type Issue = z.core.$ZodIssue;

/** One zod issue to one or more faults. Unknown keys become a fault each, so that each gets its own hint. */
export function issueToFaults(
  issue: Issue,
  root: unknown,
  origin: (path: readonly PropertyKey[]) => readonly PropertyKey[] = (path) => path,
): Fault[] {
  const path = origin(issue.path);
  const base = { path: keyPath(path), given: showGiven(valueAt(root, path), path) };
  switch (issue.code) {
    case "custom": {
      const params = issue.params as Partial<FaultParams> | undefined;
      return [
        {
          path: base.path,
          given: params?.given ?? base.given,
          allowed: params?.allowed ?? issue.message,
          fix: params?.fix ?? "change the value",
        },
      ];
    }
    case "unrecognized_keys":
      return issue.keys.map((key) => ({
        path: keyPath([...path, key]),
        given: "a key that does not exist here",
        allowed: "the keys in docs/configuration.md",
        fix: keyHint(key),
      }));
    case "invalid_type": {
      // A schema may have words of its own, where the type says too little.
      const allowed = issue.message.startsWith("Invalid input") ? primitive(issue.expected) : issue.message;
      return [{ ...base, allowed, fix: base.given === "nothing" ? "add the key" : "change the value's type" }];
    }
    case "invalid_value":
      return [
        {
          ...base,
          allowed: issue.values.map((value) => String(value)).join(", "),
          fix: "use one of the allowed values",
        },
      ];
    case "too_small":
      return [{ ...base, allowed: `at least ${issue.minimum}`, fix: "use a larger value" }];
    case "too_big":
      return [{ ...base, allowed: `at most ${issue.maximum}`, fix: "use a smaller value" }];
    case "invalid_key":
      return [
        {
          ...base,
          given: JSON.stringify(String(path.at(-1))),
          allowed: issue.issues[0]?.message ?? "another name",
          fix: "rename it",
        },
      ];
    case "invalid_union":
      return unionFaults(issue, root, base, origin);
    default:
      return [{ ...base, allowed: issue.message, fix: "change the value" }];
  }
}

/** Of a union's branches, the one that was meant: the one to whose shape the value comes closest. */
function unionFaults(
  issue: Extract<Issue, { code: "invalid_union" }>,
  root: unknown,
  base: Pick<Fault, "path" | "given">,
  origin: (path: readonly PropertyKey[]) => readonly PropertyKey[],
): Fault[] {
  const distance = (branch: readonly Issue[]): number =>
    branch.reduce((sum, one) => {
      if (one.code === "custom") return sum;
      if (one.code === "unrecognized_keys") return sum + one.keys.length;
      return sum + (one.path.length === 0 && (one.code === "invalid_type" || one.code === "invalid_value") ? 100 : 1);
    }, 0);
  const best = [...issue.errors].sort((a, b) => distance(a) - distance(b))[0];
  const whole =
    best?.length === 1 &&
    best[0]?.path.length === 0 &&
    best[0].code !== "custom" &&
    best[0].code !== "unrecognized_keys";
  if (best === undefined || best.length === 0 || whole) {
    const forms = issue.errors
      .map((branch) => branch[0])
      .map((first) => {
        if (first === undefined) return "another form";
        if (first.code === "invalid_value") return first.values.map((value) => String(value)).join(", ");
        if (first.code === "invalid_type") return primitive(first.expected);
        return first.message;
      });
    const allowed = issue.message === "Invalid input" ? [...new Set(forms)].join(", or ") : issue.message;
    return [{ ...base, allowed, fix: "use one of the allowed forms (docs/configuration.md)" }];
  }
  return best.flatMap((inner) => issueToFaults({ ...inner, path: [...issue.path, ...inner.path] }, root, origin));
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value: unknown = root;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}
