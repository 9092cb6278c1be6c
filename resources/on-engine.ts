/**
 * What a configuration comes to on one engine: local or remote decides how Postgres is reached and who owns the socket.
 */
import { statSync } from "node:fs";
import {
  acmeOf,
  backsUpElsewhere,
  dataUsers,
  keepsLogs,
  monitoringOf,
  sendsAlerts,
  sendsLogs,
  sinkOf,
  usesDatabase,
  type LoadedConfig,
} from "../config";
import { isLocalLinux, type Engine } from "../engine/engine";
import { planNetworks, type NetworkPlan } from "../hardening/container/networks";
import type { NetworkName } from "../hardening/container/workload";
import { defined } from "../hardening/defined";
import { LOG_COLLECTOR } from "../hardening/logging/parts";

/** How the provider reaches Postgres: by its address where the engine is local, else through the forwarder. */
export type DatabaseAccess = "direct" | "forwarder";

export function databaseAccess(config: LoadedConfig, engine: Engine): DatabaseAccess {
  return config.database.access ?? (isLocalLinux(engine) ? "direct" : "forwarder");
}

/** The subnet of one of the stack's networks. @throws Error where the stack has no such network */
export function networkSubnet(
  { config, engine }: { readonly config: LoadedConfig; readonly engine: Engine },
  name: NetworkName,
): string {
  const found = networkPlan(config, engine).find((network) => network.name === name);
  if (found === undefined) throw new Error(`the stack has no network ${name}`);
  return found.subnet;
}

export function networkPlan(config: LoadedConfig, engine: Engine): NetworkPlan[] {
  const services = Object.entries(config.services);
  return planNetworks({
    stackName: config.name,
    ...defined({ pool: config.network.pool }),
    dockerApiConsumers: [
      ...services.filter(([, service]) => service.dockerApi !== undefined).map(([service]) => service),
      ...(sinkOf(config) === undefined ? [] : [LOG_COLLECTOR]),
    ],
    acme: acmeOf(config.certificates) !== undefined,
    egress:
      Object.values(dataUsers(config)).some(({ egress }) => egress !== false) ||
      backsUpElsewhere(config) ||
      sendsAlerts(config) ||
      sendsLogs(config),
    egressProxied: services.filter(([, { egress }]) => typeof egress !== "boolean").map(([service]) => service),
    databaseAccess: databaseAccess(config, engine) === "forwarder" && usesDatabase(config),
    monitoring: monitoringOf(config) !== undefined,
    logs: keepsLogs(config),
    ipv6: config.edge.ipv6,
  });
}

/**
 * The gid of the engine's socket: configured, or read where the engine is local. Undefined where neither tells, or
 * root's.
 */
export function socketGroup(config: LoadedConfig, engine: Engine): number | undefined {
  if (config.dockerSocketGroup !== undefined) return config.dockerSocketGroup;
  if (!isLocalLinux(engine)) return undefined;
  const gid = statSync(engine.host.replace(/^unix:\/\//, ""), { throwIfNoEntry: false })?.gid;
  return gid === 0 ? undefined : gid;
}
