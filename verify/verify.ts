/** Judges a running stack: by the rules, by comparison with its state, and by trying. */
import type { LoadedConfig } from "../config";
import type { DockerClient } from "../engine/docker";
import { judge, RULES, viewOfResources, type PostureEntry, type StackFacts, type StackView } from "../hardening/rules";
import { liveContainer, liveNetwork } from "../hardening/rules/live";
import { leaf, tree } from "../hardening/tree";
import { checksOf, type Check, type Finding, type Outcome } from "./check";
import { driftChecks } from "./drift";
import { PROBES } from "./probes";
import type { Probe } from "./probes/probe";
import { Stage } from "./stage";
import type { StackState } from "./state";
import { survey, type Survey } from "./survey";

export interface VerifyArgs {
  readonly engine: DockerClient;
  /** What the stack's file says, and what the rules need of it. */
  readonly config: LoadedConfig;
  readonly facts: StackFacts;
  readonly state: StackState;
  /** Whether probes may change or load the stack. @default false */
  readonly attack?: boolean;
  /** `ADDRESS:PORT` beyond the engine, of what takes connections from everybody. @default resolvers of the internet */
  readonly outside?: readonly string[];
  /** Told of each step. */
  readonly progress?: (text: string) => void;
}

export interface Verification {
  readonly stack: string;
  readonly engine: string;
  readonly checks: readonly Check[];
}

/** Whoever is on the internet reaches them: they take connections, and nothing is sent. */
const RESOLVERS = ["1.1.1.1:53", "8.8.8.8:53", "9.9.9.9:53"];

/** Probes that run at the same time: each mostly waits for the engine. */
const LANES = 4;

/** Leaves the stack as it was. @throws EngineError where the engine does not answer */
export async function verify(args: VerifyArgs): Promise<Verification> {
  const { engine, config, facts, state, attack = false, outside = RESOLVERS, progress = () => undefined } = args;
  progress("reads what the engine says of the stack");
  const ids = state.resources.filter(({ type }) => type === "docker:index/container:Container").map(({ id }) => id);
  const found = await survey(engine, facts.stack, ids);
  const { containers } = viewOfResources(facts, state.resources);
  const stage = new Stage({ engine, stack: facts.stack, survey: found, config, state, containers, outside });
  try {
    const attacks = attack ? PROBES.filter((probe) => probe.attack === true) : [];
    const others = PROBES.filter((probe) => probe.attack !== true);
    return {
      stack: facts.stack,
      engine: `${engine.host}, Docker ${found.engine.version}`,
      checks: [
        ...driftChecks(facts, state, found),
        ...(await runProbes(others, stage, progress)),
        // Afterwards and one by one, as they take what a rate limit lets through.
        ...(await runProbes(attacks, stage, progress, 1)),
        ...ruleChecks(liveView(facts, state, found)),
      ],
    };
  } finally {
    await stage.close();
  }
}

async function runProbes(
  probes: readonly Probe[],
  stage: Stage,
  progress: NonNullable<VerifyArgs["progress"]>,
  lanes = LANES,
): Promise<Check[]> {
  const checks = new Map<Probe, Check[]>();
  const waiting = [...probes];
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      progress(`tries ${next.id}: ${next.title}`);
      checks.set(next, checksOf(next, await findingsOf(next, stage)));
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return probes.flatMap((probe) => checks.get(probe) ?? []);
}

/** What cannot be tried has not been shown to hold. */
async function findingsOf(probe: Probe, stage: Stage): Promise<readonly Finding[]> {
  try {
    return await probe.run(stage);
  } catch (error) {
    const evidence = `could not be tried: ${error instanceof Error ? error.message : String(error)}`;
    return [{ status: "skip", target: stage.stack, evidence }];
  }
}

/**
 * The stack as it runs. What only a declaration can say, such as who is elevated, comes from the configuration; reasons
 * for what is not held come from the state, never from the labels of what runs.
 */
export function liveView(facts: StackFacts, state: StackState, { containers, networks, engine }: Survey): StackView {
  const declared = viewOfResources(facts, state.resources);
  const accepted = new Map(declared.containers.map((view) => [view.resource, view.accepted]));
  const names = new Map(state.resources.map(({ id, name }) => [id, name]));
  const isSecret = (value: string): boolean => state.secrets.some((secret) => value.includes(secret));
  return {
    ...declared,
    engine,
    containers: containers.map((one) => {
      const resource = names.get(leaf(tree(one)["Id"]));
      const known = resource === undefined ? undefined : { resource, accepted: accepted.get(resource) ?? {} };
      return liveContainer(one, known, isSecret);
    }),
    networks: networks.map(liveNetwork),
  };
}

const OUTCOMES: Readonly<Record<PostureEntry["status"], Outcome>> = {
  accepted: "accepted",
  fail: "fail",
  open: "skip",
  pass: "pass",
  skip: "skip",
};

/** Every rule of the plan's posture, on what runs. */
function ruleChecks(view: StackView): Check[] {
  const titles = new Map(RULES.map(({ id, title }) => [id, title]));
  return judge(RULES, view).map(({ id, severity, status, resource, message }) => ({
    id,
    title: titles.get(id) ?? id,
    severity,
    status: OUTCOMES[status],
    target: resource,
    evidence: status === "open" ? `for a person to decide: ${message}` : message,
  }));
}
