import { labelFilters } from "../../engine/containers";
import type { DockerClient } from "../../engine/docker";
import { ofRunning } from "../../engine/free-space";
import { lines } from "../../engine/text";
import { BACKUP_CONTAINERS } from "../../hardening/backup/paths";
import { LABEL_STACK } from "../../hardening/container/labels";
import { defined } from "../../hardening/defined";
import { GATEWAY_PORTS } from "../../hardening/gateway";
import { JOB_SCHEDULER } from "../../hardening/jobs/scheduler";
import { UserError } from "../shared/errors";
import { field, parseJson, text } from "../shared/json";
import type { Finished } from "../shared/run";
import { ACME_LOG_LINES, acmeFailures, openFailures } from "./acme";
import { backupFacts, RECEIPTS_SCRIPT } from "./backups";
import { ACME_SCRIPT, edgeCertificates } from "./certificates";
import { containerFacts, imageNames, imageSizes, type ContainerFact } from "../shared/containers";
import { gatewayScript, routeFacts } from "./gateway";
import { jobFacts, JOBS_SCRIPT } from "./jobs";
import type { DiskFact, Found } from "./report";
import { lastUpdate, stateFacts } from "./state";

/** What takes longer is left out, and a note says so: a person waits for the rest. */
const PATIENCE_SECONDS = 5;

/** What asks Pulumi about the stack, or why nobody can. */
export type AskPulumi = ((args: readonly string[]) => Promise<Finished>) | string;

export interface Sources {
  readonly stack: string;
  readonly engine: DockerClient;
  readonly pulumi: () => Promise<AskPulumi>;
  /** GiB that an update wants free before it pulls an image. */
  readonly minFreeGiB: number;
}

/** A part of what is found, or a note that says why it is not. */
interface Part {
  readonly facts?: Partial<Found>;
  readonly note?: string;
}

/**
 * Looks at everything at once. Nothing is changed, and no secret is read. @throws UserError where nothing is
 * deployed
 */
export async function collect({ stack, engine, pulumi, minFreeGiB }: Sources): Promise<Found> {
  const [containers, disk, state] = await Promise.all([
    allContainers(engine, stack).then(async (found) => ({
      containers: found,
      parts: await Promise.all([
        imagesOf(engine, found),
        gatewayOf(engine, found),
        edgeOf(engine, found),
        backupsOf(engine, found),
        jobsOf(engine, found),
        freeOf(engine, stack, found),
      ]),
    })),
    diskOf(engine),
    stateOf(pulumi),
  ]);
  if (containers.containers.length === 0 && state.facts === undefined)
    throw new UserError(
      `No container of stack ${stack} is on ${engine.host}. Deploy it, or name the engine with docker:host or ` +
        `DOCKER_HOST.`,
    );
  const parts: readonly Part[] = [...containers.parts, disk, state];
  const found = parts.reduce((all, { facts }) => ({ ...all, ...facts }), { images: {} } as Pick<Found, "images"> &
    Partial<Found>);
  return {
    ...found,
    stack,
    engine: engine.host,
    minFreeGiB,
    now: new Date(),
    containers: containers.containers,
    notes: parts.flatMap(({ note }) => note ?? []),
  };
}

async function allContainers(engine: DockerClient, stack: string): Promise<readonly ContainerFact[]> {
  const listed = await engine.must("The containers could not be listed", [
    ...["ps", "--all", "--no-trunc", "--quiet"],
    ...labelFilters({ [LABEL_STACK]: stack }),
  ]);
  const ids = lines(listed);
  if (ids.length === 0) return [];
  // One that has gone meanwhile makes the command fail, and the others are told all the same.
  const inspected = await engine.ask(["inspect", "--type", "container", ...ids]);
  return containerFacts(parseJson(inspected.stdout));
}

async function imagesOf(engine: DockerClient, containers: readonly ContainerFact[]): Promise<Part> {
  const ids = [...new Set(containers.map(({ imageId }) => imageId))].filter((id) => id !== "");
  if (ids.length === 0) return {};
  const inspected = await engine.ask(["image", "inspect", ...ids]);
  const found = parseJson(inspected.stdout);
  return { facts: { images: imageNames(found), imageSizes: imageSizes(found) } };
}

