/** The lines that a person sees of an update. */
import type { PullBytes } from "../../../engine/pull-progress";
import { seconds, type Message, type Progress } from "./progress";

/** Rows of what is awaited: more than a person follows at a time. */
const MOST_ROWS = 6;

/** What is redrawn on a terminal, one line an element. @param width in columns: no line is longer */
export function liveLines(progress: Progress, now: number, width: number): string[] {
  const rows = [...awaitedRows(progress, now), ...downloadRows(progress)];
  const shown = rows.slice(0, MOST_ROWS);
  const wide = Math.max(0, ...shown.map(([name]) => name.length));
  const lines = shown.map(([name, rest]) => `      ${name.padEnd(Math.min(wide, 44))}  ${rest}`);
  const more = rows.length - shown.length;
  return [
    `  ${counts(progress)}, ${seconds(now - progress.started)}`,
    ...lines,
    ...(more > 0 ? [`      and ${more} more`] : []),
  ].map((line) => (line.length > width ? `${line.slice(0, width - 1)}…` : line));
}

/** The line for CI after a while without news: what has been awaited for longest. Undefined where nothing is. */
export function waitingLine(progress: Progress, now: number): string | undefined {
  const [first, ...others] = [...awaitedRows(progress, now), ...downloadRows(progress)];
  if (first === undefined) return undefined;
  const more = others.length === 0 ? "" : `, and ${others.length} more`;
  return `${first.join(": ")}${more}`;
}

function counts({ changed, unchanged }: Progress): string {
  if (changed + unchanged === 0) return "getting ready";
  return `${changed} done${unchanged === 0 ? "" : `, ${unchanged} as they should be`}`;
}

/** The longest awaited first: a Map keeps the order in which its keys came. */
const awaitedRows = ({ awaited, pulls }: Progress, now: number): [string, string][] =>
  [...awaited.values()].map(({ subject, since }) => {
    const bytes = subject.image === undefined ? undefined : pulls.get(subject.image);
    const far = bytes === undefined ? [] : [amount(bytes)];
    return [subject.name, [subject.awaited, ...far, seconds(now - since)].join(", ")];
  });

const downloadRows = ({ downloads }: Progress): [string, string][] =>
  [...downloads.values()].map((download) => [download.what, amount(download)]);

const amount = ({ received, total }: PullBytes): string =>
  total > 0 ? `${megabytes(received)} of ${megabytes(total)} MB` : `${megabytes(received)} MB`;

/** Bytes as megabytes, with a decimal where there are few. */
export const megabytes = (bytes: number): string =>
  bytes < 1e7 ? (bytes / 1e6).toFixed(1) : String(Math.round(bytes / 1e6));

/** What the engine and the provider say once more, in words that help nobody, of a failure that has been told. */
function isEcho({ message, severity, resource }: Message, messages: readonly Message[], index: number): boolean {
  const others = messages.filter((one, other) => other !== index && one.severity === severity);
  if (/^(?:error: )?update failed$/.test(message)) return others.length > 0;
  return /^\s*sdk-v2\/provider2\.go:\d+: /.test(message) && others.some((one) => one.resource === resource);
}

/** All messages of a run, whole: errors last, to be seen. A message that the CLI repeats appears once. */
export function messageLines(messages: readonly Message[]): string[] {
  const worth = messages.filter((one, index) => one.severity !== "info" && !isEcho(one, messages, index));
  const order = ["warning", "error"] as const;
  const lines = order.flatMap((severity) =>
    worth
      .filter((one) => one.severity === severity)
      .map(
        ({ resource, message }) =>
          `${severity}: ${resource === "" ? "" : `${resource}: `}${message.replace(/^(?:error|warning): /, "")}`,
      ),
  );
  return [...new Set(lines)];
}

const WORDS: Readonly<Record<string, string>> = {
  create: "created",
  update: "updated",
  replace: "replaced",
  delete: "deleted",
  same: "unchanged",
};

/** `105 created, 3 unchanged`; undefined where the update was not summed up. */
export function summaryLine({ changes }: Progress): string | undefined {
  if (changes === undefined) return undefined;
  const parts = Object.entries(WORDS).flatMap(([op, word]) =>
    (changes[op] ?? 0) > 0 ? [`${changes[op]} ${word}`] : [],
  );
  return parts.length === 0 ? "nothing to do" : parts.join(", ");
}
