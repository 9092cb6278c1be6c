import type { DockerClient } from "../../engine/docker";
import { EngineError } from "../../engine/engine";
import { pullFailure } from "../../engine/registries";
import { registryOf } from "../../hardening/container/image";
import { UserError } from "./errors";

/** The stack's own token is encrypted for Pulumi, and these commands need Docker only. */
const WHOSE_LOGIN =
  "This command pulls with the login of the Docker CLI on this machine, " +
  "and not with rampart:registries (docs/registries.md).";

export interface PullOptions {
  /** How long the pull may take, in seconds. */
  readonly timeoutSeconds: number;
  /** Called before a pull, which takes a while. */
  readonly onPull?: () => void;
}

/**
 * Sees that an image is on the engine, and pulls it where it is not, with the Docker CLI's own login.
 * @throws UserError where a registry refuses, with what to do; EngineError where the pull fails otherwise
 */
export async function bringImage(
  docker: Pick<DockerClient, "ask" | "host" | "must">,
  image: string,
  { timeoutSeconds, onPull }: PullOptions,
): Promise<void> {
  if ((await docker.ask(["image", "inspect", image])).code === 0) return;
  onPull?.();
  try {
    await docker.must(`The image ${image} could not be pulled`, ["pull", "--quiet", image], { timeoutSeconds });
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const users = { [registryOf(image)]: undefined };
    const explained = pullFailure({ reference: image, errors: [error.message], users, host: docker.host });
    throw explained === undefined ? error : new UserError(explained, { hint: WHOSE_LOGIN });
  }
}
