/** What the stack's state says there is, from `pulumi stack export`. Nothing is decrypted. */
import { labelOf, LABEL_COMPONENT, LABEL_NAME } from "../../hardening/container/labels";
import { field, text } from "../shared/json";

export interface StateContainer {
  readonly id: string;
  readonly urn: string;
  readonly component: string;
  readonly name: string;
  /** Whether it has to run, as other containers than carriers and jobs do. */
  readonly runs: boolean;
}

export interface StateFacts {
  readonly containers: readonly StateContainer[];
  /** `repo:tag@sha256:…` by image id. */
  readonly images: Readonly<Record<string, string>>;
  /** Operations that an update did not end. */
  readonly pending: number;
  /** ISO 8601. */
  readonly serversEnd?: string;
  readonly authorityEnd?: string;
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as readonly unknown[]) : []);

/** @param exported the JSON of `pulumi stack export` */
export function stateFacts(exported: unknown): StateFacts {
  const deployment = field(exported, "deployment");
  const resources = list(field(deployment, "resources"));
  const ofType = (type: string): readonly unknown[] => resources.filter((one) => field(one, "type") === type);
  const database = field(field(ofType("pulumi:pulumi:Stack")[0], "outputs"), "database");
  const serversEnd = text(field(database, "certificateEnd"));
  const authorityEnd = text(field(database, "authorityEnd"));
  return {
    // What is to be deleted is there and is not wanted any more.
    containers: ofType("docker:index/container:Container")
      .filter((one) => field(one, "delete") !== true)
      .map((one) => {
        const inputs = field(one, "inputs");
        return {
          id: text(field(one, "id")) ?? "",
          urn: text(field(one, "urn")) ?? "",
          component: labelOf(inputs, LABEL_COMPONENT) ?? "",
          name: labelOf(inputs, LABEL_NAME) ?? "",
          runs: field(inputs, "mustRun") !== false,
        };
      }),
    images: Object.fromEntries(
      ofType("docker:index/remoteImage:RemoteImage").flatMap((one) => {
        const name = text(field(field(one, "inputs"), "name"));
        const id = text(field(field(one, "outputs"), "imageId"));
        return name === undefined || id === undefined ? [] : [[id, name]];
      }),
    ),
    pending: list(field(deployment, "pending_operations") ?? field(deployment, "pendingOperations")).length,
    ...(serversEnd === undefined ? {} : { serversEnd }),
    ...(authorityEnd === undefined ? {} : { authorityEnd }),
  };
}

export interface UpdateFact {
  /** `update`, `destroy`, `refresh` and so on. */
  readonly kind: string;
  readonly result: string;
  /** ISO 8601. */
  readonly at: string;
  readonly commit?: string;
}

/** The last change of the stack, from `pulumi stack history --json`; previews are none. */
export function lastUpdate(history: unknown): UpdateFact | undefined {
  const update = list(history).find((one) => field(one, "kind") !== "preview");
  if (update === undefined) return undefined;
  const commit = text(field(field(update, "environment"), "git.head"));
  return {
    kind: text(field(update, "kind")) ?? "update",
    result: text(field(update, "result")) ?? "unknown",
    at: text(field(update, "endTime")) ?? text(field(update, "startTime")) ?? "",
    ...(commit === undefined ? {} : { commit: commit.slice(0, 12) }),
  };
}
