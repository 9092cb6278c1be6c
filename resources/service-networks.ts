import type { JobConfig, ServiceConfig } from "../config";
import { dockerApiNetwork } from "../hardening/container/networks";
import { egressNetwork } from "../hardening/egress/names";
import type { NetworkAttachment } from "../hardening/container/workload";

/** A job's: `internal` for what it uses there, and the way out; nobody asks anything of a job, so it has no alias. */
export const jobNetworks = ({ internal, data, cache, egress }: JobConfig): NetworkAttachment[] => [
  ...(internal || data !== "none" || cache !== false ? [{ network: "internal" as const }] : []),
  ...(egress ? [{ network: "egress" as const }] : []),
];

/** A service's networks follow from what it does: a route, data or a cache, the Docker API, the internet. */
export function serviceNetworks(name: string, config: ServiceConfig): NetworkAttachment[] {
  const aliases = [name];
  const onProxy = config.routes.length > 0;
  // A service without a route is on `internal` even if it uses no data: there the others find it.
  const onInternal = config.internal || config.data !== "none" || config.cache !== false || !onProxy;
  return [
    ...(onProxy ? [{ network: "proxy" as const, aliases }] : []),
    ...(onInternal ? [{ network: "internal" as const, aliases }] : []),
    ...(config.egress === true ? [{ network: "egress" as const }] : []),
    ...(typeof config.egress === "boolean" ? [] : [{ network: egressNetwork(name) }]),
    ...(config.dockerApi === undefined ? [] : [{ network: dockerApiNetwork(name) }]),
  ];
}
