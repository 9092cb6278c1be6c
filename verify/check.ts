import type { Severity } from "../hardening/rules";

/**
 * - `pass`: the control holds.
 * - `fail`: it does not.
 * - `accepted`: it does not, and the stack says why.
 * - `skip`: nothing can tell it here, or a person has to decide; the evidence says which.
 */
export type Outcome = "pass" | "fail" | "accepted" | "skip";

/** What one control came to on one thing of the deployment. */
export interface Check {
  /** A rule's id, or that of a probe: docs/verify.md lists them. */
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly status: Outcome;
  /** A container, a network, a role, or the stack. */
  readonly target: string;
  /** What was seen; never a secret. */
  readonly evidence: string;
}

/** A control that is tried, or compared with the state, where a rule only looks. */
export interface Control {
  readonly id: string;
  /** What is true where it passes. */
  readonly title: string;
  readonly severity: Severity;
  readonly why: string;
}

/** What a control found on one thing. */
export type Finding = Pick<Check, "status" | "target" | "evidence">;

export const checksOf = ({ id, title, severity }: Control, findings: readonly Finding[]): Check[] =>
  findings.map((finding) => ({ id, title, severity, ...finding }));
