import type { RecordedKind } from "../../hardening/confinement/seccomp";
import type { Comparison, Recording } from "../../hardening/confinement/seccomp/trace";

interface Fit extends Comparison {
  readonly kind: RecordedKind;
}

/** A recording for a person: the calls, and how each recorded profile suits them, the tightest first. */
export function recordText(recording: Recording, fits: readonly Fit[]): string {
  const suitable = fits
    .filter(({ missing }) => missing.length === 0)
    .sort((a, b) => a.unused.length - b.unused.length || (a.kind < b.kind ? -1 : 1));
  const [best] = suitable;
  return [
    `${recording.calls.length} system calls in ${recording.lines} lines: ${recording.calls.join(" ")}`,
    "",
    ...fits.map(({ kind, missing, unused }) =>
      missing.length === 0
        ? `${kind}: allows all of them, and ${unused.length} more`
        : `${kind}: denies ${missing.join(" ")}`,
    ),
    "",
    best === undefined
      ? "No recorded profile fits. Use one that denies less: `confinement: { seccomp: api }`."
      : `The tightest that fits: \`confinement: { seccomp: ${best.kind} }\`. Try it in complain mode first.`,
  ].join("\n");
}
