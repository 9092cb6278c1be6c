/** Where probes stand: throw-away containers on the stack's own networks, which are removed again. */
import type { DockerClient } from "../engine/docker";
import type { Finished } from "../engine/process";
import { ephemeralArgs, type EphemeralContainer } from "../hardening/container/ephemeral";
import { LABEL_COMPONENT } from "../hardening/container/labels";
import { NOBODY } from "../hardening/container/workload";
import { leaf, tree } from "../hardening/tree";
import { liveNetwork } from "../hardening/rules/live";
import type { NetworkView } from "../hardening/rules";
import type { LoadedConfig } from "../config";
import type { StackState } from "./state";
import type { Survey } from "./survey";

export const VERIFY_NAME = "verify";
/** Whatever becomes of the command, its containers end by themselves. */
const LONGEST_SECONDS = 300;

/** A place to try something from. */
export interface Shell {
  /** Runs a script by `sh`; `docker exec` and so `docker inspect` do not show its input. */
  readonly run: (
    script: string,
    options?: { readonly input?: string; readonly args?: readonly string[] },
  ) => Promise<Finished>;
}

export interface StageArgs {
  readonly engine: DockerClient;
  readonly stack: string;
  readonly survey: Survey;
  /** What the stack's file says. */
  readonly config: LoadedConfig;
  readonly state: StackState;
  /** `ADDRESS:PORT` beyond the engine, of what takes connections from everybody. */
  readonly outside: readonly string[];
}

/** A network of the stack, and this engine's address on it. */
export interface StageNetwork extends NetworkView {
  /** Empty where the engine has none. */
  readonly gateway: string;
}

export class Stage {
  readonly engine: DockerClient;
  readonly stack: string;
  readonly survey: Survey;
  readonly config: LoadedConfig;
  readonly state: StackState;
  readonly outside: readonly string[];
  private readonly shells = new Map<string, Promise<string>>();

  constructor({ engine, stack, survey, config, state, outside }: StageArgs) {
    this.engine = engine;
    this.stack = stack;
    this.survey = survey;
    this.config = config;
    this.state = state;
    this.outside = outside;
  }

  /**
   * A container on one network, made once. It runs the image that the gateway has, which is there and pinned.
   * @param network an engine's network by name, or `container:<id>`
   * @throws EngineError where it cannot be started
   */
  async on(network: string): Promise<Shell> {
    const made = this.shells.get(network) ?? this.start(network);
    this.shells.set(network, made);
    const id = await made;
    return {
      run: (script, { input = "", args = [] } = {}) =>
        this.engine.ask(["exec", "--interactive", id, "sh", "-c", script, "sh", ...args], {
          input,
          timeoutSeconds: 60,
        }),
    };
  }

  /** Removes every container that was made. */
  async close(): Promise<void> {
    const made = await Promise.allSettled(this.shells.values());
    const ids = made.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    this.shells.clear();
    if (ids.length > 0) await this.engine.ask(["rm", "--force", ...ids]);
  }

  /** The running containers of a kind, by their labels and, where it is given, their name. */
  running(component: string): readonly Readonly<Record<string, unknown>>[] {
    return this.survey.containers
      .map(tree)
      .filter(
        (one) =>
          tree(tree(one["Config"])["Labels"])[LABEL_COMPONENT] === component && tree(one["State"])["Running"] === true,
      );
  }

  networks(): readonly StageNetwork[] {
    return this.survey.networks.map((inspected) => {
      const ipam = tree(tree(inspected)["IPAM"])["Config"];
      const gateway = tree(Array.isArray(ipam) ? ipam[0] : undefined)["Gateway"];
      return { ...liveNetwork(inspected), gateway: typeof gateway === "string" ? (gateway.split("/")[0] ?? "") : "" };
    });
  }

  /** Whether containers on a network reach each other. @param network by the engine's name */
  icc(network: string): boolean {
    const found = this.survey.networks.map(tree).find(({ Name }) => Name === network);
    return tree(found?.["Options"])["com.docker.network.bridge.enable_icc"] !== "false";
  }

  publishedPorts(): readonly number[] {
    return this.running("gateway").flatMap((one) =>
      Object.values(tree(tree(one["HostConfig"])["PortBindings"]))
        .flatMap((bindings) => (Array.isArray(bindings) ? (bindings as unknown[]) : []))
        .map((binding) => Number(tree(binding)["HostPort"])),
    );
  }

  private async start(network: string): Promise<string> {
    const image = leaf(this.running("gateway")[0]?.["Image"]);
    const container: EphemeralContainer = {
      stack: this.stack,
      component: "job",
      name: VERIFY_NAME,
      image,
      user: NOBODY,
      network,
      resources: { memoryMiB: 32, cpus: 0.5, pids: 32 },
      entrypoint: "sleep",
      command: [String(LONGEST_SECONDS)],
    };
    const run = ["run", ...ephemeralArgs(container, ["--detach"])];
    return (await this.engine.must("A container for a probe could not be started", run)).trim();
  }
}

/** A container's addresses by the engine's names of its networks. */
export const addressesOf = (container: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(tree(tree(container["NetworkSettings"])["Networks"])).flatMap(([network, endpoint]) => {
      const address = tree(endpoint)["IPAddress"];
      return typeof address === "string" && address !== "" ? [[network, address]] : [];
    }),
  );
