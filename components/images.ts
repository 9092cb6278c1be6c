import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { dockerSettings, registryUsers, secretOf, type DiskConfig, type RegistriesConfig } from "../config";
import { IMAGE_PINS, type ImageRole } from "../config/images";
import { pullHooks } from "../engine/pull-hooks";
import { imageSlug } from "../hardening/container/image";
import { defined } from "../hardening/defined";
import { currentEngine, type ImageSource } from "../resources/context";

/** The part of a stack's configuration that images need: `config` itself will do. */
export interface ImagesArgs {
  /** References that replace Rampart's own pins. @default none */
  readonly images?: Readonly<Partial<Record<string, string>>>;
  /** Logins for pulls, by registry. @default none */
  readonly registries?: RegistriesConfig;
  /** What has to be free on the engine's disk before an image is pulled. @default nothing is asked */
  readonly disk?: Pick<DiskConfig, "minFreeGiB">;
}

/**
 * The images of a stack, each pulled once. They stay on the engine when a stack no longer names them: other stacks may,
 * and a roll-back then needs no registry.
 */
export class Images extends pulumi.ComponentResource implements ImageSource {
  private readonly pulled = new Map<string, docker.RemoteImage>();
  private readonly options: pulumi.CustomResourceOptions;

  constructor(
    private readonly name: string,
    private readonly args: ImagesArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("rampart:image:Images", name, {}, opts);
    const registries = args.registries ?? {};
    const hooks = pullHooks(name, currentEngine(), {
      users: registryUsers({ registries }),
      ...defined({ room: args.disk && { minFreeGiB: args.disk.minFreeGiB, images: this.withDf() } }),
    });
    this.options = { parent: this, hooks, ...defined({ provider: this.createProvider(registries) }) };
    this.registerOutputs({});
  }

  /** The pinned reference of one of Rampart's own images. */
  reference(role: ImageRole): string {
    return this.args.images?.[role] ?? IMAGE_PINS[role];
  }

  /** The local id of an image, by its pinned reference. */
  id(reference: string): pulumi.Output<string> {
    const known = this.pulled.get(reference);
    if (known !== undefined) return known.imageId;
    const image = new docker.RemoteImage(
      `${this.name}-${imageSlug(reference)}`,
      { name: reference, keepLocally: true },
      this.options,
    );
    this.pulled.set(reference, image);
    return image.imageId;
  }

  /** What every stack has, and what has df in it. */
  private withDf(): readonly string[] {
    return [this.reference("haproxy"), this.reference("traefik")];
  }

  /** A provider that logs in. Only pulls need one: containers are made from what is on the engine. */
  private createProvider(registries: RegistriesConfig): docker.Provider | undefined {
    const logins = Object.entries(registries).sort(([a], [b]) => (a < b ? -1 : 1));
    if (logins.length === 0) return undefined;
    const registryAuth = logins.flatMap(([registry, login]) => {
      const user = "login" in login ? {} : { username: login.username, password: secretOf(login.password) };
      return addressesOf(registry).map((address) => ({ address, ...user }));
    });
    return new docker.Provider(`${this.name}-registries`, { ...dockerSettings(), registryAuth }, { parent: this });
  }
}

/**
 * What the provider calls a registry. Docker Hub has one name for images without a registry,
 * and another for those that name it.
 */
const addressesOf = (registry: string): readonly string[] =>
  registry === "docker.io" ? ["registry-1.docker.io", "docker.io"] : [registry];
