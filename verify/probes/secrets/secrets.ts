/** Looks for every secret of the state in everything that the engine shows of the stack. */
import { randomBytes } from "node:crypto";
import { watch } from "../../../engine/until";
import { NOBODY, SECRETS_PATH } from "../../../hardening/container/workload";
import { nameOf } from "../../../hardening/rules/live";
import { leaf, tree } from "../../../hardening/tree";
import type { Finding } from "../../check";
import type { Stage } from "../../stage";
import { inspect } from "../../survey";
import type { Probe } from "../probe";
import { findsSecrets, namedSecrets, ownSecrets } from "./own";
import { isVerifier, leaks, needlesOf, withoutArguments, type Place } from "./search";

/** The last lines of each container. */
const LOG_LINES = 5000;
/** Commands of the engine's at a time. */
const LANES = 4;

/** One kind of place, and how it is read of a container. */
interface Kind {
  readonly target: string;
  readonly read: (stage: Stage, id: string) => Promise<string>;
  /** Whether a container's own secrets may be there. @default false */
  readonly ownMayBe?: boolean;
}

const ask = async (stage: Stage, args: readonly string[]): Promise<string> => {
  const { stdout, stderr } = await stage.engine.ask(args);
  return `${stdout}\n${stderr}`;
};

const LOGS: Kind = {
  target: "logs of containers",
  read: (stage, id) => ask(stage, ["logs", "--tail", String(LOG_LINES), id]),
};
/** The engine asks its host's ps. Every user of the host may ask it, too. */
const ARGUMENTS: Kind = {
  target: "arguments of processes",
  read: (stage, id) => ask(stage, ["top", id, "axwwo", "pid,args"]),
};
/**
 * `e` shows the environment. Only the process's own user and root read it, who read the container's secrets as files:
 * its own may be there: the official image of PostgreSQL puts POSTGRES_PASSWORD there from its file.
 */
const ENVIRONMENTS: Kind = {
  target: "environments of processes",
  read: async (stage, id) => {
    const [both, args] = await Promise.all([ask(stage, ["top", id, "axewwo", "pid,args"]), ARGUMENTS.read(stage, id)]);
    return withoutArguments(both, args);
  },
  ownMayBe: true,
};
const INSPECTED: Kind = {
  target: "docker inspect of containers",
  read: async (stage, id) => JSON.stringify(await inspect(stage.engine, "container", [id])),
};

async function inLanes<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index];
      if (item !== undefined) results[index] = await work(item);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return results;
}

const isRunning = (inspected: unknown): boolean => tree(tree(inspected)["State"])["Running"] === true;
/** A container that was only created has written nothing. */
const hasRun = (inspected: unknown): boolean => tree(tree(inspected)["State"])["Status"] !== "created";
const idOf = (inspected: unknown): string => leaf(tree(inspected)["Id"]);

/**
 * A container whose label, variable, argument and log hold a word that is nobody's secret: the same search has to find
 * the word there.
 */
async function plant(stage: Stage): Promise<{ readonly id: string; readonly marker: string }> {
  const marker = `rampart-verify-${randomBytes(12).toString("hex")}`;
  const encoded = Buffer.from(`user:${marker}`).toString("base64");
  const { id } = await stage.in({
    ...{ image: leaf(stage.running("gateway")[0]?.["Image"]), user: NOBODY },
    resources: { memoryMiB: 32, cpus: 0.5, pids: 32 },
    environment: { RAMPART_VERIFY_PLANTED: marker },
    ...{ entrypoint: "sh", command: ["-c", `echo ${encoded}; sleep 300; exit`] },
  });
  // The engine writes a log a moment after the container does.
  await watch({ seconds: 10, everyMs: 100 }, async () =>
    (await LOGS.read(stage, id)).includes(encoded) ? { fact: true } : { state: "its log is empty" },
  );
  return { id, marker };
}

/** What one kind of place shows of all containers. */
async function kindFinding(
  stage: Stage,
  { target, read, ownMayBe = false }: Kind,
  containers: readonly unknown[],
  context: Context,
): Promise<Finding> {
  const planted = { where: "", text: await read(stage, context.planted.id) };
  if (leaks([planted], [needlesOf({ name: "", value: context.planted.marker })]).length === 0)
    return { status: "skip", target, evidence: "not told: a word that was planted there is not found either" };
  const places = await inLanes(containers, async (one): Promise<Place> => ({
    where: `${target}, ${nameOf(one)}`,
    text: await read(stage, idOf(one)),
    own: ownMayBe ? context.own.get(idOf(one)) : undefined,
  }));
  return finding(target, places, context);
}

