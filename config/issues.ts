/** From what zod reports to faults that a person can mend. */
import type { z } from "zod";
import { keyName, keyPath, showGiven, type Fault, type FaultParams } from "./faults";
import { keyHint } from "./key-hints";
import { nearestKey } from "./nearest";
import type { stackSchema } from "./schema";
import { quote } from "./text";
import { exampleAt, typeFix } from "./value-hints";
import { isTree } from "../hardening/tree";

const PRIMITIVES: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
};

/** What an issue's place in the user's file and in the schema is looked up in. */
export interface IssueContext {
  /** The configuration as the user wrote it. */
  readonly root: unknown;
  readonly schema: ReturnType<typeof stackSchema>;
  /** From a path in what was judged to the path that the user wrote. @default the same */
  readonly origin?: (path: readonly PropertyKey[]) => readonly PropertyKey[];
}

const primitive = (expected: string): string =>
  Object.hasOwn(PRIMITIVES, expected) ? (PRIMITIVES[expected] ?? expected) : expected;

type Issue = z.core.$ZodIssue;

/** One zod issue to one or more faults. Unknown keys become a fault each, so that each gets its own hint. */
export function issueToFaults(issue: Issue, context: IssueContext): Fault[] {
  const path = context.origin?.(issue.path) ?? issue.path;
  const value = valueAt(context.root, path);
  const base = { path: keyPath(path), given: showGiven(value, path) };
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
        fix: keyHint(key, path, context.schema),
      }));
    case "invalid_type": {
      // A schema may have words of its own, where the type says too little.
      const fault = typeFault(issue.expected, value, path);
      return [issue.message.startsWith("Invalid input") ? fault : { ...fault, allowed: issue.message }];
    }
    case "invalid_value":
      return [valueFault(issue.values, value, base)];
    case "too_small":
      return issue.origin === "array"
        ? [{ ...base, allowed: `at least ${issue.minimum} element`, fix: typeFix("array", value, path, false) }]
        : [{ ...base, allowed: `at least ${issue.minimum}`, fix: `use ${issue.minimum} or more` }];
    case "too_big":
      return [{ ...base, allowed: `at most ${issue.maximum}`, fix: `use ${issue.maximum} or less` }];
    case "invalid_key":
      return [
        {
          ...base,
          given: quotedKey(String(path.at(-1))),
          allowed: issue.issues[0]?.message ?? "another name",
          fix: customFix(issue.issues[0]) ?? nameFix(String(path.at(-1)), path),
        },
      ];
    case "invalid_union":
      return unionFaults(issue, context, base, path);
    default:
      return [{ ...base, allowed: issue.message, fix: "change the value" }];
  }
}

/** What is missing, or of another type. */
function typeFault(expected: string, value: unknown, path: readonly PropertyKey[]): Fault {
  const given = showGiven(value, path);
  const fault = { path: keyPath(path), given, allowed: primitive(expected) };
  const example = exampleAt(path);
  if (value === undefined)
    return {
      ...fault,
      fix: example === undefined ? "add the key" : `add the key, such as ${example}`,
    };
  if (value === null)
    return {
      ...fault,
      given: "a key without a value",
      fix: `${typeFix(expected, value, path, false)}, or remove the key`,
    };
  const isText = typeof value === "string" && expected !== "string";
  // A structure that is text by mistake may hold a secret anywhere.
  const long = isText && /[=:{}"'\s]/.test(value) && !given.endsWith("(hidden)");
  return {
    ...fault,
    given: long ? `a text of ${value.length} characters (hidden)` : given,
    fix: typeFix(expected, value, path, given.endsWith("(hidden)") || long),
  };
}

/** One of a few words, and which of them was meant. */
function valueFault(values: readonly unknown[], value: unknown, base: Pick<Fault, "path" | "given">): Fault {
  const words = values.map((one) => String(one));
  const near = typeof value === "string" ? nearestKey(value, words) : undefined;
  const fix = near === undefined ? "use one of the allowed values" : `write it as ${near}`;
  return { ...base, allowed: words.join(", "), fix };
}

/** What a check of a name says to do; "rename it" says no more than the place of the name does. */
function customFix(issue: Issue | undefined): string | undefined {
  const fix = issue?.code === "custom" ? (issue.params as Partial<FaultParams> | undefined)?.fix : undefined;
  return fix === "rename it" ? undefined : fix;
}

const quotedKey = (key: string): string => (keyName(key).startsWith("(") ? keyName(key) : quote(key));

/** A name in the form that its place takes, made from the one that was given. */
function nameFix(key: string, path: readonly PropertyKey[]): string {
  if (keyName(key).startsWith("(")) return "write the name before the colon and its value after it";
  const holder = path.at(-2);
  const words = key
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== "");
  const upper = words
    .join("_")
    .toUpperCase()
    .replace(/^[0-9_]+/, "");
  const lower = words
    .join("-")
    .toLowerCase()
    .replace(/^[0-9-]+/, "")
    .slice(0, 30)
    .replace(/-$/, "");
  const name =
    holder === "services" || holder === "jobs"
      ? lower
      : holder === "secrets" || holder === "environment" || holder === "credentials"
        ? upper
        : "";
  return name === "" ? "rename it" : `rename it, for example to ${name}`;
}

/** Of a union's branches, the one that was meant: the one to whose shape the value comes closest. */
function unionFaults(
  issue: Extract<Issue, { code: "invalid_union" }>,
  context: IssueContext,
  base: Pick<Fault, "path" | "given">,
  path: readonly PropertyKey[],
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
  if (best === undefined || best.length === 0 || whole || isAnother(best, valueAt(context.root, path))) {
    const forms = issue.errors
      .map((branch) => branch[0])
      .map((first) => {
        if (first === undefined) return "another form";
        if (first.code === "invalid_value") return first.values.map((value) => String(value)).join(", ");
        if (first.code === "invalid_type") return primitive(first.expected);
        return first.message;
      });
    const allowed = issue.message === "Invalid input" ? [...new Set(forms)].join(", or ") : issue.message;
    const example = exampleAt(path);
    const fix =
      example === undefined
        ? "use one of the allowed forms (docs/configuration.md)"
        : `write it as ${example}, or in another of the allowed forms`;
    return [{ ...base, allowed, fix }];
  }
  return best.flatMap((inner) => issueToFaults({ ...inner, path: [...issue.path, ...inner.path] }, context));
}

/** Whether an object has no key of a branch: then none of them was meant. */
function isAnother(branch: readonly Issue[], value: unknown): boolean {
  const unknown = branch.flatMap((one) => (one.code === "unrecognized_keys" && one.path.length === 0 ? one.keys : []));
  return (
    isTree(value) &&
    Object.keys(value).length > 0 &&
    Object.keys(value).every((key) => unknown.includes(key)) &&
    !branch.some((one) => one.code === "unrecognized_keys" && one.path.length > 0)
  );
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value: unknown = root;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}
