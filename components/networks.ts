import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { ownerLabels } from "../hardening/container/labels";
import type { NetworkPlan } from "../hardening/container/networks";
import { defined, listed } from "../hardening/defined";

export interface NetworksArgs {
  /** The stack's name, for the labels. */
  readonly stack: string;
  readonly plan: readonly NetworkPlan[];
}

/** The stack's networks, each with a declared subnet. */
export class Networks extends pulumi.ComponentResource {
  /** The engine's names by the networks' own. */
  readonly names: Readonly<Record<string, pulumi.Output<string>>>;

  constructor(name: string, args: NetworksArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rampart:network:Networks", name, {}, opts);
    this.names = Object.fromEntries(args.plan.map((plan) => [plan.name, this.network(name, plan, args.stack).name]));
    this.registerOutputs({ names: this.names });
  }

  private network(prefix: string, plan: NetworkPlan, stack: string): docker.Network {
    return new docker.Network(
      `${prefix}-${plan.name}`,
      {
        name: `${prefix}-${plan.name}`,
        driver: "bridge",
        internal: plan.internal,
        ipamConfigs: [
          {
            subnet: plan.subnet,
            gateway: plan.gateway,
            ...defined({ ipRange: plan.dynamicRange }),
          },
          ...listed(plan.ipv6),
        ],
        ...(plan.ipv6 === undefined ? {} : { ipv6: true }),
        ...defined({ options: optionsOf(plan) }),
        labels: ownerLabels({ stack }, "network", plan.name),
      },
      // Two networks cannot hold one subnet, so the old one has to go first.
      { parent: this, deleteBeforeReplace: true },
    );
  }
}

/** What the bridge is told beside its subnet; an option that the engine adds by itself would show as a change. */
function optionsOf({ icc, wayOut = true }: NetworkPlan): Record<string, string> | undefined {
  const options = {
    ...(icc ? {} : { "com.docker.network.bridge.enable_icc": "false" }),
    ...(wayOut ? {} : { "com.docker.network.bridge.enable_ip_masquerade": "false" }),
  };
  return Object.keys(options).length === 0 ? undefined : options;
}
