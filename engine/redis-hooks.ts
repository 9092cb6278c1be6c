import * as pulumi from "@pulumi/pulumi";
import { serviceOf } from "../hardening/container/canary";
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
  /** How many containers the stack has of each service, and of each canary by its own name. */
  readonly containers: Readonly<Record<string, number>>;
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
  const running = await serviceContainers(engine, stack);
  const spared = await Promise.all(
    users.map((user) => {
      const own = running.filter(({ name }) => serviceOf(name) === user);
      return stopSuperseded(engine, user, own, settings.containers);
    }),
  );
  await changeUsers(engine, stack, [
    "settle",
    ...users.flatMap((user, index) => {
      const addresses = spared[index] ?? [];
      return addresses.length === 0 ? [] : [`${user}=${addresses.join(",")}`];
    }),
  ]);
}

interface ServiceContainer {
  readonly id: string;
  /** The label: the service's, or its canary's. */
  readonly name: string;
  /** The first has no number in its engine's name, the second is `.2`. */
  readonly number: number;
}

/** The running containers of all services, the newest first. */
async function serviceContainers(engine: DockerClient, stack: string): Promise<readonly ServiceContainer[]> {
  const filters = labelFilters({ [LABEL_STACK]: stack, [LABEL_COMPONENT]: "service" });
  const format = `{{.ID}} {{.Names}} {{.Label "${LABEL_NAME}"}}`;
  const listing = ["container", "ls", "--no-trunc", "--format", format, ...filters];
  return lines(await engine.must("the containers of services could not be listed", listing)).map((line) => {
    const [id = "", engineName = "", name = ""] = line.split(" ");
    return { id, name, number: Number(/\.(\d+)-[0-9a-f]{7}$/.exec(engineName)?.[1] ?? 1) };
  });
}

/**
 * Stops all of a service's containers but the newest of each that the stack declares; gives the addresses of those that
 * stay.
 */
async function stopSuperseded(
  engine: DockerClient,
  service: string,
  found: readonly ServiceContainer[],
  declared: SettleSettings["containers"],
): Promise<readonly string[]> {
  const stays = found.filter(
    ({ name, number }, index) =>
      number <= (declared[name] ?? 0) && found.findIndex((one) => one.name === name && one.number === number) === index,
  );
  const goes = found.filter((one) => !stays.includes(one));
  const facts = await Promise.all(stays.map(({ id }) => inspect(engine, service, id)));
  // They have been healthy once, as their receipts say, but the engine may not have asked them yet.
  const ill = facts.find(({ health }) => !["healthy", "starting"].includes(health));
  if (goes.length > 0 && ill !== undefined) {
    throw new Error(
      `the new container of ${service} is ${ill.health}, so the old one and its password are kept; the next ` +
        "`pulumi up` ends them.",
    );
  }
  await Promise.all(goes.map(({ id }) => stop(engine, service, id)));
  return facts.map(({ addresses }) => addresses);
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
