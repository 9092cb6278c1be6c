import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
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
// created and never got healthy, which would otherwise count as unchanged.
const REPLACE_ON_CHANGES = ["#initerror", "healthcheck", "init", "tmpfs"];

export interface CreatedContainer {
  readonly container: docker.Container;
  /** What depends on a container that runs; a job's only has to be there. */
  readonly running: pulumi.Input<pulumi.Resource>;
}

/** Creates the container of a workload: every container of a stack that runs is made here, and hardened alike. */
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
  return {
    container,
    running: lifecycle === "job" ? container : context.hooks.keepRunning(container, workload),
  };
}
