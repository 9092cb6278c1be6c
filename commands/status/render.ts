import { sizeText } from "../../hardening/disk/free-space";
import type { Printer } from "../shared/output";
import type { CertificateFact } from "./certificates";
import { outcomeText, type JobFact } from "./jobs";
import type { Taken } from "./space";
import type { ContainerLine, RouteLine, StatusReport } from "./report";

type Paint = Printer["paint"];
type Row = readonly string[];

const SECOND = 1000;
const UNITS = [
  ["d", 86_400 * SECOND],
  ["h", 3_600 * SECOND],
  ["min", 60 * SECOND],
  ["s", SECOND],
] as const;

/** `3 d`, `40 min`; an empty text where there is no time. */
export function age(since: string | undefined, now: string): string {
  const passed = Date.parse(now) - Date.parse(since ?? "");
  if (Number.isNaN(passed)) return "";
  const [unit, size] = UNITS.find(([, each]) => passed >= each) ?? UNITS[3];
  return `${Math.max(0, Math.floor(passed / size))} ${unit}`;
}

/** `app:1.2.3@0123456789ab`, without the registry; cut where it is longer than the width takes. */
export function shortImage(reference: string, width: number): string {
  const short = (reference.split("/").at(-1) ?? reference).replace(/@?sha256:([0-9a-f]{12})[0-9a-f]*$/, (_, digest) =>
    reference.startsWith("sha256:") ? String(digest) : `@${String(digest)}`,
  );
  if (short.length <= width) return short;
  const digest = /@[0-9a-f]{12}$/.exec(short)?.[0] ?? "";
  return `${short.slice(0, width - digest.length - 1)}…${digest}`;
}

/** Columns as wide as their widest cell; the last one is not padded. */
function columns(rows: readonly Row[]): string[] {
  const widths = (rows[0] ?? []).map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)));
  const padded = (row: readonly string[]): string[] =>
    row.map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0)));
  return rows.map((row) => `  ${padded(row).join("  ")}`.trimEnd());
}

const stateText = ({ state, health, exitCode, outOfMemory }: ContainerLine): string =>
  [
    state === "running" ? (health ?? "running") : state === "exited" ? `exited (${exitCode ?? "?"})` : state,
    ...(outOfMemory ? ["OOM"] : []),
  ].join(", ");

const NAME_WIDTH = 26;
const cut = (text: string, width: number): string => (text.length > width ? `${text.slice(0, width - 1)}…` : text);

function containerLines({ containers, at, problems }: StatusReport, paint: Paint, width: number): string[] {
  const rows = containers.map((one): Row => [
    cut(one.name, NAME_WIDTH),
    stateText(one),
    age(one.since, at),
    one.restarts === 0 ? "" : String(one.restarts),
    one.version ?? "",
  ]);
  const head: Row = ["container", "state", "since", "restarts", "version"];
  const [first = "", ...lines] = columns([head, ...rows].map((row) => [...row, ""]));
  const bare = Math.max(first.length, ...lines.map((line) => line.length)) + 2;
  const room = Math.max(20, width - bare);
  const full = lines.map((line, index) => {
    const container = containers[index];
    const text = `${line.padEnd(bare)}${shortImage(container?.image ?? "", room)}`;
    const wrong = problems.some(({ subject }) => subject === container?.name);
    return wrong ? paint("red", text) : text;
  });
  return [paint("dim", `${first.padEnd(bare)}image`), ...full];
}

function routeLines(routes: readonly RouteLine[], width: number): string[] {
  if (routes.length === 0) return [];
  const rows = routes.map((one): Row => [
    cut(one.route, NAME_WIDTH),
    String(one.inFlight),
    String(one.requests),
    String(one.failed),
    `${one.servers.join(", ") || "none"}${one.canary === undefined ? "" : ` (canary ${one.canary.share} %)`}`,
  ]);
  return ["", ...columns([["route", "now", "served", "5xx", "leads to"], ...rows]).map((line) => cut(line, width))];
}

function jobLines(jobs: readonly JobFact[], at: string, width: number): string[] {
  if (jobs.length === 0) return [];
  const ago = (time: string | undefined): string => (time === undefined ? "never" : `${age(time, at)} ago`);
  const rows = jobs.map((job): Row => [
    cut(job.name, NAME_WIDTH),
    job.running ? `runs since ${age(job.since, at)}` : outcomeText(job),
    ago(job.last?.ended),
    ago(job.succeeded),
    job.next === undefined ? "" : `${job.next.slice(0, 16).replace("T", " ")} UTC`,
  ]);
  return ["", ...columns([["job", "state", "ended", "succeeded", "next"], ...rows]).map((line) => cut(line, width))];
}

const ends = ({ of, end, note }: CertificateFact): string =>
  `${of} ${end === undefined ? (note ?? "unknown") : `until ${end.slice(0, 10)}`}`;

const takenText = ({ images, logs, unbounded }: Taken): string =>
  `images ${sizeText(images)}, logs at most ${sizeText(logs)}` +
  (unbounded.length === 0 ? "" : ` and without a bound of ${unbounded.join(", ")}`);

function facts(report: StatusReport): Row[] {
  const { certificates, backups, disk, lastUpdate, at } = report;
  const free = report.free === undefined ? [] : [`${sizeText(report.free)} free`];
  const ago = (time: string): string => `${time} (${age(time, at)} ago)`;
  return [
    ...(lastUpdate === undefined
      ? []
      : [
          [
            "last update",
            `${lastUpdate.kind} ${lastUpdate.result}, ` +
              `${ago(lastUpdate.at)}${lastUpdate.commit === undefined ? "" : `, commit ${lastUpdate.commit}`}`,
          ],
        ]),
    ...certificates.map((one, index) => [index === 0 ? "certificates" : "", ends(one)]),
    ...(backups === undefined
      ? []
      : [
          [
            "last backup",
            backups.last === undefined ? "none yet" : `${ago(backups.last.at)}, ${backups.last.snapshot.slice(0, 8)}`,
          ],
          [
            "last drill",
            backups.drill === undefined
              ? "none yet"
              : `${ago(backups.drill.at)}, ${backups.drill.ok ? "passed" : "FAILED"}`,
          ],
        ]),
    ["this stack", takenText(report.taken)],
    ...(disk.length === 0
      ? []
      : [["engine's disk", [...free, ...disk.map(({ what, size }) => `${what.toLowerCase()} ${size}`)].join(", ")]]),
  ];
}

/** The report for a person, in lines of at most the width. */
export function renderStatus(report: StatusReport, { width, paint }: Pick<Printer, "width" | "paint">): string {
  const { stack, engine, problems, notes } = report;
  return [
    paint("bold", `stack ${stack} on ${engine}`),
    ...containerLines(report, paint, width),
    ...routeLines(report.routes, width),
    ...jobLines(report.jobs ?? [], report.at, width),
    "",
    ...columns(facts(report)).map((line) => cut(line, width)),
    ...notes.map((note) => `  ${note}`),
    "",
    ...(problems.length === 0
      ? [paint("green", "Nothing is wrong.")]
      : [
          paint("red", problems.length === 1 ? "One thing is wrong:" : `${problems.length} things are wrong:`),
          ...problems.map(({ subject, message }) => `  ${subject}: ${message}`),
        ]),
  ].join("\n");
}
