import { contextHost, DockerClient } from "../../engine/docker";
import { DEFAULT_HOST } from "../../engine/engine";
import type { StackFile } from "../../plan/stack-file";
import { UserError } from "./errors";
import { text } from "./json";
import { findProgram } from "./run";

/** The Docker CLI is not on the PATH. */
export const MISSING_DOCKER =
  "The Docker CLI (`docker`) is missing: install Docker 20.10 or later from https://docs.docker.com/get-docker/";

/**
 * The engine of a stack, for a command that can do nothing without it.
 * @param file the stack's file, where there is one
 * @throws UserError where the Docker CLI is missing
 */
export async function requiredEngine(file: StackFile | undefined, env: NodeJS.ProcessEnv): Promise<DockerClient> {
  if (findProgram("docker", env) === undefined) throw new UserError(`${MISSING_DOCKER}.`);
  return new DockerClient(await engineHost(file?.values["docker:host"], env));
}

/**
 * The engine that a deployment would use: `docker:host`, then DOCKER_HOST, then the Docker CLI's current context. The
 * provider does not look at contexts, so that without this Colima or a rootless engine would be missed.
 */
export async function engineHost(configured: string | undefined, env: NodeJS.ProcessEnv): Promise<string> {
  const given = configured ?? text(env["DOCKER_HOST"]);
  if (given !== undefined || findProgram("docker", env) === undefined) return given ?? DEFAULT_HOST;
  const host = await contextHost(env);
  return host !== undefined && /^(unix|ssh|npipe):\/\//.test(host) ? host : DEFAULT_HOST;
}
