import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { ownerLabels } from "../hardening/container/labels";
import type { StackContext } from "../resources/context";
import { createCarrier, filesDigest, type MountedFile } from "../resources/carrier";
import { defined } from "../hardening/defined";

export interface LiveFilesArgs {
  /** The container's label `io.rampart.name`. */
  readonly owner: string;
  readonly files: Readonly<Record<string, MountedFile>>;
  /** What the running container executes when the files have changed; a path that it has not got is passed over. */
  readonly reloadScript: string;
  readonly extraLabels?: readonly { readonly label: string; readonly value: pulumi.Input<string> }[];
}

/**
 * Files that change under a running container: a volume whose name stays, and a receipt whose creation has the
 * container read them again. Where that fails there is no receipt, so the next `up` tries again.
 */
export class LiveFiles extends pulumi.ComponentResource {
  readonly volumeName: pulumi.Output<string>;
  /** The files are in the volume. */
  readonly carrier: docker.Container;
  /** A container that ran already has taken them. */
  readonly applied: pulumi.Resource;

  constructor(name: string, context: StackContext, args: LiveFilesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rampart:files:LiveFiles", name, {}, opts);
    // Not the resource's own name, by which the posture knows volumes of data.
    const volume = new docker.Volume(
      `${name}-volume`,
      { name, labels: ownerLabels({ stack: context.config.stack }, "volume", args.owner) },
      { parent: this },
    );
    this.volumeName = volume.name;
    this.carrier = createCarrier(
      name,
      context,
      {
        owner: args.owner,
        secret: true,
        files: args.files,
        volumeName: volume.name,
        ...defined({ extraLabels: args.extraLabels }),
      },
      { parent: this },
    );
    this.applied = new random.RandomId(
      `${name}-applied`,
      { byteLength: 4, keepers: { files: filesDigest(args.files, context.salt) } },
      {
        parent: this,
        dependsOn: [this.carrier],
        hooks: context.hooks.reload({ name, owner: args.owner, script: args.reloadScript }),
      },
    );
    this.registerOutputs({ volumeName: this.volumeName });
  }
}
