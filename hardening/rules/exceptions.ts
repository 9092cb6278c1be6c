/** Exceptions: what a stack accepts for a time although a rule does not hold. */
import type { PostureEntry, Rule, Verdict } from "./rule";
import { page } from "./sources";
import type { Exception, StackView } from "./view";

/** The scope that stands for the stack as a whole. */
export const STACK_SCOPE = "stack";

const DAY_MS = 86_400_000;

/**
 * Whether a stack may write an exception from a rule. Never from a critical one, as one container is then enough to
 * lose the host; and not from one that no key weakens, or only keys that want a reason: such a rule fails only by a
 * hand on the engine.
 */
export const canBeExcepted = ({ severity, keys = [], exceptable = keys.length > 0 }: Rule): boolean =>
  severity !== "critical" && exceptable;

/** When an exception has ended, in milliseconds: its last day is over in UTC. */
export const endOfException = (until: string): number => Date.parse(`${until}T00:00:00Z`) + DAY_MS;

export const EXCEPTIONS_RULE: Rule = {
  id: "rampart-exceptions",
  severity: "medium",
  title: "every exception is from a rule that does not hold",
  why: "an exception that nothing needs would cover the next failure that nobody has seen",
  source: page("docs/decisions/0025-exceptions.md"),
  judged: "each entry under `exceptions`: one that excepts nothing is open",
  remedy: "Remove the entry under `exceptions`, or correct its `rule` and its `scope`.",
  keys: ["exceptions", "exceptions.rule", "exceptions.scope", "exceptions.reason", "exceptions.until"],
  exceptable: false,
  // What the other rules say decides: `judge` adds it.
  check: () => [],
};

/** What a rule says of one thing, before exceptions. */
export interface Judged {
  readonly rule: Rule;
  readonly verdict: Verdict;
}

/** The posture with the stack's exceptions in it, and an entry for each exception that excepts nothing. */
export function withExceptions(judged: readonly Judged[], rules: readonly Rule[], view: StackView): PostureEntry[] {
  const used = new Set<Exception>();
  const posture = judged.map((one): PostureEntry => {
    const exception = exceptionFor(one, view);
    if (exception === undefined) return entryOf(one);
    used.add(exception);
    return exceptedEntry(one, exception, view);
  });
  return rules.includes(EXCEPTIONS_RULE) ? [...posture, ...unused({ used, judged, rules, view })] : posture;
}

function entryOf({ rule, verdict }: Judged): PostureEntry {
  const { status, resource, message } = verdict;
  const remedy = status === "fail" ? { remedy: rule.remedy } : {};
  return { id: rule.id, severity: rule.severity, status, resource, message, ...remedy };
}

function exceptedEntry({ rule, verdict }: Judged, { until, reason }: Exception, view: StackView): PostureEntry {
  const { resource } = verdict;
  if (hasEnded(until, view)) {
    const message = `${verdict.message}; the exception from it has ended on ${until}: ${reason}`;
    return entryOf({ rule, verdict: { status: "fail", resource, message } });
  }
  const message = `${verdict.message}: ${reason} (exception until ${until})`;
  return { ...entryOf({ rule, verdict: { status: "accepted", resource, message } }), until };
}

const hasEnded = (until: string, { exceptions }: StackView): boolean =>
  exceptions !== undefined && Date.parse(exceptions.at) >= endOfException(until);

/** Of several, the one that lasts longest. */
function exceptionFor({ rule, verdict }: Judged, view: StackView): Exception | undefined {
  if (!needsOne(verdict) || !canBeExcepted(rule)) return undefined;
  return (view.exceptions?.list ?? [])
    .filter((exception) => exception.rule === rule.id && covers(exception.scope, verdict, view))
    .sort((a, b) => endOfException(b.until) - endOfException(a.until))[0];
}

/** Whether a scope means what a verdict is about. */
function covers(scope: string, { resource, scope: own }: Verdict, view: StackView): boolean {
  if (own !== undefined) return scope === own;
  if (resource === view.stack) return scope === STACK_SCOPE;
  const prefix = view.exceptions?.prefix ?? "";
  if (resource === scope || resource === `${prefix}-${scope}`) return true;
  return [...view.containers, ...view.networks].some((one) => one.resource === resource && one.name === scope);
}

interface Outcome {
  readonly used: ReadonlySet<Exception>;
  readonly judged: readonly Judged[];
  readonly rules: readonly Rule[];
  readonly view: StackView;
}

function unused({ used, judged, rules, view }: Outcome): PostureEntry[] {
  return (view.exceptions?.list ?? []).flatMap((exception): PostureEntry[] => {
    const rule = rules.find(({ id }) => id === exception.rule);
    if (used.has(exception) || rule === undefined) return [];
    const own = judged.filter((one) => one.rule === rule);
    // Judged elsewhere: nobody knows here whether the exception is needed.
    if (
      canBeExcepted(rule) &&
      own.some(({ verdict }) => verdict.status === "skip" && covers(exception.scope, verdict, view))
    )
      return [];
    const needed = own
      .filter((one) => needsOne(one.verdict) && exceptionFor(one, view) === undefined)
      .map(({ verdict }) => verdict);
    const why = !canBeExcepted(rule)
      ? "there are no exceptions from this rule"
      : needed.length === 0
        ? "nothing needs it"
        : `nothing of that name needs it, only ${[...new Set(needed.map((one) => scopeOf(one, view)))].join(", ")}`;
    const message = `exception from ${rule.id} for ${exception.scope} until ${exception.until}: ${why}; remove it`;
    return [entryOf({ rule: EXCEPTIONS_RULE, verdict: { status: "open", resource: view.stack, message } })];
  });
}

const needsOne = ({ status }: Verdict): boolean => status === "fail" || status === "open";

/** The scope of an exception from a verdict. */
const scopeOf = ({ resource, scope }: Verdict, { stack }: StackView): string =>
  scope ?? (resource === stack ? STACK_SCOPE : resource);
