import type * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type { LoadedConfig } from "../config";
import type { Engine } from "./engine";
import type { ContainerHooks } from "./hooks";
import type { Images } from "./images";

/** What every component of one stack shares. */
export interface StackContext {
  readonly config: LoadedConfig;
  readonly engine: Engine;
  readonly images: Images;
  readonly hooks: ContainerHooks;
  /** Keys the names of volumes that hold secrets, so that a name tells nothing of what is inside. */
  readonly salt: pulumi.Output<string>;
}

export type NetworkNames = Readonly<Record<string, docker.Network["name"]>>;
