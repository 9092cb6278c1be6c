import { createServer } from "node:net";
import { defined } from "../../hardening/defined";
import { field, parseJson, text } from "../shared/json";

export interface WantedPort {
  /** The configuration key that sets it, such as `rampart:edge.httpsPort`. */
  readonly key: string;
  readonly address: string;
  readonly port: number;
}

export type PortState = "free" | "taken" | "no-such-address" | "unknown";

/** Tries the port as the engine would. What only root may listen on cannot be tried and is left to the engine. */
export function tryPort(address: string, port: number): Promise<PortState> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") return resolve("taken");
      resolve(error.code === "EADDRNOTAVAIL" ? "no-such-address" : "unknown");
    });
    server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve("free")));
  });
}

/** A running container that publishes a port. */
export interface PublishingContainer {
  readonly id: string;
  readonly name: string;
  readonly ports: readonly { readonly address: string; readonly port: number }[];
  /** The stack of whatever Rampart deployed it. */
  readonly stack?: string;
}

/** Reads `docker ps --no-trunc --format '{{json .}}'`: one object a line. */
export function parseContainers(listing: string): PublishingContainer[] {
  return listing.split("\n").flatMap((line) => {
    const row = parseJson(line);
    const [id, name] = [text(field(row, "ID")), text(field(row, "Names"))];
    if (id === undefined || name === undefined) return [];
    const stack = /(?:^|,)io\.rampart\.stack=([^,]*)/.exec(text(field(row, "Labels")) ?? "")?.[1];
    return [{ id, name, ports: publishedPorts(text(field(row, "Ports")) ?? ""), ...defined({ stack }) }];
  });
}

function publishedPorts(column: string): PublishingContainer["ports"] {
  return [...column.matchAll(/(\S+):(\d+)(?:-(\d+))?->/g)].flatMap(([, address = "", first = "0", last = first]) => {
    const count = Math.min(Number(last) - Number(first) + 1, 65_536);
    return Array.from({ length: count }, (_, index) => ({
      address: address.replace(/^\[|\]$/g, ""),
      port: Number(first) + index,
    }));
  });
}

const EVERY_ADDRESS = ["0.0.0.0", "::"];

/** The container that holds a port: the same address, or one of the two that stands for every address. */
export function holderOf(
  containers: readonly PublishingContainer[],
  { address, port }: WantedPort,
): PublishingContainer | undefined {
  const clashes = (other: string): boolean =>
    other === address || EVERY_ADDRESS.includes(other) || EVERY_ADDRESS.includes(address);
  return containers.find((container) =>
    container.ports.some((published) => published.port === port && clashes(published.address)),
  );
}

export interface Holder {
  /** For a person: `the container web`, `nginx (process 812)`. */
  readonly name: string;
  /** How to make it let go. */
  readonly remedy: string;
}

export function containerHolder(container: PublishingContainer): Holder {
  if (container.stack === undefined)
    return { name: `the container ${container.name}`, remedy: `stop it (\`docker stop ${container.name}\`)` };
  return {
    name: `the container ${container.name} of a Rampart stack ${container.stack} that was not deployed from here`,
    remedy: "destroy that stack from where it was deployed (`npx rampart pulumi destroy`)",
  };
}

export function processHolder(found: { readonly pid: number; readonly command: string } | undefined): Holder {
  if (found === undefined)
    return { name: "a process that only root can name", remedy: "find it (`sudo ss -ltnp`) and stop it" };
  return { name: `${found.command} (process ${found.pid})`, remedy: `stop it (\`kill ${found.pid}\`)` };
}

export function takenSentence({ key, address, port }: WantedPort, holder: Holder, sourceName: string): string {
  return (
    `Port ${port} on ${address}, which the edge needs, is held by ${holder.name}: ` +
    `${holder.remedy}, or set ${key} in ${sourceName} to another port, then run \`npm start\` again.`
  );
}

export function noAddressSentence({ address }: WantedPort, sourceName: string): string {
  return (
    `The address ${address}, on which the edge is to listen, is not one of this machine's: ` +
    `set rampart:edge.listenAddress in ${sourceName} to one that is.`
  );
}
