import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { HEALTHY_CONTAINER_KEEPER, HEALTHY_NAME_KEEPER } from "../engine/keepers";
import { renderContainer, type ContainerBindings } from "../hardening/container/render";
import type { Workload } from "../hardening/container/workload";
import type { StackContext } from "./context";
import { defined } from "../hardening/defined";

/** Where a workload runs: the names that are known only while the program runs, and its place among the resources. */
export interface ContainerOptions extends Omit<ContainerBindings, "imageId" | "stack"> {
  readonly parent: pulumi.Resource;
  readonly dependsOn?: pulumi.Input<pulumi.Input<pulumi.Resource>[]>;
  /**
   * "replace": the new container is healthy before the old one stops. "exclusive": the old one stops first, because
   * both cannot hold the same data or port. "carrier" and "job" are created and not started.
   */
  readonly lifecycle: "replace" | "exclusive" | "job";
}

// The provider takes a change of the last three in place and never applies it; "#initerror" marks a container that was
// created and could not be started, which would otherwise count as unchanged.
const REPLACE_ON_CHANGES = ["#initerror", "healthcheck", "init", "tmpfs"];

export interface CreatedContainer {
  readonly container: docker.Container;
  /** What depends on a container that is healthy: its receipt. A job's container only has to be there. */
  readonly running: pulumi.Input<pulumi.Resource>;
}

/**
 * Creates the container of a workload, and the receipt that it became healthy: every container of a stack that runs is
 * made here, and hardened alike.
 */
export function createContainer(
  context: StackContext,
  name: string,
  workload: Workload,
  { parent, dependsOn, lifecycle, ...bindings }: ContainerOptions,
): CreatedContainer {
  const imageId = context.images.id(workload.image);
  const args = renderContainer(workload, { ...bindings, imageId, stack: context.config.stack });
  const start = lifecycle === "job" ? { start: false, mustRun: false } : {};
  const container = new docker.Container(
    name,
    { ...args, ...start },
    {
      parent,
      deleteBeforeReplace: lifecycle === "exclusive",
      replaceOnChanges: REPLACE_ON_CHANGES,
      hooks: context.hooks.container,
      ...defined({ dependsOn }),
    },
  );
  if (lifecycle === "job") return { container, running: container };
  const { startTimeoutSeconds, healthCheck } = workload;
  const settings = { startTimeoutSeconds, ...defined({ healthCheck }) };
  const kept = context.hooks.keepRunning(container, settings);
  if (healthCheck === undefined) return { container, running: kept };
  const healthy = new random.RandomId(
    `${name}-healthy`,
    { byteLength: 4, keepers: { [HEALTHY_CONTAINER_KEEPER]: container.id, [HEALTHY_NAME_KEEPER]: workload.name } },
    { parent, dependsOn: [kept], hooks: context.hooks.healthy({ name, ...settings }) },
  );
  return { container, running: healthy };
}
