/** What runs on the engine, as `docker inspect` says it. */
import { LABEL_COMPONENT, LABEL_EPHEMERAL, LABEL_NAME } from "../../hardening/container/labels";
import { defined } from "../../hardening/defined";
import { field, text } from "./json";

export interface ContainerFact {
  readonly id: string;
  /** The engine's name of the container. */
  readonly container: string;
  /** `service`, `postgres`, `carrier` and so on; the name within the stack. */
  readonly component: string;
  readonly name: string;
  /** Docker's word: `running`, `exited`, `restarting`, `created`, `paused`, `dead`. */
  readonly state: string;
  /** `healthy`, `unhealthy`, `starting`; absent without a health check. */
  readonly health?: string;
  /** ISO 8601; absent where it never started. */
  readonly since?: string;
  readonly exitCode?: number;
  readonly restarts: number;
  readonly outOfMemory: boolean;
  /** Of the version: what the gateway knows it by. Only services have one. */
  readonly version?: string;
  readonly imageId: string;
  /** Within the stack's networks. */
  readonly addresses: readonly string[];
  /** Bytes that its log may take on the engine's disk; absent where nothing bounds it. */
  readonly logBytes?: number;
  /** Whether a command of Rampart's made it for its own time. */
  readonly ephemeral: boolean;
}

/** Docker's time of what never happened. */
const NEVER = "0001-01-01T00:00:00Z";

const VERSION_ALIAS = /^(.+)-([0-9a-f]{10})$/;

const values = (value: unknown): readonly unknown[] =>
  typeof value === "object" && value !== null ? Object.values(value) : [];

export function containerFacts(inspected: unknown): ContainerFact[] {
  return (Array.isArray(inspected) ? inspected : []).map((one: unknown) => {
    const labels = field(field(one, "Config"), "Labels");
    const state = field(one, "State");
    const label = (name: string): string => text(field(labels, name)) ?? "";
    const networks = values(field(field(one, "NetworkSettings"), "Networks"));
    const name = label(LABEL_NAME);
    const component = label(LABEL_COMPONENT);
    const aliases = networks.flatMap((network) => values(field(network, "Aliases")));
    const version = aliases.map((alias) => VERSION_ALIAS.exec(String(alias))).find((match) => match?.[1] === name)?.[2];
    const health = text(field(field(state, "Health"), "Status"));
    const started = text(field(state, "StartedAt"));
    const ended = text(field(state, "FinishedAt"));
    const status = text(field(state, "Status")) ?? "unknown";
    const since = status === "exited" || status === "dead" ? ended : started;
    return {
      id: text(field(one, "Id")) ?? "",
      container: (text(field(one, "Name")) ?? "").replace(/^\//, ""),
      component,
      name,
      state: status,
      ...(health === undefined ? {} : { health }),
      ...(since === undefined || since === NEVER ? {} : { since }),
      ...(status === "exited" || status === "dead" ? { exitCode: Number(field(state, "ExitCode") ?? -1) } : {}),
      restarts: Number(field(one, "RestartCount") ?? 0),
      outOfMemory: field(state, "OOMKilled") === true,
      ...(version === undefined || component !== "service" ? {} : { version }),
      imageId: text(field(one, "Image")) ?? "",
      addresses: networks.flatMap((network) => text(field(network, "IPAddress")) ?? []),
      ...defined({ logBytes: logLimit(field(field(one, "HostConfig"), "LogConfig")) }),
      ephemeral: label(LABEL_EPHEMERAL) === "true",
    };
  });
}

const UNITS: Readonly<Record<string, number>> = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** What a log may take: the size of a file, as Docker writes it, for each file. A log elsewhere takes nothing. */
function logLimit(config: unknown): number | undefined {
  const type = text(field(config, "Type"));
  if (type === undefined) return undefined;
  if (type !== "json-file" && type !== "local") return 0;
  const [, figure, unit = ""] = /^(\d+)([kmg]?)b?$/i.exec(text(field(field(config, "Config"), "max-size")) ?? "") ?? [];
  if (figure === undefined) return undefined;
  return Number(figure) * (UNITS[unit.toLowerCase()] ?? 1) * Number(field(field(config, "Config"), "max-file") ?? 1);
}

/** Bytes by image id; layers that images share are counted for each. */
export const imageSizes = (inspected: unknown): Readonly<Record<string, number>> =>
  Object.fromEntries(
    (Array.isArray(inspected) ? inspected : []).flatMap((one: unknown) => {
      const id = text(field(one, "Id"));
      const size = field(one, "Size");
      return id === undefined || typeof size !== "number" ? [] : [[id, size]];
    }),
  );

/** `repo@0123456789ab` by image id, for images of which no state knows the tag. */
export function imageNames(inspected: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(
    (Array.isArray(inspected) ? inspected : []).flatMap((one: unknown) => {
      const [digest] = values(field(one, "RepoDigests"));
      const id = text(field(one, "Id"));
      return id === undefined || typeof digest !== "string" ? [] : [[id, digest]];
    }),
  );
}
