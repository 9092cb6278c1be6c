/** Which secrets a container is given, by the stack's state. Pure. */
import { LABEL_COMPONENT } from "../../../hardening/container/labels";
import { SECRETS_PATH } from "../../../hardening/container/workload";
import { leaf, tree } from "../../../hardening/tree";
import type { StackState, StateResource } from "../../state";
import type { Secret } from "./search";

const CONTAINER = "docker:index/container:Container";
const PASSWORD = "random:index/randomPassword:RandomPassword";

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);

const volumesOf = ({ inputs }: StateResource): string[] =>
  list(inputs["volumes"]).map((volume) => leaf(tree(volume)["volumeName"]));

const isCarrier = ({ inputs }: StateResource): boolean =>
  list(inputs["labels"])
    .map(tree)
    .some(({ label, value }) => label === LABEL_COMPONENT && value === "carrier");

/**
 * What the carriers put into the volumes that each container is declared to mount, by the container's id. A container
 * that the state does not know has none.
 */
export function ownSecrets({ resources, holders }: StackState): ReadonlyMap<string, readonly string[]> {
  const containers = resources.filter(({ type }) => type === CONTAINER);
  const byVolume = new Map<string, readonly string[]>();
  for (const carrier of containers.filter(isCarrier))
    for (const volume of volumesOf(carrier))
      byVolume.set(volume, [...(byVolume.get(volume) ?? []), ...(holders[carrier.name] ?? [])]);
  return new Map(
    containers.map((one) => [one.id, volumesOf(one).flatMap((volume) => byVolume.get(volume) ?? [])] as const),
  );
}

/** Containers that are declared to find secrets as files, by their ids. */
export const findsSecrets = ({ resources }: StackState): ReadonlySet<string> =>
  new Set(
    resources
      .filter(({ type }) => type === CONTAINER)
      .filter(({ inputs }) => list(inputs["volumes"]).some((one) => tree(one)["containerPath"] === SECRETS_PATH))
      .map(({ id }) => id),
  );

/** Every secret of the state with a name for a person: a generated password's own, else that of whoever holds it. */
export function namedSecrets({ resources, holders, secrets }: StackState): Secret[] {
  const generated = new Set(resources.filter(({ type }) => type === PASSWORD).map(({ name }) => name));
  const holdersOf = (value: string): string[] =>
    Object.entries(holders).flatMap(([name, held]) => (held.includes(value) ? [name] : []));
  return secrets.map((value) => {
    const names = holdersOf(value);
    return { value, name: names.find((name) => generated.has(name)) ?? names[0] ?? "a secret" };
  });
}
