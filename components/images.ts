import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { IMAGE_PINS, type ImageRole } from "../config/images";
import { imageSlug } from "../hardening/container/image";
import type { ImageSource } from "../resources/context";

/**
 * The images of a stack, each pulled once. They stay on the engine when a stack no longer names them: other stacks may,
 * and a roll-back then needs no registry.
 */
export class Images extends pulumi.ComponentResource implements ImageSource {
  private readonly pulled = new Map<string, docker.RemoteImage>();

  constructor(
    private readonly name: string,
    private readonly overrides: Readonly<Partial<Record<string, string>>>,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("rampart:image:Images", name, {}, opts);
    this.registerOutputs({});
  }

  /** The pinned reference of one of Rampart's own images. */
  reference(role: ImageRole): string {
    return this.overrides[role] ?? IMAGE_PINS[role];
  }

  /** The local id of an image, by its pinned reference. */
  id(reference: string): pulumi.Output<string> {
    const known = this.pulled.get(reference);
    if (known !== undefined) return known.imageId;
    const image = new docker.RemoteImage(
      `${this.name}-${imageSlug(reference)}`,
      { name: reference, keepLocally: true },
      { parent: this },
    );
    this.pulled.set(reference, image);
    return image.imageId;
  }
}
