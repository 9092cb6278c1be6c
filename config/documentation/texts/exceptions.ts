import type { KeyTexts } from "../key-text";

export const EXCEPTIONS: KeyTexts = {
  exceptions: {
    allowed: "what the stack accepts for a time although a rule does not hold: [rules](rules.md#exceptions)",
    example:
      '[{ rule: rampart-backups, scope: stack, reason: "the bucket is ordered, ticket 4711", until: "2027-03-31" }]',
  },
  "exceptions.rule": {
    allowed: "the id of a rule that takes exceptions, or of a control of [doctor](doctor.md)",
    example: "rampart-backups",
  },
  "exceptions.scope": {
    allowed:
      "the name of a service, container or network as the plan shows it, `stack`, or `host` for a control of " +
      "[doctor](doctor.md)",
    example: "api",
  },
  "exceptions.reason": {
    allowed: "10 to 500 characters on one line; part of the posture",
    example: '"the bucket is ordered, ticket 4711"',
  },
  "exceptions.until": {
    allowed: "the last day on which it counts, in UTC, at most 400 days from today; after it the rule fails",
    example: '"2027-03-31"',
  },
};
