import * as pulumi from "@pulumi/pulumi";
import { hardenedWorkload } from "../hardening/container/hardened-workload";
import { SECRETS_PATH, type Workload } from "../hardening/container/workload";
import { ELEVATION_WATCH_HEALTH_CHECK, elevationWatchScript } from "../hardening/postgres/elevation/elevations";
import { SERVER_USER } from "../hardening/postgres/server/user";
import { createContainer } from "../resources/container";
import type { NetworkNames, StackContext } from "../resources/context";
import { MountedFiles } from "./mounted-files";

const SCRIPT = "/etc/rampart/watch.sh";

export interface ElevationWatchArgs {
  readonly networks: NetworkNames;
  readonly url: pulumi.Output<string>;
  /** The authority's certificate, which the URL names as /run/secrets/database_ca. */
  readonly ca: pulumi.Output<string>;
  /** The login and the function that it calls. */
  readonly dependsOn: pulumi.Resource[];
}

/** Ends the sessions of elevations that are over, without anyone running anything. */
export class ElevationWatch extends pulumi.ComponentResource {
  constructor(name: string, context: StackContext, args: ElevationWatchArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rampart:postgres:ElevationWatch", name, {}, opts);
    const script = new MountedFiles(
      `${name}-config`,
      context,
      {
        owner: "elevation",
        secret: false,
        files: { "watch.sh": { content: elevationWatchScript() } },
      },
      { parent: this },
    );
    const secrets = new MountedFiles(
      `${name}-secrets`,
      context,
      { owner: "elevation", files: { watch_url: { content: args.url }, database_ca: { content: args.ca } } },
      { parent: this },
    );
    createContainer(context, name, watchWorkload(context), {
      networks: args.networks,
      volumes: { config: script.volumeName, secrets: secrets.volumeName },
      parent: this,
      lifecycle: "replace",
      dependsOn: [script.carrier, secrets.carrier, ...args.dependsOn],
    });
    this.registerOutputs({});
  }
}

function watchWorkload({ config, images }: StackContext): Workload {
  return hardenedWorkload({
    name: "elevation",
    component: "elevation",
    image: images.reference("postgres"),
    entrypoint: ["/bin/sh", SCRIPT],
    user: SERVER_USER,
    networks: [{ network: "internal" }],
    mounts: [
      { kind: "volume", volume: "config", target: "/etc/rampart", readOnly: true },
      { kind: "volume", volume: "secrets", target: SECRETS_PATH, readOnly: true },
    ],
    tmpfs: [{ path: "/tmp", sizeMiB: 4 }],
    resources: { memoryMiB: 48, cpus: 0.1, pids: 24 },
    healthCheck: {
      test: ELEVATION_WATCH_HEALTH_CHECK,
      intervalSeconds: 5,
      timeoutSeconds: 3,
      startPeriodSeconds: 20,
      retries: 3,
    },
    stopGraceSeconds: 5,
    startTimeoutSeconds: 90,
    logging: config.logging,
    accepted: [],
  });
}
