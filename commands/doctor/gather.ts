/** Asks a host and its engine what is so. Nothing is judged here, and nothing is changed. */
import type { DockerClient } from "../../engine/docker";
import { lastLines } from "../../engine/text";
import { defined } from "../../hardening/defined";
import {
  FACTS_SCRIPT,
  HostFacts,
  parseFacts,
  saidFacts,
  unseenHost,
  type EngineFacts,
  type Fact,
} from "../../hardening/host";
import { isTree, leaf, type Tree } from "../../hardening/tree";
import { messageOf } from "../shared/errors";
import { parseJson } from "../shared/json";
import { checkAddress, runOn, unanswered } from "../shared/machine";

/** `sshd -T` and `needs-restarting` take seconds on a small host. */
const SCRIPT_SECONDS = 90;
const ENGINE_SECONDS = 30;

export interface GatherArgs {
  readonly engine: DockerClient;
  /** The machine that the script runs on: `ssh://user@host:22`. @default where the engine's address says */
  readonly host?: string;
  /** Whether the script runs by `sudo -n`. */
  readonly sudo: boolean;
  readonly env: NodeJS.ProcessEnv;
}

/** @throws UserError where the machine cannot be reached, or sudo asks for a password */
export async function gather({ engine, host, sudo, env }: GatherArgs): Promise<HostFacts> {
  const machine = host ?? (engine.host.startsWith("ssh://") ? engine.host : undefined);
  if (machine !== undefined) checkAddress(machine);
  const asked = await askEngine(engine);
  if (machine === undefined && !engine.host.startsWith("unix://"))
    return new HostFacts(
      [],
      asked,
      `the engine is reached by ${engine.host.split(":")[0] ?? ""}: name its machine with --host ssh://user@machine`,
    );
  const facts = await askHost({ asked, socket: socketOf(engine.host), machine, sudo, env });
  const said = saidFacts(facts);
  const told = asked.info === undefined && said !== undefined ? said : asked;
  const unseen = unseenHost(facts, told.info);
  return new HostFacts(unseen === undefined ? facts : [], told, unseen);
}

/** The engine's socket on its own machine. */
const socketOf = (address: string): string =>
  /^(?:unix|ssh):\/\/[^/]*(\/.+)$/.exec(address)?.[1] ?? "/var/run/docker.sock";

async function askEngine(engine: DockerClient): Promise<EngineFacts> {
  try {
    const json = async (...args: readonly string[]): Promise<Tree | undefined> => {
      const { code, stdout } = await engine.ask(args, { timeoutSeconds: ENGINE_SECONDS });
      const value = code === 0 ? parseJson(stdout) : undefined;
      return isTree(value) ? value : undefined;
    };
    const [info, version, bridge, listing] = await Promise.all([
      engine.ask(["info", "--format", "{{json .}}"], { timeoutSeconds: ENGINE_SECONDS }),
      json("version", "--format", "{{json .}}"),
      json("network", "inspect", "--format", "{{json .}}", "bridge"),
      engine.ask(["ps", "--format", "{{.Names}}\t{{.Ports}}"], { timeoutSeconds: ENGINE_SECONDS }),
    ]);
    const told = parseJson(info.stdout);
    // Without an engine the CLI tells of itself, and of an error.
    if (!isTree(told) || info.code !== 0 || leaf(told["ServerVersion"]) === "")
      return { silent: silence(`${info.stderr}\n${errorsOf(told)}`) };
    return {
      info: told,
      published: listing.stdout.split("\n").flatMap((line) => {
        const [name = "", ports = ""] = line.split("\t");
        return name === "" ? [] : [{ name, ports }];
      }),
      ...defined({ version, bridge }),
    };
  } catch (error) {
    return { silent: `the engine does not answer: ${messageOf(error)}` };
  }
}

function silence(errors: string): string {
  if (/permission denied/i.test(errors))
    return "the engine does not answer this user: be root or in the group of its socket, or use --sudo";
  return `the engine does not answer: ${lastLines(errors, 1) || "it says nothing"}`;
}

const errorsOf = (info: unknown): string =>
  isTree(info) && Array.isArray(info["ServerErrors"]) ? info["ServerErrors"].map(leaf).join("\n") : "";

interface AskHost extends Pick<GatherArgs, "sudo" | "env"> {
  readonly asked: EngineFacts;
  readonly socket: string;
  readonly machine: string | undefined;
}

async function askHost({ asked, socket, machine, sudo, env }: AskHost): Promise<readonly Fact[]> {
  const root = leaf(asked.info?.["DockerRootDir"]) || "/var/lib/docker";
  const on = { address: machine, sudo, env };
  const finished = await runOn(on, {
    text: FACTS_SCRIPT,
    args: [socket, root, ...(asked.info === undefined ? ["ask"] : [])],
    timeoutSeconds: SCRIPT_SECONDS,
  });
  try {
    return parseFacts(finished.stdout);
  } catch (error) {
    throw unanswered(on, finished, error instanceof Error ? error.message : "");
  }
}
