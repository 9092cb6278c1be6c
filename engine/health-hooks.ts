import * as pulumi from "@pulumi/pulumi";
import { describeFailure } from "./containers";
import type { DockerClient } from "./docker";
import { becomesHealthy, type HealthSettings } from "./health";
import { HEALTHY_CONTAINER_KEEPER, keeper } from "./keepers";

export interface HealthHookSettings extends HealthSettings {
  /** The container's resource name. */
  readonly name: string;
}

/**
 * The hook of a receipt that a container became healthy. One that did not leaves no receipt: the next `up` asks
 * again.
 */
export function healthHook(engine: DockerClient, settings: HealthHookSettings): pulumi.ResourceHookBinding {
  const prove = (args: pulumi.ResourceHookArgs): Promise<void> =>
    proveHealth(engine, settings, keeper(args.newInputs, HEALTHY_CONTAINER_KEEPER));
  return { beforeCreate: [new pulumi.ResourceHook(`${settings.name}-healthy`, prove)] };
}

async function proveHealth(
  engine: DockerClient,
  { name, ...settings }: HealthHookSettings,
  id: string | undefined,
): Promise<void> {
  if (id === undefined) throw new Error(`${name}: its container is not known`);
  const health = await becomesHealthy(engine, id, settings);
  if (health.healthy) return;
  const failure = await describeFailure(engine, id, health.probe);
  if (failure === undefined) return;
  // Off the network's DNS, where it would stand beside the version that serves.
  await engine.ask(["stop", "--time", String(STOP_SECONDS), id]);
  throw new Error(`${name} did not become healthy: ${failure}`);
}

const STOP_SECONDS = 5;
