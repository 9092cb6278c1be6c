/** What is otherwise on the engine than the state says. */
import { LABEL_EPHEMERAL } from "../hardening/container/labels";
import { liveContainer, nameOf } from "../hardening/rules/live";
import { viewOfResources, type ContainerView, type StackFacts } from "../hardening/rules";
import { leaf, tree } from "../hardening/tree";
import { checksOf, type Check, type Control, type Finding } from "./check";
import type { StackState, StateResource } from "./state";
import type { Survey } from "./survey";

const CONTAINER = "docker:index/container:Container";

export const DRIFT = {
  missing: {
    id: "drift-missing",
    title: "everything that the state names is there and runs",
    severity: "high",
    why: "what is gone protects nothing",
  },
  unknown: {
    id: "drift-unknown",
    title: "nothing carries the stack's labels that the state does not know",
    severity: "high",
    why: "a container that poses as the stack's may be believed",
  },
  changed: {
    id: "drift-changed",
    title: "containers are as they were declared",
    severity: "high",
    why: "what somebody changed by hand is in no review",
  },
  strangers: {
    id: "drift-strangers",
    title: "only the stack's own containers are on its networks",
    severity: "high",
    why: "whoever is on a network reaches what listens on it",
  },
} as const satisfies Record<string, Control>;

const of = (resources: readonly StateResource[], type: string): readonly StateResource[] =>
  resources.filter((resource) => resource.type === type);

const idOf = (inspected: unknown): string => leaf(tree(inspected)["Id"]);
const labelsOf = (inspected: unknown): Readonly<Record<string, unknown>> =>
  tree(tree(tree(inspected)["Config"])["Labels"]);

/** Whether a command of Rampart's says that it made a container for its own time. Whoever can make one can say so. */
const saysEphemeral = (inspected: unknown): boolean => labelsOf(inspected)[LABEL_EPHEMERAL] === "true";

/** Everything but what a probe itself makes. */
export function driftChecks(facts: StackFacts, state: StackState, survey: Survey): Check[] {
  return [
    ...checksOf(DRIFT.missing, missing(state, survey)),
    ...checksOf(DRIFT.unknown, unknown(facts.stack, state, survey)),
    ...checksOf(DRIFT.changed, changed(facts, state, survey)),
    ...checksOf(DRIFT.strangers, strangers(state, survey)),
  ];
}

function missing({ resources }: StackState, { containers, networks, volumes }: Survey): Finding[] {
  const byId = new Map(containers.map((one) => [idOf(one), one]));
  const names = (found: readonly unknown[]): Set<string> => new Set(found.map((one) => leaf(tree(one)["Name"])));
  const gone = (type: string, found: Set<string>): Finding[] =>
    of(resources, type).map(({ name, inputs }) => {
      const there = found.has(leaf(inputs["name"]));
      return { status: there ? "pass" : "fail", target: name, evidence: there ? "is there" : "is gone" };
    });
  return [
    ...of(resources, CONTAINER).map(({ id, name, inputs }): Finding => {
      const found = byId.get(id);
      if (found === undefined) return { status: "fail", target: name, evidence: "is gone" };
      const fault = inputs["mustRun"] === false ? undefined : standstill(found);
      return { status: fault === undefined ? "pass" : "fail", target: name, evidence: fault ?? "is there" };
    }),
    ...gone("docker:index/network:Network", names(networks)),
    ...gone("docker:index/volume:Volume", names(volumes)),
  ];
}

/** Why a container that has to run does not do its work. */
function standstill(inspected: unknown): string | undefined {
  const state = tree(tree(inspected)["State"]);
  if (state["Running"] !== true) return `is ${leaf(state["Status"])}, exit code ${Number(state["ExitCode"])}`;
  if (state["Paused"] === true) return "is paused";
  const health = tree(state["Health"])["Status"];
  return health === "unhealthy" ? "is unhealthy" : undefined;
}

function unknown(stack: string, { resources }: StackState, { containers }: Survey): Finding[] {
  const known = new Set(of(resources, CONTAINER).map(({ id }) => id));
  const others = containers.filter((one) => !known.has(idOf(one)));
  if (others.length === 0) return [{ status: "pass", target: stack, evidence: `${known.size} containers, all known` }];
  return others.map((one) => ({
    status: saysEphemeral(one) ? "skip" : "fail",
    target: nameOf(one),
    evidence: saysEphemeral(one)
      ? "says that a command of Rampart's made it for its own time, such as a psql session: see that one is under way"
      : "carries the stack's labels, and the state does not know it",
  }));
}

