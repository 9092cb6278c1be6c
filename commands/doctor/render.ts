import type { HostCheck, HostControl } from "../../hardening/host";
import type { Tree } from "../../hardening/tree";
import type { Outcome } from "../../verify/check";
import { controlsOf, countsOf, OUTCOMES } from "../../verify/output/controls";
import type { Style } from "../../plan/text/page";
import { flow, type Printer } from "../shared/output";

/** What `rampart doctor` found. */
export interface Examination {
  /** The machine's name; the address by which it was asked where the machine said none. */
  readonly host: string;
  readonly system: string;
  readonly engine: string;
  readonly checks: readonly HostCheck[];
}

export interface TextOptions extends Pick<Printer, "width" | "paint"> {
  /** Whether each thing that is held is told, and not only how many. */
  readonly verbose: boolean;
  readonly controls: readonly HostControl[];
  /** The engine's configuration file. */
  readonly file: string;
}

const NAMES: Readonly<Record<Outcome, string>> = { pass: "pass", fail: "FAIL", accepted: "accepted", skip: "skip" };
const STYLES: Readonly<Record<Outcome, Style>> = { pass: "green", fail: "red", accepted: "yellow", skip: "dim" };
const NAME_WIDTH = 10;
const ID_WIDTH = 29;

/** A line for each control, and below it what does not simply hold, with the command that mends it. */
export function examinationText({ host, system, engine, checks }: Examination, options: TextOptions): string {
  const counts = countsOf(checks);
  const controls = controlsOf(checks);
  const worst = checks.filter(({ status, severity }) => status === "fail" && decides(severity)).length;
  return [
    options.paint("bold", `Host ${host} (${system}), engine ${engine}`),
    "",
    ...controls.flatMap(({ id }) =>
      controlLines(
        checks.filter((check) => check.id === id),
        options,
      ),
    ),
    ...settingsLines(checks, options),
    "",
    `${controls.length} controls, ${checks.length} checks: ${counts.pass} pass, ${counts.fail} fail ` +
      `(${worst} of high or critical severity), ${counts.accepted} accepted, ${counts.skip} skipped`,
  ].join("\n");
}

/** Whether a failure of this severity makes the exit code 1. */
export const decides = (severity: HostCheck["severity"]): boolean => severity === "critical" || severity === "high";

function controlLines(checks: readonly HostCheck[], options: TextOptions): string[] {
  const [first] = checks;
  if (first === undefined) return [];
  const status = OUTCOMES.find((outcome) => checks.some((check) => check.status === outcome)) ?? "pass";
  const held = checks.filter((check) => check.status === "pass").length;
  const of = held === checks.length ? `${held}` : `${held} of ${checks.length}`;
  const cis = cisText(first.sources);
  const text = `${first.title} (${of}), ${first.severity}${cis === "" ? "" : `, ${cis}`}`;
  const indent = " ".repeat(NAME_WIDTH + ID_WIDTH);
  const name = options.paint(STYLES[status], NAMES[status].padEnd(NAME_WIDTH));
  return [
    `${name}${first.id.padEnd(ID_WIDTH)}${flow(text.split(" "), options.width - indent.length, indent)}`,
    ...OUTCOMES.flatMap((outcome) => findingLines(outcome, checks, options)),
  ];
}

/** `CIS 2.15`, `CIS 1.1.3 … 1.1.18`; nothing where the benchmark has no such section. */
function cisText(sources: readonly string[]): string {
  const numbers = sources.flatMap((source) => /^CIS Docker Benchmark \S+ (\S+)/.exec(source)?.[1] ?? []);
  const [first, last] = [numbers[0], numbers.at(-1)];
  if (first === undefined || last === undefined) return "";
  return `CIS ${numbers.length > 3 ? `${first} … ${last}` : numbers.join(", ")}`;
}

/** Things of which the same is found are told together; a command stays on one line, to be copied. */
function findingLines(outcome: Outcome, checks: readonly HostCheck[], { verbose, width }: TextOptions): string[] {
  if (outcome === "pass" && !verbose) return [];
  const found = checks.filter(({ status }) => status === outcome);
  const indent = " ".repeat(NAME_WIDTH + 2);
  const evidences = [...new Set(found.map(({ evidence }) => evidence))];
  return evidences.flatMap((evidence) => {
    const same = found.filter((check) => check.evidence === evidence);
    const targets = same.map(({ target }) => target).join(", ");
    const words = `${NAMES[outcome]} ${targets}: ${evidence}`.split(" ");
    const remedies = [...new Set(same.flatMap(({ remedy }) => remedy ?? []))];
    return [
      `${" ".repeat(NAME_WIDTH)}${flow(words, width - indent.length, indent)}`,
      ...(outcome === "fail" || verbose ? remedies.map((remedy) => `${indent}fix: ${remedy}`) : []),
    ];
  });
}

/** All that daemon.json lacks, as one command. */
function settingsLines(checks: readonly HostCheck[], { controls, file, paint }: TextOptions): string[] {
  const missing = controls.filter(
    ({ id, settings, remedy }) =>
      settings !== undefined &&
      // Another remedy: an argument of the engine's process is in the way.
      checks.some((check) => check.id === id && check.status === "fail" && check.remedy === remedy),
  );
  if (missing.length === 0) return [];
  const merged = Object.fromEntries(missing.flatMap(({ settings = {} }) => Object.entries(settings)));
  return ["", paint("bold", `What ${file} lacks, as one command:`), "", ...settingsCommand(merged, file)];
}

/** Keeps what the file says of other settings. */
export function settingsCommand(settings: Tree, file: string): string[] {
  // A rootless engine's is its user's own.
  const own = !file.startsWith("/etc/");
  const sorted = Object.fromEntries(Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1)));
  return [
    own
      ? "python3 - <<'END' && systemctl --user restart docker"
      : "sudo python3 - <<'END' && sudo systemctl restart docker",
    "import json, os",
    `path = ${JSON.stringify(file)}`,
    "os.makedirs(os.path.dirname(path), exist_ok=True)",
    "settings = json.load(open(path)) if os.path.exists(path) else {}",
    `settings.update(json.loads('${JSON.stringify(sorted)}'))`,
    "text = json.dumps(settings, indent=2) + '\\n'",
    "open(path, 'w').write(text)",
    "END",
  ];
}
