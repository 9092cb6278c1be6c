/**
 * Allow-lists that were recorded from programs at work: pure functions. What is not recorded, and not in the margin,
 * is denied. How each was recorded is in README.md beside this file.
 */

import { RECORDED_KINDS } from "../../container/workload";
import type { SeccompKind } from "./denied";
import { withMargin } from "./margin";
import recordings from "./recordings.json";

/** The programs that a recording exists for. */
export type RecordedKind = (typeof RECORDED_KINDS)[number];

/** At most this many calls: half of the 361 that the engine's default allows whatever the conditions. */
export const MOST_CALLS = 180;

export const isRecordedKind = (kind: SeccompKind | RecordedKind): kind is RecordedKind =>
  RECORDED_KINDS.some((recorded) => recorded === kind);

/** Which kind's rules the recorded calls keep: address families, flags of clone, personalities. */
export const baseOf = (kind: RecordedKind): SeccompKind => (kind === "build" ? "worker" : "api");

/** What the profile of a program allows, as far as its base does. */
export const allowedCalls = (kind: RecordedKind): ReadonlySet<string> => new Set(withMargin(recordings[kind]));
