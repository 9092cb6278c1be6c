import { RULES, SEVERITIES, type PostureEntry, type Rule, type Severity, type Status } from "../../hardening/rules";
import { block, fill, type Page, type Style } from "./page";

/** The statuses in the order in which a reader wants them. */
export const STATUSES: readonly Status[] = ["fail", "open", "accepted", "skip", "pass"];

export const STATUS_NAMES: Readonly<Record<Status, string>> = {
  fail: "fail",
  open: "open",
  accepted: "accepted",
  skip: "not judged here",
  pass: "pass",
};

const STYLES: Readonly<Record<Status, Style>> = {
  fail: "red",
  open: "yellow",
  accepted: "yellow",
  skip: "dim",
  pass: "green",
};

const SEVERITY_STYLES: Readonly<Record<Severity, Style>> = {
  critical: "red",
  high: "red",
  medium: "yellow",
  low: "dim",
};

/** Columns of "not judged here", and of "critical". */
const STATUS_WIDTH = 15;
const SEVERITY_WIDTH = 8;
const INDENT = " ".repeat(2 + STATUS_WIDTH + 2 + SEVERITY_WIDTH + 2);

const count = (entries: readonly PostureEntry[], status: Status): number =>
  entries.filter((entry) => entry.status === status).length;

/** `1 fail, 2 open, 0 accepted, 3 not judged here, 40 pass`. */
export const countsText = (posture: readonly PostureEntry[]): string =>
  STATUSES.map((status) => `${count(posture, status)} ${STATUS_NAMES[status]}`).join(", ");

/** What all entries of one rule and one status say. */
export interface Finding {
  readonly rule: Pick<Rule, "id" | "severity" | "title" | "listsHeld"> & Partial<Pick<Rule, "remedy">>;
  readonly status: Status;
  /** Resources that share a message. */
  readonly groups: readonly { readonly resources: readonly string[]; readonly message: string }[];
}

/** The posture by rule and status: the worst status first, and in it the worst severity. */
export function findings(posture: readonly PostureEntry[]): Finding[] {
  return STATUSES.flatMap((status) =>
    SEVERITIES.flatMap((severity) =>
      [
        ...new Set(
          posture.filter((entry) => entry.status === status && entry.severity === severity).map(({ id }) => id),
        ),
      ].map((id): Finding => ({
        rule: RULES.find((rule) => rule.id === id) ?? { id, severity, title: id },
        status,
        groups: grouped(posture.filter((entry) => entry.id === id && entry.status === status)),
      })),
    ),
  );
}

function grouped(entries: readonly PostureEntry[]): Finding["groups"] {
  const messages = [...new Set(entries.map(({ message }) => message))];
  return messages.map((message) => ({
    message,
    resources: entries.filter((entry) => entry.message === message).map(({ resource }) => resource),
  }));
}

/** More than this many resources are counted rather than named. */
const NAMED_RESOURCES = 3;

export const resourcesText = (resources: readonly string[]): string =>
  resources.length > NAMED_RESOURCES ? `${resources.length} resources` : resources.join(", ");

/** What fails and what is open, each finding on lines of its own; the rest is counted, or with `verbose` listed too. */
export function postureLines(posture: readonly PostureEntry[], page: Page): string[] {
  const all = findings(posture);
  const told = all.filter(({ status }) => page.verbose || status === "fail" || status === "open");
  return [
    ...fill(`Posture: ${countsText(posture)}`, page.width).map((line) => page.paint("bold", line)),
    ...(told.length === 0 ? [] : ["", ...told.flatMap((finding) => findingLines(finding, page))]),
    "",
    ...totals(posture, all, page),
  ];
}

function findingLines({ rule, status, groups }: Finding, { width, verbose, paint }: Page): string[] {
  const number = groups.reduce((sum, { resources }) => sum + resources.length, 0);
  // Where the rule does not hold, its title is what is asked for.
  const title = status === "pass" ? `${rule.id}: ${rule.title} (${number})` : `${rule.id} (rule: ${rule.title})`;
  const [first = "", ...more] = fill(title, width - INDENT.length);
  const head = [
    "  ",
    paint(STYLES[status], STATUS_NAMES[status].padEnd(STATUS_WIDTH)),
    "  ",
    paint(SEVERITY_STYLES[rule.severity], rule.severity.padEnd(SEVERITY_WIDTH)),
    "  ",
    first,
  ].join("");
  const details =
    status === "pass" && rule.listsHeld !== true
      ? []
      : groups.flatMap(({ resources, message }) =>
          block(`${resourcesText(resources)}: ${message}`, `${INDENT}  `, width),
        );
  // What is open says most of it already.
  const told = status === "fail" || (status === "open" && verbose) ? rule.remedy : undefined;
  const remedy = told === undefined ? [] : block(`Fix: ${told}`, `${INDENT}  `, width);
  return [head, ...more.map((line) => `${INDENT}${line}`), ...details, ...remedy];
}

/** A line a status that is not told in full: how many of each severity pass, which rules the others are of. */
function totals(posture: readonly PostureEntry[], all: readonly Finding[], { width, verbose, paint }: Page): string[] {
  const indent = " ".repeat(2 + STATUS_WIDTH + 2);
  const line = (status: Status, text: string): string[] => {
    const [first = "", ...more] = block(text, indent, width);
    return [`  ${paint(STYLES[status], STATUS_NAMES[status].padEnd(STATUS_WIDTH))}  ${first.trimStart()}`, ...more];
  };
  const rules = (status: Status): string[] => {
    const ids = [...new Set(all.filter((finding) => finding.status === status).map(({ rule }) => rule.id))];
    return ids.length === 0 || verbose ? [] : line(status, `${count(posture, status)}: ${ids.join(", ")}`);
  };
  return [
    ...rules("accepted"),
    ...rules("skip"),
    ...line("pass", bySeverity(posture.filter(({ status }) => status === "pass"))),
  ];
}

/** `4 critical, 10 high, 7 medium, 3 low`. */
export const bySeverity = (entries: readonly PostureEntry[]): string =>
  SEVERITIES.map((severity) => `${entries.filter((entry) => entry.severity === severity).length} ${severity}`).join(
    ", ",
  );
