import { monitoringOf, type LoadedConfig } from "../config";
import type { Engine } from "../engine/engine";
import type { NetworkAttachment } from "../hardening/container/workload";
import { monitoringAddress, type MonitoringPart } from "../hardening/monitoring/parts";
import { networkSubnet } from "./on-engine";

/** The network on which a part of the stack is measured; none where the stack is not monitored. */
export function measured(
  context: { readonly config: LoadedConfig; readonly engine: Engine },
  part: MonitoringPart,
): NetworkAttachment[] {
  if (monitoringOf(context.config) === undefined) return [];
  return [{ network: "monitoring", ipv4Address: monitoringAddress(networkSubnet(context, "monitoring"), part) }];
}
