import { labelFilters } from "../engine/containers";
import type { DockerClient } from "../engine/docker";
import { lines } from "../engine/text";
import { LABEL_STACK } from "../hardening/container/labels";
import { leaf, tree } from "../hardening/tree";

/** What the engine says of a stack, as `docker inspect` and `docker info` give it. */
export interface Survey {
  readonly containers: readonly unknown[];
  readonly networks: readonly unknown[];
  readonly volumes: readonly unknown[];
  readonly engine: EngineFacts;
}

export interface EngineFacts {
  readonly version: string;
  /** Whether the engine applies AppArmor profiles, and seccomp profiles. */
  readonly appArmor: boolean;
  readonly seccomp: boolean;
}

/**
 * Reads everything that carries the stack's label, and what the state says beside it. Changes nothing.
 * @param ids containers of the state, which may have lost their label
 * @throws EngineError where the engine does not answer
 */
export async function survey(engine: DockerClient, stack: string, ids: readonly string[]): Promise<Survey> {
  const labelled = async (kind: "container" | "network" | "volume"): Promise<string[]> =>
    lines(
      await engine.must(`The ${kind}s could not be listed`, [
        ...[kind, "ls", ...(kind === "container" ? ["--all", "--no-trunc"] : kind === "network" ? ["--no-trunc"] : [])],
        ...["--quiet", ...labelFilters({ [LABEL_STACK]: stack })],
      ]),
    );
  const [containers, networks, volumes, info] = await Promise.all([
    labelled("container").then((found) => inspect(engine, "container", [...new Set([...found, ...ids])])),
    labelled("network").then((found) => inspect(engine, "network", found)),
    labelled("volume").then((found) => inspect(engine, "volume", found)),
    engine.must("The engine could not be asked", ["info", "--format", "{{json .}}"]),
  ]);
  return { containers, networks, volumes, engine: engineFacts(JSON.parse(info)) };
}

/** What has gone meanwhile is left out. */
export async function inspect(engine: DockerClient, kind: string, ids: readonly string[]): Promise<readonly unknown[]> {
  if (ids.length === 0) return [];
  const { stdout } = await engine.ask([kind, "inspect", ...ids]);
  const found: unknown = stdout.trim() === "" ? [] : JSON.parse(stdout);
  return Array.isArray(found) ? (found as unknown[]) : [];
}

export function engineFacts(info: unknown): EngineFacts {
  const options = tree(info)["SecurityOptions"];
  const has = (name: string): boolean =>
    Array.isArray(options) && options.some((one) => String(one).split(",").includes(`name=${name}`));
  return { version: leaf(tree(info)["ServerVersion"]), appArmor: has("apparmor"), seccomp: has("seccomp") };
}
