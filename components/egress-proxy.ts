import * as pulumi from "@pulumi/pulumi";
import type { ServiceConfig } from "../config";
import { hardenedWorkload } from "../hardening/container/hardened-workload";
import type { Workload } from "../hardening/container/workload";
import { renderEgressConfig } from "../hardening/egress/haproxy-config";
import { egressNetwork } from "../hardening/egress/names";
import { createContainer } from "../resources/container";
import type { NetworkNames, StackContext } from "../resources/context";
import { egressAddress } from "../resources/egress";
import { MountedFiles } from "./mounted-files";

const CONFIG_DIRECTORY = "/usr/local/etc/haproxy";
/** The official image's own user. */
const HAPROXY_USER = "99:99";

export interface EgressProxyArgs {
  /** The one service whose connections it takes. */
  readonly service: string;
  /** `name` or `name:port`. */
  readonly allowed: readonly string[];
  readonly networks: NetworkNames;
}

/** A way out to listed names for one service, on a network of only those two. */
export class EgressProxy extends pulumi.ComponentResource {
  readonly ready: pulumi.Input<pulumi.Resource>;

  constructor(name: string, context: StackContext, args: EgressProxyArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rampart:network:EgressProxy", name, {}, opts);
    const { service, allowed, networks } = args;
    const address = egressAddress(context, service);
    const content = renderEgressConfig({ service, allowed, address });
    const owner = egressNetwork(service);
    const files = new MountedFiles(
      `${name}-config`,
      context,
      { owner, secret: false, files: { "haproxy.cfg": { content } } },
      { parent: this },
    );
    this.ready = createContainer(context, name, egressWorkload(context, service, address), {
      networks,
      volumes: { config: files.volumeName },
      parent: this,
      // Two containers cannot hold the one address that the service knows.
      lifecycle: "exclusive",
      dependsOn: [files.carrier],
    }).running;
    this.registerOutputs({});
  }

  /** Undefined for a service without a list. */
  static of(
    context: StackContext,
    args: { readonly service: string; readonly config: ServiceConfig; readonly networks: NetworkNames },
    parent: pulumi.Resource,
  ): EgressProxy | undefined {
    const { service, config, networks } = args;
    if (typeof config.egress === "boolean") return undefined;
    const name = `${context.config.name}-${egressNetwork(service)}`;
    return new EgressProxy(name, context, { service, allowed: config.egress, networks }, { parent });
  }
}

function egressWorkload({ config, images }: StackContext, service: string, address: string): Workload {
  return hardenedWorkload({
    name: egressNetwork(service),
    component: "egress-proxy",
    image: images.reference("haproxy"),
    command: ["haproxy", "-f", `${CONFIG_DIRECTORY}/haproxy.cfg`],
    user: HAPROXY_USER,
    networks: [{ network: "egress" }, { network: egressNetwork(service), ipv4Address: address }],
    mounts: [{ kind: "volume", volume: "config", target: CONFIG_DIRECTORY, readOnly: true }],
    resources: { memoryMiB: 64, cpus: 0.5, pids: 32 },
    healthCheck: {
      test: ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/healthz"],
      intervalSeconds: 2,
      timeoutSeconds: 3,
      startPeriodSeconds: 10,
      retries: 3,
    },
    // HAProxy's soft stop waits for connections, which may last an hour: the grace period ends them.
    stopSignal: "SIGUSR1",
    stopGraceSeconds: 5,
    logging: config.logging,
  });
}
