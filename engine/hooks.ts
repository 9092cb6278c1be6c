import * as pulumi from "@pulumi/pulumi";
import { labelOf, LABEL_COMPONENT, LABEL_NAME, LABEL_PIDS, LABEL_STACK } from "../hardening/container/labels";
import { lastWords, newestContainer, runningContainers, setPidsLimit } from "./containers";
import { TIMED_OUT, type DockerClient } from "./docker";
import { healthHook, type HealthHookSettings } from "./health-hooks";
import { ipv6Hook, type Ipv6Settings } from "./ipv6-hooks";
import { keeper } from "./keepers";
import { keepRunning, type KeepRunning } from "./keep-running";
import { foundContainers, leftoversHook, type Leftover } from "./leftovers";
import { statementHooks, type StatementsSettings } from "./statement-hooks";
import { NO_REDIS_HOOKS, redisHooks, type RedisHooks } from "./redis-hooks";
import { indent, lastLines } from "./text";
import { until } from "./until";

/** What a container needs beyond the provider's arguments; see docs/decisions/0002-hooks.md. */
export interface ContainerHooks {
  readonly container: pulumi.ResourceHookBinding;
  readonly keepRunning: KeepRunning;
  /** For the receipt that a container became healthy. */
  readonly healthy: (settings: HealthHookSettings) => pulumi.ResourceHookBinding;
  readonly carrier: pulumi.ResourceHookBinding;
  readonly role: pulumi.ResourceHookBinding;
  readonly jobReceipt: (settings: JobSettings) => pulumi.ResourceHookBinding;
  readonly routesApplied: (settings: RoutesSettings) => pulumi.ResourceHookBinding;
  readonly reload: (settings: ReloadSettings) => pulumi.ResourceHookBinding;
  /** After a carrier has filled a volume: each running container that reads it takes what is new. */
  readonly filesApplied: (settings: ReloadSettings) => pulumi.ResourceHookBinding;
  /** For the receipt that clients of IPv6 keep their addresses. */
  readonly ipv6: (settings: Omit<Ipv6Settings, "stack">) => pulumi.ResourceHookBinding;
  readonly redis: RedisHooks;
  readonly statements: (settings: StatementsSettings) => pulumi.ResourceHookBinding;
  /** A role whose password others may change: what runs before the stack itself changes it. */
  readonly guardedRole: (settings: StatementsSettings) => pulumi.ResourceHookBinding;
}

export interface ReloadSettings {
  readonly name: string;
  /** The container's label `io.rampart.name`. */
  readonly owner: string;
  /** The path of a POSIX sh script in that container. */
  readonly script: string;
}

export interface JobSettings {
  readonly name: string;
  readonly timeoutSeconds: number;
  /** What a run that failed leaves, beside its own doings. @default "services were not changed" */
  readonly aftermath?: string;
}

export interface RoutesSettings {
  readonly edgeName: string;
  readonly probePort: number;
}

/** The keeper of a job's receipt that holds the container's id; the hook starts that container. */
export const JOB_CONTAINER_KEEPER = "container";
/** The label of the routes' carrier that holds the path which the edge answers once it serves them. */
export const LABEL_ROUTES_PROBE = "io.rampart.routes-probe";

/** Creates the hooks of one stack. Under Pulumi's mocks, whose monitor knows no hooks, there are none. */
export function containerHooks(name: string, stack: string, engine: DockerClient): ContainerHooks {
  if (!hooksSupported())
    return {
      container: {},
      keepRunning: (container) => container,
      healthy: () => ({}),
      carrier: {},
      role: {},
      jobReceipt: () => ({}),
      routesApplied: () => ({}),
      reload: () => ({}),
      filesApplied: () => ({}),
      ipv6: () => ({}),
      redis: NO_REDIS_HOOKS,
      statements: () => ({}),
      guardedRole: () => ({}),
    };
  const found = foundContainers(stack, engine);
  const leftovers = (suffix: string, which: Leftover): pulumi.ResourceHook =>
    leftoversHook(`${name}-${suffix}`, { engine, found, which });
  const container: pulumi.ResourceHookBinding = {
    beforeCreate: [leftovers("container-leftovers", "unfinished")],
    afterCreate: [new pulumi.ResourceHook(`${name}-pids-limit`, (args) => applyPidsLimit(engine, args))],
  };
  const role: pulumi.ResourceHookBinding = { onError: [new pulumi.ErrorHook(`${name}-role-failed`, explainRole)] };
  return {
    container,
    keepRunning: keepRunning(stack, engine),
    healthy: (settings) => healthHook(engine, settings),
    carrier: { beforeCreate: [leftovers("carrier-leftovers", "any")] },
    role,
    guardedRole: (settings) => ({ ...role, ...statementHooks(stack, engine, settings, "update") }),
    jobReceipt: (settings) => ({
      beforeCreate: [new pulumi.ResourceHook(`${name}-${settings.name}-run`, (args) => runJob(engine, settings, args))],
    }),
    routesApplied: (settings) => ({
      afterCreate: [
        new pulumi.ResourceHook(`${name}-routes-applied`, (args) => waitForRoutes(engine, stack, settings, args)),
      ],
    }),
    reload: (settings) => ({
      beforeCreate: [new pulumi.ResourceHook(`${settings.name}-reload`, () => reload(engine, stack, settings))],
    }),
    filesApplied: (settings) => ({
      afterCreate: [new pulumi.ResourceHook(`${settings.name}-applied`, () => applyFiles(engine, stack, settings))],
    }),
    ipv6: (settings) => ipv6Hook(engine, { ...settings, stack }),
    redis: redisHooks(name, stack, engine),
    statements: (settings) => statementHooks(stack, engine, settings),
  };
}

