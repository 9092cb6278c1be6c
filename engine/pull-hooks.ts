import * as pulumi from "@pulumi/pulumi";
import type { DockerClient } from "./docker";
import { hooksSupported } from "./hooks";
import { missingLogins, pullFailure, type RegistryUsers } from "./registries";
import { roomHook, type Room } from "./room-hooks";

export interface PullSettings {
  readonly users: RegistryUsers;
  /** What has to be free on the engine's disk before. @default nothing is asked */
  readonly room?: Room;
}

/**
 * What is bound to every image of a stack: there has to be room for one that is pulled, and a pull that failed is
 * explained. Under Pulumi's mocks there are no hooks.
 * @throws pulumi.RunError where a registry wants a `docker login` that is not there
 */
export function pullHooks(
  name: string,
  engine: DockerClient,
  { users, room }: PullSettings,
): pulumi.ResourceHookBinding {
  if (!hooksSupported()) return {};
  // The provider would say only that it cannot open a file, or nothing at all.
  const faults = missingLogins(users);
  if (faults.length > 0) throw new pulumi.RunError(faults.join("\n"));
  const before = room === undefined || room.minFreeGiB === 0 ? {} : { beforeCreate: [roomHook(name, engine, room)] };
  return {
    ...before,
    onError: [new pulumi.ErrorHook(`${name}-pull-failed`, (args) => explain(users, engine.host, args))],
  };
}

async function explain(users: RegistryUsers, host: string, args: pulumi.ErrorHookArgs): Promise<boolean> {
  const reference: unknown = (args.newInputs as Readonly<Record<string, unknown>> | undefined)?.["name"];
  if (typeof reference !== "string") return false;
  const explained = pullFailure({ reference, errors: args.errors, users, host });
  if (explained !== undefined) await pulumi.log.error(explained);
  return false;
}
