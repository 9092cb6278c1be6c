import type * as pulumi from "@pulumi/pulumi";
import type { LoadedConfig } from "../config";
import { currentEngine, type Engine } from "../engine/docker";
import { containerHooks, type ContainerHooks } from "../engine/hooks";
import { Images } from "../components/images";
import { Secrets } from "../components/secrets";

/** What every component of one stack shares. */
export interface StackContext {
  readonly config: LoadedConfig;
  readonly engine: Engine;
  readonly images: Images;
  readonly secrets: Secrets;
  readonly hooks: ContainerHooks;
  /** Keys the names of volumes that hold secrets, so that a name tells nothing of what is inside. */
  readonly salt: pulumi.Output<string>;
}

/** The engine's names of networks, by Rampart's own. */
export type NetworkNames = Readonly<Record<string, pulumi.Output<string>>>;

/**
 * Creates what the components of a stack share. A program that takes single components makes one of these first.
 * @param parent The component that the shared parts belong to. @default the stack
 */
export function createContext(config: LoadedConfig, parent?: pulumi.Resource): StackContext {
  const { name, stack } = config;
  const opts = parent === undefined ? {} : { parent };
  const engine = currentEngine();
  const secrets = new Secrets(`${name}-secrets`, opts);
  return {
    config,
    engine,
    secrets,
    images: new Images(`${name}-images`, config.images, opts),
    hooks: containerHooks(name, stack, engine),
    salt: secrets.password("salt"),
  };
}
