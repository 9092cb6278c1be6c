import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { LABEL_STACK } from "../hardening/container/labels";
import { containerState, describeFailure, labelFilters } from "./containers";
import type { DockerClient } from "./docker";
import { becomesHealthy, type HealthSettings } from "./health";
import { lines } from "./text";

const ENGINE_ID = /^[0-9a-f]{64}$/;
/** What `docker ps` says of a container that nobody has to look at: it runs, and is not unhealthy. */
const HEALTHY = /^running (?!.*\(unhealthy\))/;

/** Gives what depends on a container that runs. */
export type KeepRunning = (container: docker.Container, settings: HealthSettings) => pulumi.Input<pulumi.Resource>;

/**
 * Pulumi compares the configuration with its state and asks the engine nothing, so that an update without `--refresh`
 * passes beside a dead container; and a refresh ends at the first database role where the dead one is Postgres. So each
 * container that the state knows is looked for: an update starts one that was stopped, or that the engine gave up,
 * before anything that needs it, and fails with its last words where it does not get healthy. A preview says what an
 * update would start.
 */
export function keepRunning(stack: string, engine: DockerClient): KeepRunning {
  let listed: Promise<ReadonlyMap<string, string> | undefined> | undefined;
  return (container, settings) =>
    pulumi.all([container.id, container.urn]).apply(async ([id, urn]) => {
      // Under Pulumi's mocks there is no engine to ask.
      if (!ENGINE_ID.test(id)) return container;
      const statuses = await (listed ??= statusesOf(engine, stack));
      // A container that this very update made is not in the list; that it is healthy was waited for.
      if (statuses !== undefined && !HEALTHY.test(statuses.get(id) ?? "")) await look(engine, { ...settings, id, urn });
      return container;
    });
}

interface Looked extends HealthSettings {
  readonly id: string;
  readonly urn: string;
}

/**
 * The status of each of the stack's containers in words;
 * undefined where the engine does not answer, which its provider says better.
 */
async function statusesOf(engine: DockerClient, stack: string): Promise<ReadonlyMap<string, string> | undefined> {
  const listing = [
    "--no-trunc",
    ...labelFilters({ [LABEL_STACK]: stack }),
    "--format",
    "{{.ID}} {{.State}} {{.Status}}",
  ];
  const result = await engine.ask(["ps", "--all", ...listing]).catch(() => undefined);
  if (result === undefined || result.code !== 0) return undefined;
  return new Map(
    lines(result.stdout).map((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)]),
  );
}

async function look(engine: DockerClient, { id, urn, ...settings }: Looked): Promise<void> {
  const name = urn.split("::").at(-1) ?? urn;
  const state = await containerState(engine, id);
  const preview = pulumi.runtime.isDryRun();
  if (state === undefined) {
    const gone =
      `${name}: its container ${id.slice(0, 12)} is gone, though Pulumi's state has it. \`pulumi up --replace ` +
      `'${urn}'\` makes it again.`;
    return preview ? pulumi.log.warn(gone) : fail(gone);
  }
  if (state.Running === true && state.Restarting !== true) {
    if (state.Health?.Status === "unhealthy")
      await pulumi.log.warn(
        `${name} is unhealthy: ` +
          `${state.Health.Log?.at(-1)?.Output?.trim().slice(0, MAX_OUTPUT) ?? "its health check says nothing"}`,
      );
    return;
  }
  const { Status: status = "unknown", ExitCode: exitCode = "unknown" } = state;
  const stopped = `${name} does not run (status ${status}, exit code ${exitCode})`;
  if (preview) return pulumi.log.warn(`${stopped}: an update starts it.`);
  const started = await engine.ask(["start", id]);
  if (started.code !== 0) return fail(`${stopped}, and could not be started: ${started.stderr.trim()}`);
  const health = await becomesHealthy(engine, id, settings);
  const failure = health.healthy ? undefined : await describeFailure(engine, id, health.probe);
  if (failure !== undefined) return fail(`${stopped}, was started, and did not become healthy: ${failure}`);
  await pulumi.log.warn(`${stopped}: it was started again.`);
}

/** Pulumi's exit code of a program that has said itself why it fails. */
const SAID = 32;

/**
 * An error that is thrown would end the program before the stack's outputs are registered,
 * and they would be gone from the state.
 */
async function fail(message: string): Promise<void> {
  process.exitCode = SAID;
  await pulumi.log.error(message);
}

const MAX_OUTPUT = 500;
