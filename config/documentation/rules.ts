/** docs/rules.md: every rule with what it protects from, where it comes from, and what to change. */
import { canBeExcepted, RULES, SEVERITIES, sourcesOf, type Rule, type Severity } from "../../hardening/rules";
import { HARMLESS_KEYS } from "./harmless";

const INTRODUCTION = `# Rules

\`npx rampart plan\` judges a stack by these rules. [Plan](plan.md#the-posture) explains the statuses and severities.
This page is written from the rules themselves (\`hardening/rules/\`, \`npm run schema\`).

The number in \`cis-5.4\` is the one that the control has in the CIS Docker Benchmark; \`cis-5.18\` has the number of
edition 1.2. Sections of NIST SP 800-190 and of the CIS PostgreSQL Benchmark, and lines of the
[baselines](README.md#reading-order), say where a rule comes from. Rampart is not certified by any of them.

A figure that most applications do not need is open: a person has to look at it. A figure so large that it bounds
nothing, or a limit that is off, fails in production. In dev and staging it is accepted, as nobody's data is there.`;

const EXCEPTIONS = `## Exceptions

A stack can accept for a time that a rule does not hold:

\`\`\`yaml
config:
  rampart:exceptions:
    - rule: rampart-backups
      scope: stack
      reason: "the bucket is ordered, ticket 4711"
      until: "2027-03-31"
\`\`\`

| key | meaning |
|---|---|
| \`rule\` | the id of a rule that takes exceptions, as the sections below say, or of a [control](doctor.md) |
| \`scope\` | a name that the plan shows, also without the stack's prefix; or \`stack\`; or \`host\` |
| \`reason\` | why; it becomes part of the posture |
| \`until\` | the last day on which it counts, in UTC, at most 400 days from today |

\`host\` is for controls of \`rampart doctor\`. \`stack\` is for what a rule says of the stack as a whole.
\`rampart-database-tls\` speaks of two servers: its scopes are \`postgres\` and \`redis\`. If a scope does not fit, the
plan names those that do.

What an exception covers is \`accepted\` with its reason and its last day, whether it fails or is open. After that day
it fails, and the message says that the exception has ended. An exception that covers nothing is open under
\`rampart-exceptions\`, so that dead ones go. Exceptions stand in the stack's file only: no container is replaced for
them.

A rule takes no exceptions if

- it is critical, because one container is then enough to lose the host
- each key that weakens it asks for a \`reason\` of its own, which makes the rule \`accepted\`
- no key weakens it, because such a rule fails only when somebody has changed the engine's containers by hand

[Decision 25](decisions/0025-exceptions.md) explains this.`;

const code = (text: string): string => `\`${text}\``;
const anchor = ({ id }: Rule): string => `[${id}](#${id.replaceAll(".", "")})`;
const cell = (text: string): string => text.replaceAll("|", "\\|");
const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

const SEVERITY_TITLES: Readonly<Record<Severity, string>> = {
  critical: "Critical: the host is lost with one container",
  high: "High: data, secrets or other containers are within an intruder's reach",
  medium: "Medium: a second fence is missing",
  low: "Low: the operation suffers, or a fence that others stand behind",
};

const table = (rules: readonly Rule[]): string =>
  [
    "| rule | severity | what is true where it passes | exception |",
    "|---|---|---|---|",
    ...rules.map(
      (rule) => `| ${anchor(rule)} | ${rule.severity} | ${cell(rule.title)} | ${canBeExcepted(rule) ? "yes" : "no"} |`,
    ),
  ].join("\n");

/** A page of docs/ as a link from docs/rules.md. */
const sourceText = (source: string): string => {
  const path = /^docs\/(.+)\.md$/.exec(source)?.[1];
  return path === undefined ? source : `[${path}](${path}.md)`;
};

function section(rule: Rule): string {
  const { id, title, why, judged, remedy, keys = [] } = rule;
  return [
    `### ${id}`,
    "",
    `${sentence(title)}`,
    "",
    "| | |",
    "|---|---|",
    `| why | ${cell(sentence(why))} |`,
    `| judged | ${cell(sentence(judged))} |`,
    `| fix | ${cell(remedy)} |`,
    `| keys | ${keys.length === 0 ? "none: no key of the stack's file weakens it" : keys.map(code).join(", ")} |`,
    `| exception | ${canBeExcepted(rule) ? "yes" : "no"} |`,
    `| sources | ${sourcesOf(rule).map(sourceText).map(cell).join("<br>")} |`,
  ].join("\n");
}

/** Which rules a key can weaken, and which keys cannot. */
function keysSection(): string {
  const weakening = [...new Set(RULES.flatMap(({ keys = [] }) => keys))].sort();
  const rulesOf = (key: string): string =>
    RULES.filter(({ keys = [] }) => keys.includes(key))
      .map(anchor)
      .join(", ");
  const reasons = [...new Set(Object.values(HARMLESS_KEYS))];
  const keysOf = (reason: string): string =>
    Object.keys(HARMLESS_KEYS)
      .filter((key) => HARMLESS_KEYS[key] === reason)
      .sort()
      .map(code)
      .join(", ");
  return [
    "## Keys and their rules",
    "",
    "Each key of a stack's file either has a rule that says when it weakens the stack, or a reason why it cannot. A",
    "test refuses a key that has neither. `docker:host` is the Docker provider's key.",
    "",
    "| key | rules |",
    "|---|---|",
    ...weakening.map((key) => `| ${code(key)} | ${rulesOf(key)} |`),
    "",
    "### Keys that weaken nothing",
    "",
    "| why | keys |",
    "|---|---|",
    ...reasons.map((reason) => `| ${cell(reason)} | ${keysOf(reason)} |`),
  ].join("\n");
}

export function rulesPage(): string {
  const bySeverity = SEVERITIES.map((severity) => ({
    severity,
    rules: RULES.filter((rule) => rule.severity === severity),
  }));
  return `${[
    INTRODUCTION,
    EXCEPTIONS,
    "## All rules",
    table(bySeverity.flatMap(({ rules }) => rules)),
    ...bySeverity.flatMap(({ severity, rules }) => [`## ${SEVERITY_TITLES[severity]}`, ...rules.map(section)]),
    keysSection(),
  ].join("\n\n")}\n`;
}
