import type * as pulumi from "@pulumi/pulumi";
import { canaryHealthPath, type ServiceConfig } from "../config";
import { defined } from "../hardening/defined";
import type { Canary } from "../hardening/gateway";

/** What the gateway has to know of a canary whose name is known only while the program runs. */
export type RoutedCanary = Omit<Canary, "alias"> & { readonly alias: pulumi.Output<string> };

export function routedCanary(
  service: ServiceConfig,
  alias: pulumi.Output<string> | undefined,
): RoutedCanary | undefined {
  const { canary, healthCheck } = service;
  if (canary === undefined || alias === undefined) return undefined;
  const { weight, replicas } = canary;
  const healthPath = canaryHealthPath(service);
  return { alias, weight, replicas, healthTimeoutSeconds: healthCheck.timeoutSeconds, ...defined({ healthPath }) };
}
