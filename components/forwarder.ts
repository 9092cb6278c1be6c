import * as pulumi from "@pulumi/pulumi";
import { hardenedWorkload } from "../hardening/container/hardened-workload";
import { NOBODY, type Workload } from "../hardening/container/workload";
import { createContainer } from "../resources/container";
import type { NetworkNames, StackContext } from "../resources/context";
import { POSTGRES_ALIAS, POSTGRES_PORT } from "../hardening/postgres/server/url";

export interface ForwarderArgs {
  readonly networks: NetworkNames;
  /** Its fixed address on the internal network, from which Postgres takes the superuser. */
  readonly address: string;
  readonly dependsOn: pulumi.Input<pulumi.Resource>[];
}

/**
 * A way to Postgres for the provider where the engine is not local: a forwarder that listens only on the engine's
 * loopback.
 */
export class Forwarder extends pulumi.ComponentResource {
  readonly ready: pulumi.Input<pulumi.Resource>;

  constructor(name: string, context: StackContext, args: ForwarderArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rampart:postgres:Forwarder", name, {}, opts);
    this.ready = createContainer(context, name, forwarderWorkload(context, args.address), {
      networks: args.networks,
      volumes: {},
      parent: this,
      lifecycle: "exclusive",
      dependsOn: args.dependsOn,
    }).running;
    this.registerOutputs({});
  }
}

function forwarderWorkload(context: StackContext, address: string): Workload {
  const { config, images } = context;
  return hardenedWorkload({
    name: "forwarder",
    component: "forwarder",
    image: images.reference("socat"),
    entrypoint: ["socat"],
    command: [`TCP-LISTEN:${POSTGRES_PORT},fork,reuseaddr,max-children=16`, `TCP:${POSTGRES_ALIAS}:${POSTGRES_PORT}`],
    user: NOBODY,
    networks: [{ network: "database-access" }, { network: "internal", ipv4Address: address }],
    publishedPorts: [{ ip: "127.0.0.1", external: config.database.forwarderPort, internal: POSTGRES_PORT }],
    resources: { memoryMiB: 32, cpus: 0.25, pids: 32 },
    healthCheck: {
      test: ["CMD", "socat", "-u", "OPEN:/dev/null", `TCP:127.0.0.1:${POSTGRES_PORT}`],
      intervalSeconds: 5,
      timeoutSeconds: 3,
      startPeriodSeconds: 10,
      retries: 3,
    },
    stopGraceSeconds: 5,
    logging: config.logging,
    accepted: ["cis-5.9", "rampart-database-host-access"].map((rule) => ({
      rule,
      reason:
        "the database provider reaches Postgres through this loopback-only port (rampart:database.access is forwarder)",
    })),
  });
}
