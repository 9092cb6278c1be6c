import { containerState, type Probe } from "./containers";
import { TIMED_OUT, type DockerClient } from "./docker";
import { watch, type Seen } from "./until";

/** The engine's own health check of a container, as its workload declares it. */
export interface HealthProbe {
  /** In Docker's form: ["CMD", …] or ["CMD-SHELL", line]. */
  readonly test: readonly string[];
  readonly timeoutSeconds: number;
  /** Whether only the engine's own rounds count; see `HealthCheck`. @default false */
  readonly judgesThePast?: boolean;
}

export interface HealthSettings {
  /** Seconds in which the container has to become healthy. */
  readonly startTimeoutSeconds: number;
  /** @default none: a container that runs will do */
  readonly healthCheck?: HealthProbe;
}

/** Most containers are healthy in the first seconds, and somebody waits for them: they are asked often. */
const EAGER_SECONDS = 10;
const EAGER_MS = 200;
const PATIENT_MS = 1000;

export type Health = { readonly healthy: true } | { readonly healthy: false; readonly probe?: Probe };

/**
 * Waits until a container is healthy, or runs where it has no health check, before it ends for good or the time is up.
 * The engine runs the health check for the first time after one interval, and the provider looks once a second. So the
 * same command is run in the container at once; the engine's own finding counts as well.
 */
export async function becomesHealthy(
  engine: DockerClient,
  id: string,
  { startTimeoutSeconds, healthCheck }: HealthSettings,
): Promise<Health> {
  let ended = 0;
  let probe: Probe | undefined;
  const look = async (): Promise<Seen<true>> => {
    if (healthCheck !== undefined && healthCheck.judgesThePast !== true) {
      probe = await run(engine, id, healthCheck);
      if (probe.ExitCode === 0) return { fact: true };
    }
    const state = await containerState(engine, id);
    if (state === undefined) return { state: "gone", final: true };
    const running = state.Running === true && state.Restarting !== true;
    if (running && (state.Health?.Status === "healthy" || healthCheck === undefined)) return { fact: true };
    // Between an end and the restart that the engine's policy makes of it there is a moment; twice in a row is the end.
    ended = state.Status === "exited" || state.Status === "dead" ? ended + 1 : 0;
    return { state: state.Health?.Status ?? state.Status ?? "unknown", final: ended > 1 };
  };
  const eagerSeconds = Math.min(EAGER_SECONDS, startTimeoutSeconds);
  const first = await watch({ seconds: eagerSeconds, everyMs: EAGER_MS }, look);
  const seen =
    "fact" in first || first.final === true
      ? first
      : await watch({ seconds: startTimeoutSeconds - eagerSeconds, everyMs: PATIENT_MS }, look);
  return "fact" in seen ? { healthy: true } : { healthy: false, ...(probe === undefined ? {} : { probe }) };
}

/** As the engine runs it: by the container's own user, in its environment. */
async function run(engine: DockerClient, id: string, { test, timeoutSeconds }: HealthProbe): Promise<Probe> {
  const [kind, ...words] = test;
  const command = kind === "CMD-SHELL" ? ["/bin/sh", "-c", ...words] : words;
  const { code, stdout, stderr } = await engine.ask(["exec", id, ...command], { timeoutSeconds });
  const late = code === TIMED_OUT ? `not done within ${timeoutSeconds} s\n` : "";
  return { ExitCode: code, Output: `${late}${stdout}${stderr}` };
}