/**
 * The name of a volume that an image asks for (VOLUME) and nobody declares: the engine makes an empty one with each
 * container. Postgres' image does so for the containers of backups and elevations.
 */
const ANONYMOUS = /^[0-9a-f]{64}$/;

/** Fields of a view that the engine gives back as they were declared. */
const FIELDS = {
  user: ({ user }) => user,
  "privileged mode": ({ privileged }) => String(privileged),
  "read-only root": ({ readOnlyRoot }) => String(readOnlyRoot),
  "added capabilities": ({ capabilitiesAdded }) => list(capabilitiesAdded.map((name) => name.replace(/^CAP_/, ""))),
  "dropped capabilities": ({ capabilitiesDropped }) => list(capabilitiesDropped),
  "security options": ({ securityOpts }) => list(securityOpts.map(shortOption)),
  "memory in MiB": ({ memoryMiB }) => String(memoryMiB),
  "memory and swap in MiB": ({ memorySwapMiB }) => String(memorySwapMiB),
  CPUs: ({ cpus }) => String(cpus),
  "PIDs limit": ({ pids }) => String(pids),
  "restart policy": ({ restart }) => `${restart.policy}, ${restart.maxRetries} times`,
  "IPC namespace": ({ namespaces }) => namespaces.ipc || "private",
  "PID namespace": ({ namespaces }) => namespaces.pid,
  "user namespace": ({ namespaces }) => namespaces.userns,
  devices: ({ devices }) => String(devices),
  ports: ({ ports }) => list(ports.map(({ ip, external }) => `${ip}:${external}`)),
  mounts: ({ mounts }) =>
    list(
      mounts
        .filter(({ source }) => !ANONYMOUS.test(source))
        .map(({ source, target, readOnly }) => `${source} at ${target}${readOnly ? ", read-only" : ""}`),
    ),
  networks: ({ networks }) => list(networks),
} satisfies Record<string, (view: ContainerView) => string>;

const list = (values: readonly string[]): string => (values.length === 0 ? "none" : [...values].sort().join(", "));
/** A profile is a page of JSON. */
const shortOption = (option: string): string =>
  option.startsWith("seccomp={") ? `seccomp=profile of ${option.length} characters` : option;

/** Whether a carrier is meant: it has no limits, never runs, and its mount is where it was filled. */
const isCarrier = (view: ContainerView): boolean => view.component === "carrier";

function changed(facts: StackFacts, { resources }: StackState, { containers }: Survey): Finding[] {
  const declared = viewOfResources(facts, resources).containers;
  const resource = new Map(declared.map((view) => [view.resource, view]));
  const byId = new Map(containers.map((one) => [idOf(one), one]));
  return of(resources, CONTAINER).flatMap(({ id, name, inputs }): Finding[] => {
    const [inspected, view] = [byId.get(id), resource.get(name)];
    if (inspected === undefined || view === undefined || isCarrier(view)) return [];
    const faults = differences(view, liveContainer(inspected, { resource: name, accepted: {} }));
    const image = leaf(inputs["image"]) === leaf(tree(inspected)["Image"]) ? [] : ["image: another one"];
    const all = [...faults, ...image];
    return [{ status: all.length === 0 ? "pass" : "fail", target: name, evidence: all.join("; ") || "is as declared" }];
  });
}

export function differences(declared: ContainerView, live: ContainerView): string[] {
  return Object.entries(FIELDS).flatMap(([what, field]) => {
    const [was, is] = [field(declared), field(live)];
    return was === is ? [] : [`${what}: declared ${was}, is ${is}`];
  });
}

function strangers({ resources }: StackState, { containers, networks }: Survey): Finding[] {
  const known = new Set(of(resources, CONTAINER).map(({ id }) => id));
  const ephemeral = new Set(containers.filter(saysEphemeral).map(idOf));
  const declared = new Set(of(resources, "docker:index/network:Network").map(({ inputs }) => leaf(inputs["name"])));
  return networks
    .map(tree)
    .filter((network) => declared.has(leaf(network["Name"])))
    .map((network): Finding => {
      const others = Object.entries(tree(network["Containers"]))
        .filter(([id]) => !known.has(id) && !ephemeral.has(id))
        .map(([id, endpoint]) => leaf(tree(endpoint)["Name"]) || id.slice(0, 12));
      return {
        status: others.length === 0 ? "pass" : "fail",
        target: leaf(network["Name"]),
        evidence:
          others.length === 0 ? "only the stack's own containers" : `others are on it: ${others.sort().join(", ")}`,
      };
    });
}
