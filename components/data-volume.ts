import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { ownerLabels } from "../hardening/container/labels";
import type { StackContext } from "../resources/context";
import { createCarrier } from "../resources/carrier";

export interface DataVolumeArgs {
  readonly owner: string;
  /** Whether the volume outlives `pulumi destroy`, and refuses to be deleted before the stack says otherwise. */
  readonly protect: boolean;
  /**
   * Whether a user other than root must be able to write to it where the image has no such directory. An engine fills
   * an empty volume from the image's directory at the mount point, mode included: a carrier that mounts it at /tmp
   * leaves mode 1777, and nothing has to run as root.
   */
  readonly shared: boolean;
}

/** A named volume that holds data. Its name is the same in every run, so that it is found again. */
export class DataVolume extends pulumi.ComponentResource {
  readonly volumeName: pulumi.Output<string>;
  readonly volume: docker.Volume;
  /** What a consumer waits for. */
  readonly ready: pulumi.Resource;

  constructor(name: string, context: StackContext, args: DataVolumeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rampart:volume:DataVolume", name, {}, opts);
    const stack = context.config.stack;
    this.volume = new docker.Volume(
      name,
      { name, labels: ownerLabels({ stack }, "volume", args.owner) },
      {
        parent: this,
        protect: args.protect,
        retainOnDelete: args.protect,
        ...(opts?.dependsOn === undefined ? {} : { dependsOn: opts.dependsOn }),
      },
    );
    this.volumeName = this.volume.name;
    this.ready = args.shared
      ? createCarrier(
          name,
          context,
          { owner: args.owner, volumeName: this.volumeName, mountPath: "/tmp" },
          { parent: this },
        )
      : this.volume;
    this.registerOutputs({ volumeName: this.volumeName });
  }
}
