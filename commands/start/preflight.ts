import type { LoadedConfig } from "../../config/load";
import { DockerClient } from "../../engine/docker";
import { lines } from "../../engine/text";
import { UserError } from "../shared/errors";
import { pulumiCommand } from "../shared/pulumi-cli";
import { lockDirectory, readState } from "../shared/state";
import type { Workspace } from "../shared/workspace";
import { findLeftovers, goesWithUpdate, isAny, type Leftovers, leftoverSentence, listEngine } from "./leftovers";
import { findListener } from "./listener";
import {
  deadSentence,
  heldSentence,
  judgeLocks,
  pendingCreations,
  pendingOperations,
  readLocks,
  removeLock,
} from "./locks";
import {
  containerHolder,
  holderOf,
  noAddressSentence,
  parseContainers,
  processHolder,
  takenSentence,
  tryPort,
  type WantedPort,
} from "./ports";

/** The ports that the edge publishes. */
export function wantedPorts(config: LoadedConfig): WantedPort[] {
  const { listenAddress: address, httpPort, httpsPort } = config.edge;
  return [
    ...(httpPort === false ? [] : [{ key: "rampart:edge.httpPort", address, port: httpPort }]),
    { key: "rampart:edge.httpsPort", address, port: httpsPort },
  ];
}

/**
 * The edge's ports are free, or held by this stack's own edge: a container whose id is in this very state, as another
 * checkout's stack may have the same name.
 * @returns what to say of them
 * @throws UserError with a sentence for each port that is taken
 */
export async function checkPorts(workspace: Workspace, config: LoadedConfig, host: string): Promise<string> {
  const state = readState(workspace.paths, workspace.project, workspace.stack);
  const listing = await new DockerClient(host).ask(["ps", "--no-trunc", "--format", "{{json .}}"]);
  const containers = parseContainers(listing.stdout);
  // Ports of another machine cannot be tried from here.
  const local = host.startsWith("unix:") || host.startsWith("npipe:");
  const faults: string[] = [];
  let own = false;
  for (const wanted of wantedPorts(config)) {
    const container = holderOf(containers, wanted);
    if (container !== undefined && state.includes(container.id)) {
      own = true;
      continue;
    }
    const tried = local ? await tryPort(wanted.address, wanted.port) : "unknown";
    if (tried === "no-such-address") faults.push(noAddressSentence(wanted, workspace.sourceName));
    else if (container !== undefined)
      faults.push(takenSentence(wanted, containerHolder(container), workspace.sourceName));
    else if (tried === "taken")
      faults.push(takenSentence(wanted, processHolder(await findListener(wanted.port)), workspace.sourceName));
  }
  if (faults.length > 0) throw new UserError([...new Set(faults)].join("\n"));
  const ports = wantedPorts(config)
    .map(({ address, port }) => `${address}:${port}`)
    .join(" and ");
  return own ? `${ports}, held by this stack's own edge` : `${ports} free`;
}

/**
 * What has a fixed name or address would fail the update halfway where something else has it.
 * @returns what to say of a run that was cut off
 * @throws UserError when something is there
 */
export async function checkLeftovers(workspace: Workspace, config: LoadedConfig, host: string): Promise<string[]> {
  const { project, stack } = workspace;
  const state = readState(workspace.paths, project, stack);
  const cutOff = pendingOperations(state) > 0;
  const engine = new DockerClient(host);
  const leftovers = findLeftovers(await listEngine(engine, stack), config.name, state);
  const any = isAny(leftovers);
  if (any && !(cutOff && goesWithUpdate(leftovers, pendingCreations(state), await limitsOf(engine, leftovers))))
    throw new UserError(leftoverSentence(config.name, leftovers, cutOff, workspace.sourceName));
  if (!cutOff) return [];
  return [
    `a run was cut off${any ? `; this one removes what is left: ${leftovers.containers.join(", ")}` : ""}` +
      `${any ? "" : ", but nothing of it is left"}; ` +
      `Pulumi goes on warning of it until \`${pulumiCommand(workspace, "refresh --clear-pending-creates")}\``,
  ];
}

/** The containers' PIDs limits, as `docker inspect` says them. */
async function limitsOf(engine: DockerClient, { containers }: Leftovers): Promise<readonly string[]> {
  if (containers.length === 0) return [];
  return lines((await engine.ask(["inspect", "--format", "{{json .HostConfig.PidsLimit}}", ...containers])).stdout);
}

/**
 * Takes off the locks of processes that are gone: after a crash or a reboot nobody else will.
 * @returns what to say of it
 * @throws UserError when a lock is held, or may be
 */
export function checkLocks(workspace: Workspace): string[] {
  const { paths, project, stack } = workspace;
  const { dead, held } = judgeLocks(readLocks(lockDirectory(paths, project, stack)));
  if (held.length > 0) throw new UserError(heldSentence(stack, held, pulumiCommand(workspace, "cancel")));
  dead.forEach(removeLock);
  return dead.map(deadSentence);
}
