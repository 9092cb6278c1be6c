/** What is kept of a stack before anything is changed: for whoever looks into the breach. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { labelFilters } from "../../engine/containers";
import type { DockerClient } from "../../engine/docker";
import { lines } from "../../engine/text";
import { LABEL_STACK } from "../../hardening/container/labels";
import { parseJson } from "../shared/json";
import type { PulumiStack } from "../shared/pulumi-stack";
import { writePrivateFile } from "../shared/state";
import { containerFacts, type ContainerFact } from "../shared/containers";
import { redactInspected, redactText } from "./redact";

const LOG_SECONDS = 300;

export interface EvidenceArgs {
  readonly engine: DockerClient;
  readonly pulumi: PulumiStack;
  /** Where the files go; it exists, and only its owner may enter. */
  readonly directory: string;
}

/**
 * Collects, and sums up: logs of all containers (the gateway's has every request, Postgres' every login), what the
 * engine says of them, their processes and changed files, the state with its secrets encrypted, its history, and the
 * stack's file.
 * @returns the names of the files
 */
export async function collectEvidence({ engine, pulumi, directory }: EvidenceArgs): Promise<readonly string[]> {
  const written: string[] = [];
  const write = (name: string, content: string): void => {
    writePrivateFile(join(directory, name), content);
    written.push(name);
  };
  const filters = labelFilters({ [LABEL_STACK]: pulumi.stack });
  const ids = lines(
    await engine.must("The containers could not be listed", ["ps", "--all", "--no-trunc", "--quiet", ...filters]),
  );
  const inspected =
    ids.length === 0 ? [] : parseJson((await engine.ask(["inspect", "--type", "container", ...ids])).stdout);
  write("containers.json", json(redactInspected(inspected)));
  for (const kind of ["network", "volume"] as const) {
    const names = lines((await engine.ask([kind, "ls", "--quiet", ...filters])).stdout);
    const found = names.length === 0 ? "[]" : (await engine.ask([kind, "inspect", ...names])).stdout;
    write(`${kind}s.json`, found);
  }
  for (const container of containerFacts(inspected).filter(({ component }) => component !== "carrier"))
    for (const [name, content] of await ofContainer(engine, container)) write(name, content);
  for (const [name, args] of STATE) {
    const { code, stdout, stderr } = await pulumi.ask(args);
    write(name, code === 0 ? stdout : `${json({ error: redactText(stderr) })}`);
  }
  write("stack-file.yaml", readFileSync(pulumi.sourceFile, "utf8"));
  const sums = written.map((name) => `${sha256(readFileSync(join(directory, name)))}  ${name}\n`);
  write("SHA256SUMS", sums.join(""));
  return written;
}

/** Without `--show-secrets`, secrets are encrypted in the one and blinded in the other. */
const STATE = [
  ["state.json", ["stack", "export"]],
  ["history.json", ["stack", "history", "--json", "--page-size", "50"]],
] as const;

async function ofContainer(engine: DockerClient, { id, container, state }: ContainerFact): Promise<[string, string][]> {
  const logs = await engine.ask(["logs", "--timestamps", id], { timeoutSeconds: LOG_SECONDS });
  const changes = await engine.ask(["diff", id]);
  const files: [string, string][] = [
    [`${container}.stdout.log`, redactText(logs.stdout)],
    [`${container}.stderr.log`, redactText(logs.stderr)],
    [`${container}.changed-files.txt`, changes.stdout],
  ];
  if (state === "running")
    files.push([`${container}.processes.txt`, redactText((await engine.ask(["top", id])).stdout)]);
  return files;
}

const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
const sha256 = (content: Buffer): string => createHash("sha256").update(content).digest("hex");
