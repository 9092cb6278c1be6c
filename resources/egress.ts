/** A service's way out to listed names. */
import type { ServiceConfig } from "../config";
import { egressNetwork, egressProxyAddress, egressTarget } from "../hardening/egress/names";
import type { Workload } from "../hardening/container/workload";
import type { StackContext } from "./context";
import { networkSubnet } from "./on-engine";

/** The address of a service's egress proxy. @throws Error where the service has no list */
export const egressAddress = (context: StackContext, service: string): string =>
  egressProxyAddress(networkSubnet(context, egressNetwork(service)));

/** Each listed name leads the service to its proxy. */
export function egressHosts(
  context: StackContext,
  service: string,
  { egress }: ServiceConfig,
): Pick<Workload, "hosts"> {
  if (typeof egress === "boolean") return {};
  const ip = egressAddress(context, service);
  const names = [...new Set(egress.map((entry) => egressTarget(entry).name))].sort();
  return { hosts: names.map((host) => ({ host, ip })) };
}
