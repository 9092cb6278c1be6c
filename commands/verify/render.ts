import { flow, type Printer } from "../shared/output";
import { controlsOf, countsOf, OUTCOMES, type ControlResult } from "../../verify/output/controls";
import type { Check, Outcome } from "../../verify/check";
import type { Verification } from "../../verify/verify";
import type { Style } from "../../plan/text/page";

const NAMES: Readonly<Record<Outcome, string>> = { pass: "pass", fail: "FAIL", accepted: "accepted", skip: "skip" };
const STYLES: Readonly<Record<Outcome, Style>> = { pass: "green", fail: "red", accepted: "yellow", skip: "dim" };
const NAME_WIDTH = 10;
const ID_WIDTH = 26;

export interface TextOptions extends Pick<Printer, "width" | "paint"> {
  /** Whether each thing that is held is told, and not only how many. */
  readonly verbose: boolean;
}

/** A line for each control, and below it what does not simply hold. */
export function verificationText(
  { stack, engine, checks }: Verification,
  seconds: number,
  options: TextOptions,
): string {
  const counts = countsOf(checks);
  const controls = controlsOf(checks);
  return [
    options.paint("bold", `Stack ${stack} on ${engine}`),
    "",
    ...controls.flatMap((control) => controlLines(control, options)),
    "",
    `${controls.length} controls, ${checks.length} checks in ${seconds.toFixed(0)} s: ` +
      `${counts.pass} pass, ${counts.fail} fail, ${counts.accepted} accepted, ${counts.skip} skipped`,
  ].join("\n");
}

function controlLines(control: ControlResult, options: TextOptions): string[] {
  const { id, title, severity, status, checks } = control;
  const name = options.paint(STYLES[status], NAMES[status].padEnd(NAME_WIDTH));
  const held = checks.filter((check) => check.status === "pass").length;
  const of = held === checks.length ? `(${held})` : `(${held} of ${checks.length})`;
  const text = `${title} ${of}${status === "fail" ? `, ${severity}` : ""}`;
  const indent = " ".repeat(NAME_WIDTH + ID_WIDTH);
  const head = `${name}${id.padEnd(ID_WIDTH)}${flow(text.split(" "), options.width - indent.length, indent)}`;
  return [head, ...OUTCOMES.flatMap((outcome) => findings(outcome, checks, options))];
}

/** Things of which the same is found are told together. */
function findings(outcome: Outcome, checks: readonly Check[], { verbose, width }: TextOptions): string[] {
  if (outcome === "pass" && !verbose) return [];
  const targets = new Map<string, string[]>();
  for (const { target, evidence } of checks.filter(({ status }) => status === outcome))
    targets.set(evidence, [...(targets.get(evidence) ?? []), target]);
  const indent = " ".repeat(NAME_WIDTH + 2);
  return [...targets].map(([evidence, found]) => {
    const shown = verbose || found.length <= 3 ? found.join(", ") : `${found.length} resources`;
    const words = `${NAMES[outcome]} ${shown}: ${evidence}`.split(" ");
    return `${" ".repeat(NAME_WIDTH)}${flow(words, width - indent.length, indent)}`;
  });
}
