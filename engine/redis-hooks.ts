import * as pulumi from "@pulumi/pulumi";
import { LABEL_COMPONENT, LABEL_NAME, LABEL_STACK } from "../hardening/container/labels";
import { REDIS_PATHS } from "../hardening/redis";
import { labelFilters, newestContainer } from "./containers";
import type { DockerClient } from "./docker";
import { EngineError } from "./engine";
import { lines } from "./text";

/**
 * How the users of the running Redis follow the stack's. Both hooks belong to receipts, so one that fails runs again
 * with the next `up`.
 */
export interface RedisHooks {
  /** Adds what this version declares, and takes nothing away: old and new containers both work. */
  readonly usersStaged: pulumi.ResourceHookBinding;
  /** Ends what is not declared any more, after the containers that use it. */
  readonly usersSettled: (settings: SettleSettings) => pulumi.ResourceHookBinding;
}

export interface SettleSettings {
  /** Services that use Redis. */
  readonly users: readonly string[];
  /** All services of the stack. */
  readonly services: readonly string[];
}

export const NO_REDIS_HOOKS: RedisHooks = { usersStaged: {}, usersSettled: () => ({}) };

export function redisHooks(name: string, stack: string, engine: DockerClient): RedisHooks {
  return {
    usersStaged: {
      beforeCreate: [
        new pulumi.ResourceHook(
          `${name}-redis-users-stage`,
          async () => void (await changeUsers(engine, stack, ["stage"])),
        ),
      ],
    },
    usersSettled: (settings) => ({
      beforeCreate: [new pulumi.ResourceHook(`${name}-redis-users-settle`, () => settle(engine, stack, settings))],
    }),
  };
}

/** Seconds for a change of users; Redis may still be loading its data. */
const CHANGE_TIMEOUT_SECONDS = 90;

/** Runs the script that the container has mounted: the password of the administration never leaves it. */
async function changeUsers(engine: DockerClient, stack: string, args: readonly string[]): Promise<string> {
  const redis = await newestContainer(
    engine,
    { [LABEL_STACK]: stack, [LABEL_NAME]: "redis", [LABEL_COMPONENT]: "redis" },
    true,
  );
  if (redis === undefined) {
    throw new Error(
      "Redis does not run, so its users could not be changed; services were left as they are. Look at its log, " +
        "then run `pulumi up --refresh`.",
    );
  }
  return engine.must(
    "Redis did not take the change of its users, which the next `pulumi up` tries again",
    ["exec", redis, "/bin/sh", REDIS_PATHS.users, ...args],
    { timeoutSeconds: CHANGE_TIMEOUT_SECONDS },
  );
}

/**
 * Pulumi deletes containers that were replaced at the very end of an update. Those that log in to Redis stop here
 * already, as the engine would stop them later: their edge routes are gone, and their password ends next.
 */
async function settle(engine: DockerClient, stack: string, settings: SettleSettings): Promise<void> {
  const inForce = lines(await changeUsers(engine, stack, ["list"]));
  const users = [...new Set([...settings.users, ...inForce])].sort();
  const spared = await Promise.all(
    users.map((user) => stopSuperseded(engine, stack, user, settings.services.includes(user))),
  );
  await changeUsers(engine, stack, [
    "settle",
    ...users.flatMap((user, index) => (spared[index] === undefined ? [] : [`${user}=${spared[index]}`])),
  ]);
}

/**
 * Stops all but the newest container of a service, or all of them where there is no such service any more; gives the
 * newest one's addresses.
 */
async function stopSuperseded(
  engine: DockerClient,
  stack: string,
  service: string,
  kept: boolean,
): Promise<string | undefined> {
  const filters = labelFilters({ [LABEL_STACK]: stack, [LABEL_COMPONENT]: "service", [LABEL_NAME]: service });
  const listing = ["ps", "--no-trunc", "--quiet", ...filters];
  const [newest, ...older] = lines(await engine.must(`the containers of ${service} could not be listed`, listing));
  if (newest === undefined) return undefined;
  if (!kept) {
    await Promise.all([newest, ...older].map((id) => stop(engine, service, id)));
    return undefined;
  }
  const facts = await inspect(engine, service, newest);
  // It has been healthy once, as its receipt says, but the engine may not have asked it yet.
  if (older.length > 0 && !["healthy", "starting"].includes(facts.health)) {
    throw new Error(
      `the new container of ${service} is ${facts.health}, so the old one and its password are kept; the next ` +
        "`pulumi up` ends them.",
    );
  }
  await Promise.all(older.map((id) => stop(engine, service, id)));
  return facts.addresses;
}

async function stop(engine: DockerClient, service: string, id: string): Promise<void> {
  const { graceSeconds } = await inspect(engine, service, id);
  await engine.must(
    `the old container of ${service} could not be stopped, so its password is kept`,
    ["stop", "--time", String(graceSeconds), id],
    { timeoutSeconds: graceSeconds + 30 },
  );
}

interface ContainerFacts {
  readonly health: string;
  readonly graceSeconds: number;
  /** Separated by commas. */
  readonly addresses: string;
}

const FORMAT =
  "{{if .State.Health}}{{.State.Health.Status}}{{else}}healthy{{end}} {{or .Config.StopTimeout 10}} {{range " +
  ".NetworkSettings.Networks}}{{.IPAddress}},{{end}}";

async function inspect(engine: DockerClient, service: string, id: string): Promise<ContainerFacts> {
  const what = `a container of ${service} could not be inspected`;
  const found = (await engine.must(what, ["inspect", "--format", FORMAT, id])).trim();
  const [health, grace, addresses] = found.split(" ");
  if (health === undefined || grace === undefined) throw new EngineError(`${what}: ${found}`);
  return { health, graceSeconds: Number(grace), addresses: (addresses ?? "").replace(/,$/, "") };
}
