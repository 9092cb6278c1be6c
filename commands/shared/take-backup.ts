import type { DockerClient } from "../../engine/docker";
import { script } from "../../hardening/backup/paths";
import { execIn, leftNoMessage } from "./backup-engine";
import { field, parseJson, text } from "./json";

interface Taken {
  /** The id. */
  readonly snapshot: string;
  /** Of the databases' rows, in ISO 8601. */
  readonly time: string;
  readonly bytes: number;
  /** Bytes that are new in the repository. */
  readonly added: number;
}

/**
 * Takes a backup, and waits until it is stored and checked.
 * @param container The id of the container that dumps
 * @returns what was stored, or a sentence that says why nothing was
 */
export async function takeBackup(
  engine: DockerClient,
  container: string,
): Promise<Taken | { readonly failure: string }> {
  const result = await execIn(engine, container, ["sh", script("dump"), "now"]);
  const answer = parseJson(result.stdout);
  const snapshot = text(field(answer, "snapshot"));
  if (result.code !== 0 || snapshot === undefined) {
    const step = text(field(answer, "step"));
    const reason = text(field(answer, "error")) ?? text(result.stderr.trim()) ?? leftNoMessage(container);
    return { failure: `The backup failed${step === undefined ? "" : ` at ${step}`}: ${reason}` };
  }
  const number = (key: string): number => Number(field(answer, key) ?? 0);
  return {
    snapshot,
    time: text(field(answer, "time")) ?? "now",
    bytes: number("bytes"),
    added: number("added"),
  };
}
