import { tree } from "../tree";
import type { AcceptedException, ComponentKind, Workload } from "./workload";

export const LABEL_STACK = "io.rampart.stack";
export const LABEL_COMPONENT = "io.rampart.component";
export const LABEL_NAME = "io.rampart.name";
/**
 * The PIDs limit that the container must run with: the provider has no argument for it, so a hook reads it from here.
 */
export const LABEL_PIDS = "io.rampart.pids-limit";
/**
 * `true` on a container that a Rampart command made for its own time:
 * no state has it, and it is no leftover of a state.
 */
export const LABEL_EPHEMERAL = "io.rampart.ephemeral";
/** A prefix: `io.rampart.accepted.<rule>` holds the reason why that rule is not held. */
export const LABEL_ACCEPTED = "io.rampart.accepted.";
/** On the carrier of a server's certificate: when it ends, in ISO 8601. */
export const LABEL_CERTIFICATE_END = "io.rampart.certificate-end";

export interface LabelContext {
  readonly stack: string;
}

export interface Label {
  readonly label: string;
  readonly value: string;
}

/** The labels that every container, network and volume carries. */
export function ownerLabels(
  context: LabelContext,
  component: ComponentKind | "network" | "volume",
  name: string,
): Label[] {
  return [
    { label: LABEL_COMPONENT, value: component },
    { label: LABEL_NAME, value: name },
    { label: LABEL_STACK, value: context.stack },
  ];
}

/** The labels of a container: whose it is, its PIDs limit, and what it declares not to hold. */
export function labels(
  workload: Pick<Workload, "component" | "name" | "resources" | "accepted">,
  context: LabelContext,
): Label[] {
  return [
    ...workload.accepted.map((exception: AcceptedException) => ({
      label: `${LABEL_ACCEPTED}${exception.rule}`,
      value: exception.reason,
    })),
    ...ownerLabels(context, workload.component, workload.name),
    { label: LABEL_PIDS, value: String(workload.resources.pids) },
  ].sort((a, b) => (a.label < b.label ? -1 : 1));
}

/**
 * The value of a label among a Docker resource's inputs;
 * undefined where there is none, or a value that is not known yet.
 */
export function labelOf(inputs: unknown, name: string): string | undefined {
  const labels = tree(inputs)["labels"];
  if (!Array.isArray(labels)) return undefined;
  const { value } = tree(labels.find((one: unknown) => tree(one)["label"] === name));
  return typeof value === "string" ? value : undefined;
}