interface Context {
  /** What each container is given, by its id. */
  readonly own: ReadonlyMap<string, readonly string[]>;
  readonly planted: Awaited<ReturnType<typeof plant>>;
  readonly secrets: readonly ReturnType<typeof needlesOf>[];
}

function finding(target: string, places: readonly Place[], { secrets }: Pick<Context, "secrets">): Finding {
  const found = leaks(places, secrets);
  if (found.length > 0) return { status: "fail", target, evidence: found.join("; ") };
  return {
    status: "pass",
    target,
    evidence: `${secrets.length} secrets looked for in ${places.length} places, and a planted word found`,
  };
}

/** An image is everybody's who can pull it. */
async function imageFinding(stage: Stage, context: Context): Promise<Finding> {
  const target = "images and their histories";
  const ids = [...new Set(stage.survey.containers.map((one) => leaf(tree(one)["Image"])))].filter((id) => id !== "");
  const places = await inLanes(ids, async (id): Promise<Place> => ({
    where: `image ${id.replace("sha256:", "").slice(0, 12)}`,
    text:
      (await ask(stage, ["image", "inspect", id])) +
      (await ask(stage, ["history", "--no-trunc", "--format", "{{json .}}", id])),
  }));
  // An image's own id is there, if anything is.
  const read = places.filter(({ text }, index) => text.includes(ids[index] ?? " "));
  return read.length === places.length
    ? finding(target, places, context)
    : { status: "skip", target, evidence: `not told: ${places.length - read.length} images could not be read` };
}

/** Each container finds its own secrets as files, and nobody else's. */
async function fileFindings(stage: Stage, { own, secrets }: Context): Promise<readonly Finding[]> {
  const given = findsSecrets(stage.state);
  const found = await inLanes(stage.survey.containers.filter(isRunning), async (one): Promise<Finding[]> => {
    const mine = own.get(idOf(one)) ?? [];
    const { code, stdout } = await stage.engine.ask(["cp", `${idOf(one)}:${SECRETS_PATH}`, "-"]);
    const target = nameOf(one);
    if (code !== 0)
      return !given.has(idOf(one))
        ? []
        : [{ status: "skip", target, evidence: `not told: ${SECRETS_PATH} cannot be read` }];
    const place: Place = { where: `${SECRETS_PATH} of ${target}`, text: stdout };
    const foreign = leaks([{ ...place, own: mine }], secrets);
    if (foreign.length > 0)
      return [{ status: "fail", target, evidence: `has secrets that are not its own: ${foreign.join("; ")}` }];
    const all = leaks([place], secrets).length;
    // Its own ones have to be found, or the search finds nothing there.
    return all === 0 && given.has(idOf(one))
      ? [{ status: "skip", target, evidence: "not told: its own secrets are not found either" }]
      : [{ status: "pass", target, evidence: `${all} secrets in ${SECRETS_PATH}, all its own` }];
  });
  return found.flat();
}

export const secrets: Probe = {
  id: "probe-secrets",
  title: "secrets are where they belong, and nowhere else that the engine shows",
  severity: "critical",
  why: "what docker inspect, a log or a list of processes shows is in backups, tickets and crash reports",
  run: async (stage) => {
    const { containers, networks, volumes } = stage.survey;
    const known = namedSecrets(stage.state).filter(({ value }) => !isVerifier(value));
    if (known.length === 0) throw new Error("the state holds no secrets");
    const context = { planted: await plant(stage), own: ownSecrets(stage.state), secrets: known.map(needlesOf) };
    const others: readonly Place[] = [
      { where: "docker network inspect", text: JSON.stringify(networks) },
      { where: "docker volume inspect", text: JSON.stringify(volumes) },
    ];
    return [
      await kindFinding(stage, INSPECTED, containers, context),
      finding("docker inspect of networks and volumes", others, context),
      await kindFinding(stage, LOGS, containers.filter(hasRun), context),
      await kindFinding(stage, ARGUMENTS, containers.filter(isRunning), context),
      await kindFinding(stage, ENVIRONMENTS, containers.filter(isRunning), context),
      await imageFinding(stage, context),
      ...(await fileFindings(stage, context)),
    ];
  },
};
