import type * as pulumi from "@pulumi/pulumi";
import { dockerHost, type ImageRole, type LoadedConfig, type SecretSpec } from "../config";
import { DockerClient } from "../engine/docker";
import { hostOf } from "../engine/engine";
import { containerHooks, type ContainerHooks } from "../engine/hooks";

/** The images of a stack, by what they are for and by their pinned references. */
export interface ImageSource {
  /** The pinned reference of one of Rampart's own images. */
  reference(role: ImageRole): string;
  /** The local id of an image, by its pinned reference. */
  id(reference: string): pulumi.Output<string>;
}

export interface PasswordOptions {
  /** Letters and digits. @default 32: 190 bits */
  readonly length?: number;
  /** Another text is another password. @default none: a password from before there was a rotation stays what it is */
  readonly rotation?: string;
  /** Whether it outlives a destroy that spares what is protected: it opens data that is kept as well. @default false */
  readonly protect?: boolean;
}

/** The generated and the configured secrets of a stack. */
export interface SecretSource {
  /** A password that is made once and kept in the state, encrypted. */
  password(key: string, options?: PasswordOptions): pulumi.Output<string>;
  /** A secret that a service names. @throws Error where the specification is none */
  resolve(variable: string, spec: SecretSpec): pulumi.Output<string>;
}

/** What every component of one stack shares. */
export interface StackContext {
  readonly config: LoadedConfig;
  readonly engine: DockerClient;
  readonly images: ImageSource;
  readonly secrets: SecretSource;
  readonly hooks: ContainerHooks;
  /** Keys the names of volumes that hold secrets, so that a name tells nothing of what is inside. */
  readonly salt: pulumi.Output<string>;
}

/**
 * What the components of one stack share. A program that takes single components makes one of these first, from the
 * components `Images` and `Secrets`.
 */
export function createContext(
  config: LoadedConfig,
  { images, secrets }: Pick<StackContext, "images" | "secrets">,
): StackContext {
  const engine = currentEngine();
  const hooks = containerHooks(config.name, config.stack, engine);
  return { config, engine, secrets, images, hooks, salt: secrets.password("salt") };
}

/** The engine's names of networks, by Rampart's own. */
export type NetworkNames = Readonly<Record<string, pulumi.Output<string>>>;

/** The engine by the provider's own order: `docker:host`, then DOCKER_HOST, then the local socket. */
export function currentEngine(): DockerClient {
  return new DockerClient(hostOf(dockerHost()));
}
