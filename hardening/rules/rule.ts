import type { ContainerView, StackView } from "./view";

/**
 * - `pass`: the control holds.
 * - `fail`: it does not.
 * - `accepted`: it does not, and the stack says why: a reason or an exception in its file, or an environment that is no
 *   production.
 * - `open`: a person has to decide or to do something; the message says what.
 * - `skip`: not judged here, because it cannot be known here; the message says where.
 */
export type Status = "pass" | "fail" | "accepted" | "open" | "skip";

/** What is at stake where a control does not hold, the worst first. */
export const SEVERITIES = ["critical", "high", "medium", "low"] as const;
/**
 * - `critical`: the host is lost with one container.
 * - `high`: data, secrets or other containers are within an intruder's reach.
 * - `medium`: a second fence is missing.
 * - `low`: the operation suffers, or a fence that others stand behind.
 */
export type Severity = (typeof SEVERITIES)[number];

/** What a rule says of one thing. */
export interface Verdict {
  readonly status: Status;
  readonly resource: string;
  readonly message: string;
  /** What an exception from it names, where that is not the resource. @default the resource */
  readonly scope?: string;
}

/** One line of a posture. */
export interface PostureEntry {
  readonly id: string;
  readonly severity: Severity;
  readonly status: Status;
  readonly resource: string;
  readonly message: string;
  /** What to change: only where the rule fails. */
  readonly remedy?: string;
  /** The last day of the exception by which it is accepted, in UTC: only where there is one. */
  readonly until?: string;
}

/** One control: judged alike on a plan, at preview and on a running deployment. */
export interface Rule {
  /** Stable: exceptions, reports and policies refer to it. */
  readonly id: string;
  readonly severity: Severity;
  /** What is true where the rule passes. A rule over containers leaves its subject out: "is not privileged". */
  readonly title: string;
  readonly why: string;
  /** Where it comes from first: a section of a benchmark, a line of a baseline, a page of docs/ (sources.ts). */
  readonly source: string;
  /** Where else it stands. @default nowhere */
  readonly alsoIn?: readonly string[];
  /** What is looked at, and what makes which status, for docs/rules.md: "each container that runs: its user". */
  readonly judged: string;
  /** What to change where it does not hold: the key of the stack's file, with an example. Backticks mark code. */
  readonly remedy: string;
  /**
   * Keys of the stack's file by which it can come not to hold, as docs/configuration.md names them (a route's and a
   * container's with `services.` before them); `docker:host` is the provider's. @default no key weakens it
   */
  readonly keys?: readonly string[];
  /**
   * Whether a stack may write an exception from it. Never from a critical one; false where each of its keys has a
   * reason or an end of its own, and where it never fails. @default if it has keys
   */
  readonly exceptable?: boolean;
  /** Whether a reader of the plan sees each thing that is held, and not only how many. @default false */
  readonly listsHeld?: boolean;
  readonly check: (view: StackView) => readonly Verdict[];
}

/** A rule over each container that runs: `fault` says what is wrong with it, or undefined. */
export function containerRule(
  rule: Omit<Rule, "check"> & { readonly fault: (container: ContainerView, view: StackView) => string | undefined },
): Rule {
  const { fault, ...rest } = rule;
  return {
    ...rest,
    check: (view) =>
      view.containers
        .filter((container) => container.runs)
        .map((container) => {
          const message = fault(container, view);
          return {
            status: message === undefined ? "pass" : "fail",
            resource: container.resource,
            message: message ?? rest.title,
          };
        }),
  };
}

/** Everything that a rule comes from. */
export const sourcesOf = ({ source, alsoIn = [] }: Pick<Rule, "source" | "alsoIn">): readonly string[] => [
  source,
  ...alsoIn,
];
