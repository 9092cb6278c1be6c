/** Where probes stand: throw-away containers on the stack's own networks, which are removed again. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DockerClient } from "../engine/docker";
import type { Finished } from "../engine/process";
import { ephemeralArgs, type EphemeralContainer } from "../hardening/container/ephemeral";
import { LABEL_COMPONENT } from "../hardening/container/labels";
import { NOBODY } from "../hardening/container/workload";
import { leaf, tree } from "../hardening/tree";
import { liveNetwork } from "../hardening/rules/live";
import type { ContainerView, NetworkView } from "../hardening/rules";
import type { LoadedConfig } from "../config";
import type { StackState } from "./state";
import type { Survey } from "./survey";

export const VERIFY_NAME = "verify";
/** Whatever becomes of the command, its containers end by themselves. */
const LONGEST_SECONDS = 300;

/** What a probe says of a container that it makes; without a command it sleeps. */
export type StageContainer = Omit<EphemeralContainer, "component" | "name" | "stack" | "kept">;

/** A place to try something from. */
export interface Shell {
  /** The container's id. */
  readonly id: string;
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
  /** The containers that the state declares. */
  readonly containers: readonly ContainerView[];
  /** `ADDRESS:PORT` beyond the engine, of what takes connections from everybody. */
  readonly outside: readonly string[];
}

/** What the kernel holds a container to, as the engine lists it. */
export interface Confinement {
  /** Such as `seccomp=<profile>`. */
  readonly securityOpts: readonly string[];
  /** Those that it has. */
  readonly capabilities: readonly string[];
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
  private readonly containers: readonly ContainerView[];
  private readonly shells = new Map<string, Promise<string>>();

  constructor({ engine, stack, survey, config, state, containers, outside }: StageArgs) {
    this.engine = engine;
    this.stack = stack;
    this.survey = survey;
    this.config = config;
    this.state = state;
    this.outside = outside;
    this.containers = containers;
  }

  /**
   * A container on one network, made once. It runs the image that the gateway has, which is there and pinned.
   * @param network an engine's network by name, or `container:<id>`
   * @throws EngineError where it cannot be started
   */
  on(network: string): Promise<Shell> {
    return this.shell(network, () => this.start({ network }));
  }

  /** A container that sees another's processes, on no network. @throws EngineError where it cannot be started */
  beside(id: string): Promise<Shell> {
    return this.shell(`pid ${id}`, () => this.start({ options: ["--pid", `container:${id}`] }));
  }

  /**
   * A container that the kernel confines as another, on no network: as root, which is the most that an intruder there
   * could become.
   * @throws EngineError where it cannot be started
   */
  like(confinement: Confinement): Promise<Shell> {
    return this.shell(JSON.stringify(confinement), () => this.confined(confinement));
  }

  /** What the state says of a container; undefined where it does not know it. @param id the engine's */
  declared(id: string): ContainerView | undefined {
    const name = this.state.resources.find((resource) => resource.id === id)?.name;
    return this.containers.find(({ resource }) => resource === name);
  }

  /**
   * A container of another kind, made once.
   * @throws EngineError where it cannot be started
   */
  in(container: StageContainer): Promise<Shell> {
    return this.shell(JSON.stringify(container), () => this.run(container));
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

  private async shell(key: string, start: () => Promise<string>): Promise<Shell> {
    const made = this.shells.get(key) ?? start();
    this.shells.set(key, made);
    const id = await made;
    return {
      id,
      run: (script, { input = "", args = [] } = {}) =>
        this.engine.ask(["exec", "--interactive", id, "sh", "-c", script, "sh", ...args], {
          input,
          timeoutSeconds: 60,
        }),
    };
  }

  /** The Docker CLI takes a profile as a file. */
  private async confined({ securityOpts, capabilities }: Confinement): Promise<string> {
    const directory = mkdtempSync(join(tmpdir(), "rampart-verify-"));
    try {
      const file = join(directory, "seccomp.json");
      const options = securityOpts.map((option) => {
        if (!option.startsWith("seccomp={")) return option;
        writeFileSync(file, option.slice("seccomp=".length));
        return `seccomp=${file}`;
      });
      return await this.start({
        options: [
          ...options.flatMap((option) => ["--security-opt", option]),
          ...capabilities.flatMap((name) => ["--cap-add", name]),
        ],
        user: "0:0",
      });
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }

  private start({ network = "none", options = [], user = NOBODY }: ShellArgs): Promise<string> {
    const image = leaf(this.running("gateway")[0]?.["Image"]);
    // Probes share it, and each tries many things at once.
    return this.run({ image, user, network, resources: { memoryMiB: 64, cpus: 0.5, pids: 256 } }, options);
  }

  private async run(own: StageContainer, options: readonly string[] = []): Promise<string> {
    const container: EphemeralContainer = {
      stack: this.stack,
      component: "job",
      name: VERIFY_NAME,
      entrypoint: "sleep",
      command: [String(LONGEST_SECONDS)],
      ...own,
    };
    const run = ["run", ...ephemeralArgs(container, ["--detach", ...options])];
    return (await this.engine.must("A container for a probe could not be started", run)).trim();
  }
}

interface ShellArgs {
  /** By the engine's name. @default none */
  readonly network?: string;
  /** More options of `docker run`. @default none */
  readonly options?: readonly string[];
  /** @default nobody */
  readonly user?: string;
}

/** A container's addresses by the engine's names of its networks. */
export const addressesOf = (container: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(tree(tree(container["NetworkSettings"])["Networks"])).flatMap(([network, endpoint]) => {
      const address = tree(endpoint)["IPAddress"];
      return typeof address === "string" && address !== "" ? [[network, address]] : [];
    }),
  );
