/** What Pulumi's engine reports of an update, as far as a person wants to know. */
import { field, parseJson, text } from "../../shared/json";

/** A resource in the middle of an operation. */
export interface Step {
  readonly urn: string;
  readonly type: string;
  /** Pulumi's word: create, update, replace, create-replacement, delete-replaced, delete, same … */
  readonly op: string;
  /** Of the resource as it is to be; of the old one where it goes. */
  readonly inputs: unknown;
  /** Whether something outside of Pulumi is made: not a component. */
  readonly custom: boolean;
}

export type EngineEvent =
  | { readonly kind: "begin" | "end" | "failed"; readonly step: Step }
  | {
      readonly kind: "message";
      readonly severity: "info" | "warning" | "error";
      readonly urn: string;
      readonly message: string;
    }
  | {
      readonly kind: "download";
      readonly id: string;
      readonly what: string;
      readonly received: number;
      readonly total: number;
      readonly done: boolean;
    }
  | { readonly kind: "summary"; readonly changes: Readonly<Record<string, number>> };

const STEPS = { resourcePreEvent: "begin", resOutputsEvent: "end", resOpFailedEvent: "failed" } as const;

/** One line of the event log; undefined for what nobody wants to know. */
export function parseEvent(line: string): EngineEvent | undefined {
  const event = parseJson(line);
  for (const [key, kind] of Object.entries(STEPS)) {
    const step = stepOf(field(field(event, key), "metadata"));
    if (step !== undefined) return { kind, step };
  }
  return (
    messageOf(field(event, "diagnosticEvent")) ??
    downloadOf(field(event, "progressEvent")) ??
    summaryOf(field(event, "summaryEvent"))
  );
}

function stepOf(metadata: unknown): Step | undefined {
  const [urn, type, op] = [text(field(metadata, "urn")), text(field(metadata, "type")), text(field(metadata, "op"))];
  if (urn === undefined || type === undefined || op === undefined) return undefined;
  const state = field(metadata, "new") ?? field(metadata, "old");
  return { urn, type, op, inputs: field(state, "inputs"), custom: field(state, "custom") === true };
}

function messageOf(event: unknown): EngineEvent | undefined {
  const [severity, message] = [text(field(event, "severity")), text(field(event, "message"))];
  if (message === undefined || field(event, "ephemeral") === true) return undefined;
  if (severity !== "info" && severity !== "warning" && severity !== "error") return undefined;
  const plain = message.replace(/<\{%[^%]*%\}>/g, "").trimEnd();
  return plain === "" ? undefined : { kind: "message", severity, urn: text(field(event, "urn")) ?? "", message: plain };
}

function downloadOf(event: unknown): EngineEvent | undefined {
  const id = text(field(event, "id"));
  if (id === undefined) return undefined;
  const figure = (key: string): number => Number(field(event, key) ?? 0);
  return {
    kind: "download",
    id,
    what: text(field(event, "message")) ?? id,
    received: figure("received"),
    total: figure("total"),
    done: field(event, "done") === true,
  };
}

function summaryOf(event: unknown): EngineEvent | undefined {
  const changes = field(event, "resourceChanges");
  if (typeof changes !== "object" || changes === null) return undefined;
  return { kind: "summary", changes: changes as Readonly<Record<string, number>> };
}
