import * as pulumi from "@pulumi/pulumi";
import type { DockerClient } from "./docker";
import { hooksSupported } from "./hooks";
import { missingLogins, pullFailure, type RegistryUsers } from "./registries";

/**
 * What is bound to every image of a stack: a pull that failed is explained. Under Pulumi's mocks there are no hooks.
 * @throws pulumi.RunError where a registry wants a `docker login` that is not there
 */
export function pullHooks(name: string, users: RegistryUsers, engine: DockerClient): pulumi.ResourceHookBinding {
  if (!hooksSupported()) return {};
  // The provider would say only that it cannot open a file, or nothing at all.
  const faults = missingLogins(users);
  if (faults.length > 0) throw new pulumi.RunError(faults.join("\n"));
  return { onError: [new pulumi.ErrorHook(`${name}-pull-failed`, (args) => explain(users, engine.host, args))] };
}

async function explain(users: RegistryUsers, host: string, args: pulumi.ErrorHookArgs): Promise<boolean> {
  const reference: unknown = (args.newInputs as Readonly<Record<string, unknown>> | undefined)?.["name"];
  if (typeof reference !== "string") return false;
  const explained = pullFailure({ reference, errors: args.errors, users, host });
  if (explained !== undefined) await pulumi.log.error(explained);
  return false;
}
