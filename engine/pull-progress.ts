import { request } from "node:http";
import { createInterface } from "node:readline";
import { parseImage } from "../hardening/container/image";
import type { DockerClient } from "./docker";

/** How far a pull is, in bytes as they come over the wire. */
export interface PullBytes {
  readonly received: number;
  /** 0 as long as the size of some layer is not known. */
  readonly total: number;
}

/** One layer of an image; its total is undefined until the engine has begun with it. */
interface Layer {
  readonly received: number;
  readonly total: number | undefined;
}

export type Layers = ReadonlyMap<string, Layer>;

/** What the engine's API says of a layer, a line of JSON each. */
interface Message {
  readonly id?: string;
  readonly status?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
}

/** States of a layer whose bytes have all come, or that was there before. */
const HERE = /^(?:Already exists|Verifying Checksum|Download complete|Extracting|Pull complete)/;
const TO_COME = /^(?:Pulling fs layer|Waiting)/;

/** The layers after a line of the engine's; a line that says nothing of a layer changes nothing. */
export function layersAfter(layers: Layers, line: string): Layers {
  const { id, status = "", progressDetail } = parse(line);
  if (id === undefined) return layers;
  const before = layers.get(id);
  const after = layerAfter(before, status, progressDetail);
  return after === before || after === undefined ? layers : new Map(layers).set(id, after);
}

function layerAfter(before: Layer | undefined, status: string, detail: Message["progressDetail"]): Layer | undefined {
  if (HERE.test(status)) return { received: before?.total ?? 0, total: before?.total ?? 0 };
  if (TO_COME.test(status)) return before ?? { received: 0, total: undefined };
  if (status !== "Downloading") return before;
  const { current = 0, total = 0 } = detail ?? {};
  return { received: current, total: total > 0 ? total : undefined };
}

function parse(line: string): Message {
  try {
    return (JSON.parse(line) ?? {}) as Message;
  } catch {
    return {};
  }
}

export function bytesOf(layers: Layers): PullBytes {
  const all = [...layers.values()];
  return {
    received: all.reduce((sum, { received }) => sum + received, 0),
    total: all.some(({ total }) => total === undefined) ? 0 : all.reduce((sum, { total = 0 }) => sum + total, 0),
  };
}

/**
 * Follows a pull that somebody else has begun. The engine downloads a layer once, however many ask for it, and tells
 * each of them how far it is. Whoever began the pull says why it fails; here a failure only means that nothing is
 * known.
 * @param reference `repo:tag@sha256:…`
 * @returns what ends it; the other pull goes on
 */
export function followPull(
  engine: Pick<DockerClient, "dial">,
  reference: string,
  tell: (bytes: PullBytes) => void,
): () => void {
  const image = parseImage(reference);
  if (image === undefined) return () => undefined;
  const query = new URLSearchParams({ fromImage: image.repository, tag: `sha256:${image.digest}` });
  const connection = engine.dial();
  const end = (): void => void connection.destroy();
  let layers: Layers = new Map();
  const asked = request({
    createConnection: () => connection,
    method: "POST",
    path: `/images/create?${query.toString()}`,
    headers: { Host: "docker" },
  });
  asked.on("error", end);
  asked.on("response", (response) => {
    // A reader of lines passes an error of its input on.
    const lines = createInterface({ input: response.on("error", end) }).on("error", end);
    lines.on("line", (line) => {
      layers = layersAfter(layers, line);
      if (layers.size > 0) tell(bytesOf(layers));
    });
  });
  asked.end();
  return end;
}
