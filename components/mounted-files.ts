import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { ownerLabels } from "../hardening/container/labels";
import { createCarrier, volumeName, type FilesByName } from "../resources/carrier";
import type { StackContext } from "../resources/context";
import { secretFiles, type ProgramArgs } from "../resources/program";

export interface MountedFilesArgs {
  /** Whose files these are: the label `io.rampart.name`. */
  readonly owner: string;
  /** Contents by file name. */
  readonly files: FilesByName;
  /**
   * Whether the contents are secret; then the volume's name is keyed, so that it tells nothing of them.
   * @default true
   */
  readonly secret?: boolean;
}

/**
 * Files in a volume of their own. A hash of the contents is part of the volume's name, so that a change replaces the
 * consumer and stale files vanish.
 */
export class MountedFiles extends pulumi.ComponentResource {
  readonly volumeName: pulumi.Output<string>;
  /** What a consumer has to wait for: the files are in the volume once this exists. */
  readonly carrier: docker.Container;

  /** The secret files of a program, in a volume of their own; undefined where it has none. */
  static ofSecrets(
    name: string,
    context: StackContext,
    program: ProgramArgs,
    parent: pulumi.Resource,
  ): MountedFiles | undefined {
    const files = secretFiles(program);
    if (Object.keys(files).length === 0) return undefined;
    return new MountedFiles(name, context, { owner: program.name, files }, { parent });
  }

  constructor(name: string, context: StackContext, args: MountedFilesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rampart:files:MountedFiles", name, {}, opts);
    const secret = args.secret ?? true;
    const volume = new docker.Volume(
      name,
      {
        name: volumeName(name, args.files, secret ? context.salt : undefined),
        labels: ownerLabels({ stack: context.config.stack }, "volume", args.owner),
      },
      { parent: this, deleteBeforeReplace: false },
    );
    this.volumeName = volume.name;
    this.carrier = createCarrier(name, context, { ...args, secret, volumeName: this.volumeName }, { parent: this });
    this.registerOutputs({ volumeName: this.volumeName });
  }
}