export function hooksSupported(): boolean {
  const runtime = pulumi.runtime as unknown as { readonly getMonitor?: () => object | undefined };
  const monitor = runtime.getMonitor?.();
  return monitor === undefined || "registerErrorHook" in monitor;
}

/** The provider has no argument for a PIDs limit; the engine takes one at any time, and it leaves no diff. */
async function applyPidsLimit(engine: DockerClient, args: pulumi.ResourceHookArgs): Promise<void> {
  const pids = Number(labelOf(args.newInputs, LABEL_PIDS));
  try {
    await setPidsLimit(engine, args.id, pids);
  } catch (error) {
    throw new Error(
      `${args.name} runs without its PIDs limit: ${message(error)}\nAfter mending it, run \`pulumi up --replace ` +
        `'${args.urn}'\`.`,
    );
  }
}

/** A role or a database that exists already: the data volume is older than this stack's state. */
async function explainRole(args: pulumi.ErrorHookArgs): Promise<boolean> {
  if (args.errors.some((error) => /already exists/.test(error))) {
    await pulumi.log.error(
      `${args.name}: the data volume was kept from an earlier deployment and holds it already. docs/operations.md ` +
        `("Bring a stack up on a retained volume") says how to take it over.`,
    );
  }
  return false;
}

/**
 * Runs a job's container to its end. It runs before the receipt is created, so a job that fails leaves no receipt, and
 * the next `up` runs it again.
 */
async function runJob(engine: DockerClient, settings: JobSettings, args: pulumi.ResourceHookArgs): Promise<void> {
  const id = keeper(args.newInputs, JOB_CONTAINER_KEEPER);
  const { aftermath = "services were not changed" } = settings;
  if (id === undefined) throw new Error(`${settings.name}: its container is not known`);
  await engine.must(`${settings.name} could not be started`, ["start", id]);
  const waited = await engine.ask(["wait", id], { timeoutSeconds: settings.timeoutSeconds });
  if (waited.code === TIMED_OUT) {
    await engine.ask(["stop", "--time", "10", id]);
    throw new Error(
      `${settings.name} did not end within ${settings.timeoutSeconds} s and was stopped; ${aftermath}.\n` +
        `${await lastWords(engine, id)}`,
    );
  }
  if (waited.code !== 0)
    throw new Error(`${settings.name} could not be waited for, and may still be running: ${waited.stderr.trim()}`);
  const code = Number(waited.stdout.trim());
  if (code === 0) return;
  throw new Error(
    `${settings.name} ended with exit code ${code}; ${aftermath}, and the next \`pulumi up\` runs it again.\n` +
      `${await lastWords(engine, id)}`,
  );
}

/** Has a running container take its live files. One that does not run reads them when it starts. */
async function reload(engine: DockerClient, stack: string, settings: ReloadSettings): Promise<void> {
  const id = await newestContainer(engine, ownLabels(stack, settings), true);
  if (id !== undefined) await runScript(engine, id, settings);
}

/** As `reload`, for all containers of that name: while one replaces another, both serve. */
async function applyFiles(engine: DockerClient, stack: string, settings: ReloadSettings): Promise<void> {
  for (const id of await runningContainers(engine, ownLabels(stack, settings))) await runScript(engine, id, settings);
}

const ownLabels = (stack: string, { owner }: ReloadSettings): Record<string, string> => ({
  [LABEL_STACK]: stack,
  [LABEL_NAME]: owner,
  [LABEL_COMPONENT]: owner,
});

async function runScript(engine: DockerClient, id: string, settings: ReloadSettings): Promise<void> {
  // A container of an earlier Rampart has no such script, and is about to be replaced.
  const result = await engine.ask(
    ["exec", id, "/bin/sh", "-c", 'test -f "$1" || exit 0; exec /bin/sh "$1"', "-", settings.script],
    { timeoutSeconds: RELOAD_TIMEOUT_SECONDS },
  );
  if (result.code === 0) return;
  throw new Error(
    `${settings.owner} did not take its new files; the next \`pulumi up\` tries ` +
      `again.\n${indent(`${result.stdout}${result.stderr}`.trim())}`,
  );
}

const RELOAD_TIMEOUT_SECONDS = 60;

/** Seconds in which Traefik must have read a changed file; it takes well under one. */
const ROUTES_TIMEOUT_SECONDS = 20;
const ROUTES_POLL_MS = 200;

/** Waits until the edge serves the routes just written, so that the old containers stop only after that. */
async function waitForRoutes(
  engine: DockerClient,
  stack: string,
  settings: RoutesSettings,
  args: pulumi.ResourceHookArgs,
): Promise<void> {
  const path = labelOf(args.newInputs, LABEL_ROUTES_PROBE);
  const edge = await newestContainer(engine, { [LABEL_STACK]: stack, [LABEL_NAME]: settings.edgeName }, true);
  // No edge yet: it reads the file when it starts.
  if (edge === undefined || path === undefined) return;
  // Traefik reads sub-directories but watches only the top one, so it never sees half a file; this makes it look.
  await engine.must("the edge could not be told of the new routes", ["kill", "--signal", "HUP", edge]);
  const url = `http://127.0.0.1:${settings.probePort}${path}`;
  await until(
    "the edge did not take the new routes",
    {
      seconds: ROUTES_TIMEOUT_SECONDS,
      everyMs: ROUTES_POLL_MS,
      otherwise: async () => `The edge goes on serving the old routes.\n${await lastWords(engine, edge)}`,
    },
    async () => {
      const probe = await engine.ask(["exec", edge, "wget", "-q", "-O", "/dev/null", url]);
      if (probe.code === 0) return { fact: true };
      return { state: lastLines(probe.stderr, 1) || `wget ended with ${probe.code}` };
    },
  );
}

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error));
