/** What can be reached from where. */
import { LABEL_NAME } from "../../hardening/container/labels";
import { POSTGRES_PORT } from "../../hardening/postgres/server/url";
import { REDIS_PORT } from "../../hardening/redis/url";
import { leaf, tree } from "../../hardening/tree";
import { SOCKET_PROXY_PORT } from "../../hardening/docker-api/address";
import type { Finding } from "../check";
import { addressesOf, type Shell, type Stage } from "../stage";
import type { Probe } from "./probe";

/** Seconds until a connection counts as not possible: a millisecond does on one engine, where nothing else is busy. */
const PATIENCE = 5;

export interface Target {
  /** For a person: `postgres at 10.1.12.10:5432`. */
  readonly what: string;
  readonly address: string;
  readonly port: number;
}

/** Which targets take a connection. All are tried at once. */
export async function reached(shell: Shell, targets: readonly Target[]): Promise<readonly boolean[]> {
  const tries = targets.map(
    ({ address, port }, index) =>
      `{ busybox nc -w ${PATIENCE} ${address} ${port} </dev/null >/dev/null 2>&1 && echo ${index}; } &`,
  );
  const { stdout } = await shell.run(`${tries.join("\n")}\nwait`);
  const open = new Set(
    stdout
      .split("\n")
      .filter((line) => line !== "")
      .map(Number),
  );
  return targets.map((_, index) => open.has(index));
}

interface Place extends Target {
  /** The engine's name of the network on which the address is. */
  readonly network: string;
}

/** Whatever listens on a port that is known, on each of its networks. */
function listeners(stage: Stage): Place[] {
  const portOf = (component: string, name: string): number | undefined => {
    switch (component) {
      case "postgres":
        return POSTGRES_PORT;
      case "redis":
        return REDIS_PORT;
      case "socket-proxy":
        return SOCKET_PROXY_PORT;
      case "service":
        return stage.config.services[name]?.port;
      default:
        return undefined;
    }
  };
  return ["postgres", "redis", "socket-proxy", "service"].flatMap((component) =>
    stage.running(component).flatMap((one) => {
      const name = leaf(tree(tree(one["Config"])["Labels"])[LABEL_NAME]);
      const port = portOf(component, name);
      return Object.entries(addressesOf(one)).flatMap(([network, address]) =>
        port === undefined ? [] : [{ what: `${name} at ${address}:${port}`, address, port, network }],
      );
    }),
  );
}

const told = (places: readonly Target[]): string => places.map(({ what }) => what).join(", ");

/** Connections from one network to everything. What is on the network itself is the control. */
async function isolationOf(stage: Stage, network: string, places: readonly Place[]): Promise<Finding> {
  const open = await reached(await stage.on(network), places);
  const target = network;
  const through = places.filter((place, index) => place.network !== network && open[index] === true);
  if (through.length > 0) return { status: "fail", target, evidence: `reaches ${told(through)}` };
  // Networks without communication between containers have nothing to reach.
  const own = places.filter((place) => place.network === network && stage.icc(network));
  const silent = own.filter((place) => open[places.indexOf(place)] !== true);
  const others = places.length - own.length;
  if (silent.length > 0)
    return {
      status: "skip",
      target,
      evidence: `not told: on its own network it does not reach ${told(silent)} either`,
    };
  return { status: "pass", target, evidence: `${others} connections refused, ${own.length} of its own taken` };
}

export const isolation: Probe = {
  id: "probe-isolation",
  title: "what is on one network cannot be reached from another",
  severity: "high",
  why: "an intruder in the frontend must not reach Postgres, nor anybody a proxy of the Docker API that is not theirs",
  run: async (stage) => {
    const places = listeners(stage);
    return Promise.all(stage.networks().map(({ engineName }) => isolationOf(stage, engineName, places)));
  },
};

/** The engine's own network, on which containers have a way out. */
const ENGINE_BRIDGE = "bridge";

export const noWayOut: Probe = {
  id: "probe-no-way-out",
  title: "internal networks have no way out",
  severity: "high",
  why: "what is stolen cannot be sent away, and nothing can be fetched",
  run: async (stage) => {
    const places = stage.outside.map((what) => {
      const [address = "", port] = what.split(":");
      return { what, address, port: Number(port) };
    });
    const internal = stage.networks().filter((network) => network.internal);
    const [control = [], ...tried] = await Promise.all(
      [ENGINE_BRIDGE, ...internal.map(({ engineName }) => engineName)].map(async (network) =>
        reached(await stage.on(network), places),
      ),
    );
    const reachable = control.includes(true);
    return internal.map(({ engineName: target }, index): Finding => {
      const through = places.filter((_, place) => tried[index]?.[place] === true);
      if (through.length > 0) return { status: "fail", target, evidence: `reaches ${told(through)}` };
      return reachable
        ? { status: "pass", target, evidence: `does not reach ${told(places.filter((_, place) => control[place]))}` }
        : {
            status: "skip",
            target,
            evidence: `not told: nothing of ${told(places)} answers from the engine's own bridge either (--outside)`,
          };
    });
  },
};

/** Ports on which a host commonly listens, and that of a Docker API in clear, which is root on the host. */
const HOST_PORTS = [22, 25, 53, 80, 111, 443, 2375, 2376, 3306, 5000, 5432, 6379, 8080, 9100] as const;
const DOCKER_IN_CLEAR = 2375;

export const hostListeners: Probe = {
  id: "probe-host-listeners",
  title: "internal networks do not reach what listens on the host",
  severity: "medium",
  why: "a service of the host, such as sshd, is within reach of whoever breaks into a container",
  run: (stage) =>
    Promise.all(
      stage
        .networks()
        .filter(({ internal, gateway }) => internal && gateway !== "")
        .map(async ({ engineName: target, gateway }): Promise<Finding> => {
          const ports = [...new Set([...HOST_PORTS, ...stage.publishedPorts()])];
          const places = ports.map((port) => ({ what: `${gateway}:${port}`, address: gateway, port }));
          const open = await reached(await stage.on(target), places);
          const found = places.filter((_, index) => open[index] === true);
          if (found.some(({ port }) => port === DOCKER_IN_CLEAR))
            return {
              status: "fail",
              target,
              evidence: `reaches a Docker API in clear at ${gateway}:${DOCKER_IN_CLEAR}`,
            };
          return found.length === 0
            ? { status: "pass", target, evidence: `${places.length} ports of ${gateway} tried, none is open` }
            : {
                status: "skip",
                target,
                evidence:
                  `reaches ${told(found)} of the host: the engine gives each network an address there. Close them by ` +
                  "the host's firewall, or bind them to other addresses (docs/threat-model.md)",
              };
        }),
    ),
};
