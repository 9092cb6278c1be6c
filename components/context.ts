import type * as pulumi from "@pulumi/pulumi";
import type { LoadedConfig } from "../config";
import { containerHooks } from "../engine/hooks";
import { currentEngine, type StackContext } from "../resources/context";
import { Images } from "./images";
import { Secrets } from "./secrets";

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
