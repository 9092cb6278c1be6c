/** The configurations that a stack had, from `pulumi stack history --json`. Secrets are blinded there, and stay out. */
import { canonicalJson } from "../../../hardening/canonical-json";
import { isTree, tree } from "../../../hardening/tree";
import { field, parseJson, text } from "../json";

/** By full key: a text, or a structure. Without secrets, and without what Pulumi.yaml says by default. */
export type Configuration = Readonly<Record<string, unknown>>;

export interface Update {
  /** ISO 8601. */
  readonly at: string;
  readonly succeeded: boolean;
  readonly commit?: string;
  readonly message: string;
  readonly configuration: Configuration;
}

/** What a rollback leaves as it is now: who is let in, which passwords hold, and what visitors read meanwhile. */
const KEPT: readonly (readonly [key: string, part?: string])[] = [
  ["rotation"],
  ["database", "elevations"],
  ["edge", "maintenance"],
];
export const KEPT_NAMES: readonly string[] = KEPT.map((path) => path.join("."));

const isEmpty = (value: unknown): boolean => value === "" || (isTree(value) && Object.keys(value).length === 0);

/** A value as a configuration holds it; undefined where it says nothing. */
function valueOf(entry: unknown, byDefault: string | undefined): unknown {
  if (field(entry, "secret") === true) return undefined;
  const value = field(entry, "value");
  const structured = field(entry, "objectValue") ?? structure(value);
  if (isEmpty(structured ?? value) || (structured === undefined && value === byDefault)) return undefined;
  return structured ?? value;
}

/** A text that is the JSON of an object or a list, as older CLIs have it. */
function structure(value: unknown): unknown {
  const parsed = typeof value === "string" && /^[[{]/.test(value) ? parseJson(value) : undefined;
  return typeof parsed === "object" && parsed !== null ? parsed : undefined;
}

export interface HistoryArgs {
  readonly project: string;
  /** What Pulumi.yaml says where a stack's file says nothing, by full key, as text. */
  readonly defaults: Readonly<Record<string, string>>;
}

/** Every `pulumi up`, the newest first, ended well or not. */
export function updatesOf(history: unknown, { project, defaults }: HistoryArgs): Update[] {
  const entries: readonly unknown[] = Array.isArray(history) ? (history as readonly unknown[]) : [];
  return entries
    .filter((entry) => field(entry, "kind") === "update")
    .map((entry) => {
      const commit = text(field(field(entry, "environment"), "git.head"));
      const configuration = Object.fromEntries(
        Object.entries(tree(field(entry, "config"))).flatMap(([key, each]) => {
          const value = key.startsWith(`${project}:`) ? valueOf(each, defaults[key]) : undefined;
          return value === undefined ? [] : [[key, value]];
        }),
      );
      return {
        at: text(field(entry, "endTime")) ?? text(field(entry, "startTime")) ?? "",
        succeeded: field(entry, "result") === "succeeded",
        ...(commit === undefined ? {} : { commit: commit.slice(0, 12) }),
        message: (text(field(entry, "message")) ?? "").split("\n")[0] ?? "",
        configuration,
      };
    });
}

/** Whether the last thing that happened to a stack is that everything was removed. */
export function wasDestroyed(history: unknown): boolean {
  const entries: readonly unknown[] = Array.isArray(history) ? (history as readonly unknown[]) : [];
  const last = entries.find((entry) => ["destroy", "update"].includes(String(field(entry, "kind"))));
  return field(last, "kind") === "destroy" && field(last, "result") === "succeeded";
}

/** The configuration of one time, with what a rollback keeps from another one. */
export function keeping(configuration: Configuration, now: Configuration, project: string): Configuration {
  const result: Record<string, unknown> = { ...configuration };
  const put = (target: Record<string, unknown>, key: string, value: unknown): void => {
    if (value === undefined || isEmpty(value)) delete target[key];
    else target[key] = value;
  };
  for (const [name, part] of KEPT) {
    const key = `${project}:${name}`;
    if (part === undefined) put(result, key, now[key]);
    else {
      const inner = { ...tree(result[key]) };
      put(inner, part, tree(now[key])[part]);
      put(result, key, inner);
    }
  }
  return result;
}

/**
 * Whether two configurations differ in what a rollback would change. What a migration says of itself is no such
 * thing.
 */
export function differs(a: Configuration, b: Configuration, project: string): boolean {
  const [one, other] = [a, b].map((configuration) => {
    const kept = keeping(configuration, {}, project);
    const key = `${project}:migration`;
    return canonicalJson(isTree(kept[key]) ? { ...kept, [key]: { ...kept[key], reversible: undefined } } : kept);
  });
  return one !== other;
}

/**
 * The configurations to which a stack can go back, the newest first: those of updates that succeeded before the stack
 * first had the configuration that it has now. So a rollback is followed by one further back, and not by a way forward.
 * @returns indexes into the updates
 */
export function candidates(updates: readonly Update[], project: string): number[] {
  const [current] = updates;
  if (current === undefined) return [];
  const first = updates.findLastIndex((one) => !differs(one.configuration, current.configuration, project));
  const found: number[] = [];
  for (let index = first + 1; index < updates.length; index += 1) {
    const one = updates[index];
    const last = updates[found.at(-1) ?? -1];
    if (one?.succeeded !== true) continue;
    if (last === undefined || differs(one.configuration, last.configuration, project)) found.push(index);
  }
  return found;
}
