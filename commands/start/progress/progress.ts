/** How far an update is: events go in, a value comes out. */
import type { PullBytes } from "../../../engine/pull-progress";
import type { EngineEvent, Step } from "./event";
import { subjectOf, type Subject } from "./subject";

export interface Awaited {
  readonly subject: Subject;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

export interface Download {
  readonly what: string;
  /** Bytes. */
  readonly received: number;
  /** Bytes; 0 where nobody knows. */
  readonly total: number;
}

export interface Message {
  readonly severity: "info" | "warning" | "error";
  /** The resource's name; empty for what is nobody's. */
  readonly resource: string;
  readonly message: string;
}

export interface Progress {
  /** Milliseconds since the epoch. */
  readonly started: number;
  /** How many resources were changed. */
  readonly changed: number;
  /** How many were found as they should be. */
  readonly unchanged: number;
  /** By URN, the longest awaited first. */
  readonly awaited: ReadonlyMap<string, Awaited>;
  readonly downloads: ReadonlyMap<string, Download>;
  /** Of images, by their references; as far as the engine says. */
  readonly pulls: ReadonlyMap<string, PullBytes>;
  readonly messages: readonly Message[];
  /** Of the summary, by Pulumi's words; undefined until the update is over. */
  readonly changes: Readonly<Record<string, number>> | undefined;
}

export const begun = (now: number): Progress => ({
  started: now,
  changed: 0,
  unchanged: 0,
  awaited: new Map(),
  downloads: new Map(),
  pulls: new Map(),
  messages: [],
  changes: undefined,
});

/** The same with what the engine says of a pull. */
export const withPull = (progress: Progress, reference: string, bytes: PullBytes): Progress => ({
  ...progress,
  pulls: new Map(progress.pulls).set(reference, bytes),
});

/** A line that stays on the screen. */
export interface Line {
  readonly tone: "good" | "bad" | "note";
  readonly text: string;
}

/** What comes of an event: how far the update is, and the lines that stay on the screen because of it. */
export interface Advance {
  readonly progress: Progress;
  readonly lines: readonly Line[];
}

export function advance(progress: Progress, event: EngineEvent, now: number): Advance {
  switch (event.kind) {
    case "begin":
      return { progress: isWork(event.step) ? begin(progress, event.step, now) : progress, lines: [] };
    case "end":
      return end(progress, event.step, now);
    case "failed":
      return {
        progress: without(progress, event.step),
        lines: [{ tone: "bad", text: `${subjectOf(event.step).name} failed` }],
      };
    case "message":
      return message(progress, event);
    case "download": {
      const downloads = new Map(progress.downloads);
      if (event.done) downloads.delete(event.id);
      else downloads.set(event.id, { what: event.what, received: event.received, total: event.total });
      return { progress: { ...progress, downloads }, lines: [] };
    }
    case "summary":
      return { progress: { ...progress, changes: event.changes }, lines: [] };
    default: {
      const unknown: never = event;
      throw new Error(`not an event: ${JSON.stringify(unknown)}`);
    }
  }
}

/**
 * Components and what is found as it should be take no time of their own; a replacement is counted by its two halves.
 */
const isWork = ({ custom, op }: Step): boolean => custom && op !== "same" && op !== "replace";

function begin(progress: Progress, step: Step, now: number): Progress {
  const awaited = new Map(progress.awaited);
  if (!awaited.has(step.urn)) awaited.set(step.urn, { subject: subjectOf(step), since: now });
  return { ...progress, awaited };
}

function without(progress: Progress, { urn }: Step): Progress {
  const awaited = new Map(progress.awaited);
  awaited.delete(urn);
  return { ...progress, awaited };
}

function end(progress: Progress, step: Step, now: number): Advance {
  if (!step.custom) return { progress, lines: [] };
  if (step.op === "same") return { progress: { ...progress, unchanged: progress.unchanged + 1 }, lines: [] };
  if (!isWork(step)) return { progress, lines: [] };
  const one = progress.awaited.get(step.urn);
  const next = { ...without(progress, step), changed: progress.changed + 1 };
  if (one === undefined) return { progress: next, lines: [] };
  const { name, reached, notableSeconds } = one.subject;
  const took = now - one.since;
  if (notableSeconds === undefined || took < notableSeconds * 1000) return { progress: next, lines: [] };
  return {
    progress: next,
    lines: [{ tone: "good", text: `${name} ${reached}${took < 1000 ? "" : ` (${seconds(took)})`}` }],
  };
}

function message(progress: Progress, event: Extract<EngineEvent, { kind: "message" }>): Advance {
  const resource = event.urn.split("::").at(-1) ?? "";
  const one: Message = {
    severity: event.severity,
    resource: /::pulumi:pulumi:Stack::/.test(event.urn) ? "" : resource,
    message: event.message,
  };
  // What Rampart's own program has done besides is news; warnings and errors come whole, at the end.
  const lines: Line[] = event.severity === "info" ? [{ tone: "note", text: event.message }] : [];
  return { progress: { ...progress, messages: [...progress.messages, one] }, lines };
}

/** `7 s`, `2 min 5 s`. */
export function seconds(milliseconds: number): string {
  const whole = Math.round(milliseconds / 1000);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
