import { printable } from "../../config/text";
import type { PinReport } from "./look";

const short = (digest: string): string => `sha256:${digest.slice(0, 12)}…`;

const MARKS: Readonly<Record<PinReport["status"], string>> = {
  current: "ok",
  newer: "newer",
  moved: "rebuilt",
  unknown: "??",
};

/** For a person: each image in a block, what changes first. @param subject whose images these are */
export function renderPins(subject: string, reports: readonly PinReport[]): string {
  const order = ["newer", "moved", "unknown", "current"] as const;
  const sorted = order.flatMap((status) => reports.filter((report) => report.status === status));
  const outdated = reports.filter(({ status }) => status === "newer" || status === "moved").length;
  const head = `${subject}: ${reports.length} pinned image${reports.length === 1 ? "" : "s"}, ${outdated} to update`;
  return `${[head, ...sorted.map(block)].join("\n")}\n`;
}

function block(report: PinReport): string {
  const { image, tag, digest, status, newTag, newDigest, why, releaseNotes, otherLine, places } = report;
  const lines = [`${MARKS[status].padEnd(8)}${image}:${tag}  ${short(digest)}`];
  const more = (text: string): number => lines.push(`${" ".repeat(8)}${text}`);
  if (newTag !== undefined && newDigest !== undefined) more(`→ ${newTag}  ${short(newDigest)}: ${why}`);
  if (status === "unknown") more(printable(why));
  if (status !== "current") more(`at ${places.join(", ")}`);
  if (releaseNotes !== undefined) more(releaseNotes);
  if (otherLine !== undefined) more(`${otherLine} is another line: move by hand, after its release notes`);
  return lines.join("\n");
}
