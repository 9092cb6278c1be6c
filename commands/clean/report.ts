/** What `rampart clean` shows. */
import { sizeText } from "../../hardening/disk/free-space";
import type { Verdict } from "./select";

export interface CleanReport {
  readonly stack: string;
  readonly engine: string;
  /** Bytes; absent where nobody could tell. */
  readonly free?: number;
  readonly images: readonly Verdict[];
  /** Notes of what was not read, or not asked. */
  readonly notes: readonly string[];
  /** What the build cache could give back, in Docker's words; only where it was asked for. */
  readonly buildCache?: string;
}

export const going = ({ images }: CleanReport): readonly Verdict[] => images.filter(({ goes }) => goes);

/** Layers that images share are counted for each, so this is the most that becomes free. */
export const mostBytes = (verdicts: readonly Verdict[]): number => verdicts.reduce((sum, { bytes }) => sum + bytes, 0);

const short = (reference: string): string => reference.replace(/(sha256:[0-9a-f]{12})[0-9a-f]+$/, "$1");

/** For a person. */
export function renderClean(report: CleanReport): string {
  const { stack, engine, free, images, notes, buildCache } = report;
  const goes = going(report);
  const stay = images.filter((one) => !one.goes);
  const line = ({ bytes, reference, why }: Verdict): string =>
    `  ${sizeText(bytes).padStart(9)}  ${short(reference)}  ${why}`;
  return [
    `stack ${stack} on ${engine}${free === undefined ? "" : `, ${sizeText(free)} free`}`,
    ...(goes.length === 0
      ? ["No image can go."]
      : [`${counted(goes.length)} can go, ${sizeText(mostBytes(goes))} at most:`, ...goes.map(line)]),
    ...(stay.length === 0
      ? []
      : [`${counted(stay.length)} ${stay.length === 1 ? "stays" : "stay"}:`, ...stay.map(line)]),
    ...(buildCache === undefined ? [] : [`The engine's build cache could give back ${buildCache}.`]),
    ...notes,
  ].join("\n");
}

export const counted = (count: number): string => (count === 1 ? "One image" : `${count} images`);
