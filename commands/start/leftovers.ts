import { labelFilters } from "../../engine/containers";
import type { DockerClient } from "../../engine/docker";
import { LABEL_EPHEMERAL, LABEL_STACK } from "../../hardening/container/labels";
import { field, parseJson, text } from "../shared/json";

/** What the engine has under a stack's name although its state does not know it, by the engine's names. */
export interface Leftovers {
  readonly containers: readonly string[];
  readonly networks: readonly string[];
  readonly volumes: readonly string[];
}

/** `docker … ls --format '{{json .}}'` of each kind. */
export interface Listings {
  readonly containers: string;
  readonly networks: string;
  readonly volumes: string;
}

export async function listEngine(engine: DockerClient, stack: string): Promise<Listings> {
  const narrowed = [...labelFilters({ [LABEL_STACK]: stack }), "--format", "{{json .}}"];
  const list = async (...args: string[]): Promise<string> => (await engine.ask([...args, ...narrowed])).stdout;
  const [containers, networks, volumes] = await Promise.all([
    list("ps", "--all", "--no-trunc"),
    list("network", "ls", "--no-trunc"),
    list("volume", "ls"),
  ]);
  return { containers, networks, volumes };
}

const UPGRADE_VOLUME = /-postgres-data-\d{2}(-dump)?$/;

/** @param state the stack's state as text: it holds the id of whatever it knows, and an id is in nothing else */
export function findLeftovers(listings: Listings, name: string, state: string): Leftovers {
  const ofStack = (listing: string, nameKey: string, idKey: string): string[] =>
    listing.split("\n").flatMap((line) => {
      const row = parseJson(line);
      const [found, id] = [text(field(row, nameKey)), text(field(row, idKey))];
      // What a command made for its own time, and the volumes of a major upgrade, belong to no state.
      const own =
        (text(field(row, "Labels")) ?? "").split(",").includes(`${LABEL_EPHEMERAL}=true`) ||
        UPGRADE_VOLUME.test(found ?? "");
      return found !== undefined &&
        id !== undefined &&
        !own &&
        found.startsWith(`${name}-`) &&
        !state.includes(`"${id}"`)
        ? [found]
        : [];
    });
  return {
    containers: ofStack(listings.containers, "Names", "ID"),
    networks: ofStack(listings.networks, "Name", "ID"),
    volumes: ofStack(listings.volumes, "Name", "Name"),
  };
}

/**
 * Whether something is there that the next update would trip over:
 * fixed names, addresses, or data under another password.
 */
export const isAny = ({ containers, networks, volumes }: Leftovers): boolean =>
  containers.length + networks.length + volumes.length > 0;

/** A container by Pulumi's automatic names: its resource's name and seven hexadecimal digits. */
const isOf = (resource: string, container: string): boolean =>
  container.startsWith(`${resource}-`) && /^[0-9a-f]{7}$/.test(container.slice(resource.length + 1));

/**
 * Whether the next update removes all of it: containers of creations that it begins again, before it creates
 * (engine/leftovers.ts). A network, a volume or another container stays in its way.
 * @param creating names of the resources whose creation was cut off
 * @param limits what `docker inspect` says of the containers' PIDs limits: the last step of a creation sets it
 */
export const goesWithUpdate = (
  { containers, networks, volumes }: Leftovers,
  creating: readonly string[],
  limits: readonly string[],
): boolean =>
  networks.length + volumes.length === 0 &&
  containers.every((container) => creating.some((resource) => isOf(resource, container))) &&
  limits.length === containers.length &&
  limits.every((limit) => /^(?:null|0|-1)$/.test(limit));

/** The commands that take the leftovers away. */
export function removal({ containers, networks, volumes }: Leftovers): string {
  const commands: [string, readonly string[]][] = [
    ["docker rm --force", containers],
    ["docker network rm", networks],
    ["docker volume rm", volumes],
  ];
  return commands
    .flatMap(([command, names]) => (names.length === 0 ? [] : [`${command} ${[...names].sort().join(" ")}`]))
    .join(" ; ");
}

/** @param cutOff whether the state says that a run did not get to its end */
export function leftoverSentence(name: string, leftovers: Leftovers, cutOff: boolean, sourceName: string): string {
  if (cutOff) {
    return (
      `A run that was cut off left things of ${name} on the engine which its state does not know: ` +
      `remove them with \`${removal(leftovers)}\`, then run \`npm start\` again.`
    );
  }
  const loss = leftovers.volumes.length > 0 ? ", which deletes its data" : "";
  return (
    `The engine already has a stack named ${name} whose state is not here: ` +
    `destroy it from where it was deployed (or, if that is gone, with \`${removal(leftovers)}\`${loss}), ` +
    `or give this one another name with rampart:name in ${sourceName}, then run \`npm start\` again.`
  );
}