const running = (containers: readonly ContainerFact[], name: string): ContainerFact | undefined =>
  containers.find((one) => one.name === name && one.state === "running" && one.component !== "carrier");

const inside = (engine: DockerClient, { id }: ContainerFact, script: string): Promise<Finished> =>
  engine.ask(["exec", id, "sh", "-c", script], { timeoutSeconds: PATIENCE_SECONDS });

async function gatewayOf(engine: DockerClient, containers: readonly ContainerFact[]): Promise<Part> {
  const gateway = running(containers, "gateway");
  if (gateway === undefined) return { note: "routes: no gateway runs" };
  const { code, stdout } = await inside(engine, gateway, gatewayScript(GATEWAY_PORTS.control));
  return code === 0
    ? { facts: { routes: routeFacts(stdout) } }
    : { note: "routes: the gateway does not answer on its control port" };
}

async function edgeOf(engine: DockerClient, containers: readonly ContainerFact[]): Promise<Part> {
  const edge = running(containers, "edge");
  if (edge === undefined) return {};
  const { code, stdout } = await inside(engine, edge, ACME_SCRIPT);
  if (code !== 0) return { note: "certificates of the edge: not readable" };
  const found = edgeCertificates(stdout);
  const log = await engine.ask(["logs", "--tail", String(ACME_LOG_LINES), edge.id], {
    timeoutSeconds: PATIENCE_SECONDS,
  });
  return {
    facts: {
      edge: found.length > 0 ? found : [{ of: "edge", note: "self-signed, or not issued yet" }],
      acme: openFailures(acmeFailures(log.stdout), found),
    },
  };
}

async function backupsOf(engine: DockerClient, containers: readonly ContainerFact[]): Promise<Part> {
  const store = running(containers, BACKUP_CONTAINERS.store);
  if (store === undefined) return {};
  const { code, stdout } = await inside(engine, store, RECEIPTS_SCRIPT);
  return code === 0 ? { facts: { backups: backupFacts(stdout) } } : { note: "backups: their store does not answer" };
}

async function jobsOf(engine: DockerClient, containers: readonly ContainerFact[]): Promise<Part> {
  const scheduler = running(containers, JOB_SCHEDULER);
  if (scheduler === undefined) return {};
  const { code, stdout } = await inside(engine, scheduler, JOBS_SCRIPT);
  return code === 0 ? { facts: { jobs: jobFacts(stdout) } } : { note: "jobs: their scheduler does not answer" };
}

/** Of a container that runs: nothing is made for this. */
async function freeOf(engine: DockerClient, stack: string, containers: readonly ContainerFact[]): Promise<Part> {
  if (running(containers, "gateway") === undefined) return {};
  return { facts: defined({ free: await ofRunning(engine, stack) }) };
}

async function diskOf(engine: DockerClient): Promise<Part> {
  const { code, stdout } = await engine.ask(["system", "df", "--format", "{{json .}}"], {
    timeoutSeconds: PATIENCE_SECONDS,
  });
  if (code !== 0) return { note: `engine's disk: not told within ${PATIENCE_SECONDS} s` };
  const disk = lines(stdout).map((line): DiskFact => {
    const entry = parseJson(line);
    const of = (name: string): string => text(field(entry, name)) ?? "?";
    return { what: of("Type"), size: of("Size"), reclaimable: of("Reclaimable") };
  });
  return { facts: { disk } };
}

async function stateOf(pulumi: Sources["pulumi"]): Promise<Part> {
  const ask = await pulumi();
  if (typeof ask === "string") return { note: `the state: not compared (${ask})` };
  const [exported, history] = await Promise.all([
    ask(["stack", "export"]),
    ask(["stack", "history", "--json", "--page-size", "5"]),
  ]);
  if (exported.code !== 0)
    return { note: `the state: not compared (${exported.stderr.trim().split("\n").at(-1) ?? "it cannot be read"})` };
  const update = lastUpdate(parseJson(history.stdout));
  return { facts: { state: stateFacts(parseJson(exported.stdout)), ...defined({ lastUpdate: update }) } };
}
