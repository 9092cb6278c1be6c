/**
 * npm run bench [-- --only plan,edge,engine,rotation,database,backups,tests]
 *
 * Every figure beside its peer, in one run. Nothing is asserted; docs/benchmarks.md holds a run's table.
 */
import { cpus, release, tmpdir, totalmem } from "node:os";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { stringify } from "yaml";
import { docker } from "../e2e/lib/engine";
import { describeLoad, Load, type LoadResult } from "../e2e/lib/load";
import { run, type RunResult } from "../e2e/lib/process";
import { Stack } from "../e2e/lib/pulumi";
import { MAIN, mainSettings, type Images } from "../e2e/lib/stacks";
import { BareProgram } from "./bare";
import { COMPOSE, ComposePeer } from "./compose";
import { benchBackups } from "./backups";
import { benchEdge, missingForEdge } from "./edge";
import { benchDatabase } from "./database";
import { inTurn, measure, must, ratio, spread, type Comparison, type Sample } from "./measure";

const root = resolve(__dirname, "../..");
const ROUNDS = 5;
const UP_ROUNDS = 3;
const REPLACEMENTS = 5;
const REQUESTS_PER_SECOND = 250;
const MANY_SERVICES = 100;
const ROTATIONS = 3;
const ROTATION_REQUESTS_PER_SECOND = 100;

/** Parts of the run, in their order. */
const PARTS = ["plan", "edge", "engine", "rotation", "database", "backups", "tests"] as const;
type Part = (typeof PARTS)[number];

interface Row extends Comparison {
  readonly target: string;
}

const rows: Row[] = [];
const add = (row: Row): void => {
  rows.push(row);
  process.stdout.write(`${row.figure}: ${row.ours} | ${row.peer} | ${row.ratio} (target ${row.target})\n`);
};

async function main(): Promise<number> {
  const wanted = parts();
  const work = mkdtempSync(join(tmpdir(), "rampart-bench-"));
  const onEngine = wanted.filter((part) => part !== "plan" && part !== "edge" && part !== "tests");
  try {
    if (wanted.includes("plan")) await benchPlan(work);
    if (wanted.includes("edge")) await benchTheEdge(work);
    const missing = onEngine.length === 0 ? undefined : await missingParts();
    if (missing === undefined) for (const part of onEngine) await ENGINE_PARTS[part](images(), work);
    else add({ figure: onEngine.join(", "), ours: `skipped: ${missing}`, peer: "", ratio: "", target: "" });
    if (wanted.includes("tests")) await benchTests();
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  report();
  return 0;
}

function parts(): readonly Part[] {
  const { values } = parseArgs({ options: { only: { type: "string" } } });
  const given = values.only?.split(",") ?? PARTS;
  const unknown = given.find((part) => !(PARTS as readonly string[]).includes(part));
  if (unknown !== undefined) throw new Error(`--only: given ${unknown}; allowed: ${PARTS.join(", ")}`);
  return PARTS.filter((part) => given.includes(part));
}

const ENGINE_PARTS: Readonly<
  Record<Exclude<Part, "plan" | "edge" | "tests">, (images: Images, work: string) => Promise<void>>
> = {
  engine: benchEngine,
  rotation: benchRotation,
  database: async (all, work) =>
    (await benchDatabase(all.postgres, work)).forEach((row) => add({ ...row, target: "at least 0.9" })),
  backups: async (all, work) =>
    (await benchBackups(all, work)).forEach((row) => add({ ...row, target: "at least 0.5" })),
};

async function benchTheEdge(work: string): Promise<void> {
  const missing = missingForEdge();
  if (missing !== undefined) add({ figure: "edge", ours: `skipped: ${missing}`, peer: "", ratio: "", target: "" });
  else (await benchEdge(work)).forEach(add);
}

const plan = (configFile: string): Promise<Sample> =>
  measure("node", ["bin/rampart.cjs", "plan", "dev", "--config-file", configFile], { cwd: root });

/** The plan of the dev stack, and of one with a hundred services. */
async function benchPlan(work: string): Promise<void> {
  const many = join(work, "many.yaml");
  const image = `bench/app:1.0.0@sha256:${"ab".repeat(32)}`;
  const services = Object.fromEntries(
    Array.from({ length: MANY_SERVICES }, (_, index) => [
      `s${index}`,
      {
        image,
        port: 3000,
        data: "read-write",
        cache: index % 4 === 0,
        routes: [{ host: "app.localhost", pathPrefix: `/s${index}` }],
      },
    ]),
  );
  writeFileSync(many, stringify({ config: { "rampart:services": services } }));
  await plan(many);
  const { a, b } = await inTurn(
    ROUNDS,
    () => plan(join(root, "Pulumi.dev.yaml")),
    () => plan(many),
  );
  const [dev, large] = [a, b].map((samples) => samples.map((sample) => sample.seconds));
  if (dev === undefined || large === undefined) return;
  const failed = [...a, ...b].find((sample) => sample.code !== 0);
  if (failed !== undefined) throw new Error(`the plan failed: ${failed.output.slice(-2000)}`);
  add({ figure: "plan of the dev stack, seconds", ours: spread(dev), peer: "", ratio: "", target: "at most 1" });
  add({
    figure: `plan of ${MANY_SERVICES} services, seconds`,
    ours: spread(large),
    peer: `dev stack ${spread(dev)}`,
    ratio: ratio(large, dev).toFixed(2),
    target: "at most 3",
  });
  add({
    figure: "plan, peak MiB",
    ours:
      `dev ${Math.max(...a.map((s) => s.peakMiB))}, ${MANY_SERVICES} services ` +
      `${Math.max(...b.map((s) => s.peakMiB))}`,
    peer: "",
    ratio: "",
    target: "at most 250",
  });
}

async function missingParts(): Promise<string | undefined> {
  if (!existsSync(imagesFile)) return "the stand-in images (run `test/e2e/images/build.sh` first)";
  for (const [command, args] of [
    ["docker", ["info"]],
    ["pulumi", ["version"]],
  ] as const) {
    const result = await run(command, args).catch(() => undefined);
    if (result === undefined || result.code !== 0) return `${command} does not answer`;
  }
  return undefined;
}

const imagesFile = join(root, ".rampart/e2e/images.json");
const images = (): Images => JSON.parse(readFileSync(imagesFile, "utf8")) as Images;

async function benchEngine(images: Images, work: string): Promise<void> {
  const compose =
    (await run("docker", ["compose", "version"]).catch(() => undefined))?.code === 0
      ? new ComposePeer(work, images)
      : undefined;
  const stack = new Stack("bench", work);
  await stack.init();
  try {
    await benchFirstUp(stack, images, compose);
    await benchPreview(stack, images, work);
    await benchReplacements(stack, images, compose);
  } finally {
    await stack.destroy();
    await compose?.down();
  }
}

/** From nothing but images to every container healthy. */
async function benchFirstUp(stack: Stack, images: Images, compose: ComposePeer | undefined): Promise<void> {
  compose?.write(images.app);
  stack.configure(mainSettings(images));
  // Once, uncounted: pulls what is not there yet.
  must(await stack.up());
  must(await stack.destroy());
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < UP_ROUNDS; round += 1) {
    ours.push(must(await stack.up()).seconds);
    if (round < UP_ROUNDS - 1) must(await stack.destroy());
    if (compose === undefined) continue;
    must(await compose.down());
    theirs.push(must(await compose.up()).seconds);
  }
  const peer =
    compose === undefined ? "skipped: docker compose is not installed" : `compose up -d --wait ${spread(theirs, 1)}`;
  add({
    figure: "first up with images present, seconds",
    ours: spread(ours, 1),
    peer,
    ratio: compose === undefined ? "" : ratio(ours, theirs).toFixed(2),
    target: "at most 1.5",
  });
}

/** A preview without a change, beside a program that declares as many bare containers. */
async function benchPreview(stack: Stack, images: Images, work: string): Promise<void> {
  const listed = await docker(["ps", "--all", "--quiet", "--filter", "label=io.rampart.stack=bench"]);
  const count = listed.stdout.split("\n").filter((line) => line !== "").length;
  const bare = new BareProgram(work, images.app, count);
  await bare.up();
  try {
    const once = async (preview: () => Promise<RunResult>): Promise<number> => must(await preview()).seconds;
    await once(() => stack.preview());
    const { a, b } = await inTurn(
      ROUNDS,
      () => once(() => stack.preview(["--expect-no-changes"])),
      () => once(() => bare.preview()),
    );
    add({
      figure: `no-change preview, ${count} containers, seconds`,
      ours: spread(a),
      peer: `${count} bare containers ${spread(b)}`,
      ratio: ratio(a, b).toFixed(2),
      target: "at most 1.2",
    });
  } finally {
    await bare.destroy();
  }
}

/** Five changes of image under a steady load. */
async function benchReplacements(stack: Stack, images: Images, compose: ComposePeer | undefined): Promise<void> {
  const version = (round: number): string => (round % 2 === 0 ? images.appNext : images.app);
  const underLoad = async (port: number, act: () => Promise<void>): Promise<LoadResult> => {
    const load = new Load({ host: MAIN.host, port, path: "/api/version" }, REQUESTS_PER_SECOND);
    await act();
    return load.stop();
  };
  const ours = await underLoad(MAIN.httpsPort, async () => {
    for (let round = 0; round < REPLACEMENTS; round += 1)
      await stack.mustUp(mainSettings(images, { app: version(round) }));
  });
  const theirs =
    compose === undefined
      ? undefined
      : await underLoad(COMPOSE.httpsPort, async () => {
          for (let round = 0; round < REPLACEMENTS; round += 1) {
            compose.write(version(round));
            must(await compose.up());
          }
        });
  add({
    figure: `${REPLACEMENTS} replacements at ${REQUESTS_PER_SECOND} requests a second`,
    ours: describeLoad(ours),
    peer: theirs === undefined ? "skipped: docker compose is not installed" : `compose: ${describeLoad(theirs)}`,
    ratio: "",
    target: "0 lost",
  });
}

/** All passwords at once, while requests write and read rows over connections that a rotation ends. */
async function benchRotation(images: Images, work: string): Promise<void> {
  const stack = new Stack("bench-rotation", work);
  await stack.init();
  try {
    await stack.mustUp(mainSettings(images));
    const load = new Load({ host: MAIN.host, port: MAIN.httpsPort, path: "/api/db" }, ROTATION_REQUESTS_PER_SECOND);
    for (let round = 0; round < ROTATIONS; round += 1)
      await stack.mustUp(mainSettings(images, { rotation: { everything: `bench-${round}` } }));
    const { sent, failed, longestMs, longestGapMs } = await load.stop();
    add({
      figure:
        `${ROTATIONS} rotations of everything, ${ROTATION_REQUESTS_PER_SECOND} requests a second that use the ` +
        "database",
      ours: `${failed.length} of ${sent} lost, slowest ${longestMs} ms, longest gap ${longestGapMs} ms`,
      peer: "",
      ratio: "",
      target: "0 lost",
    });
  } finally {
    await stack.destroy();
  }
}

async function benchTests(): Promise<void> {
  const sample = await measure("npm", ["test"], { cwd: root });
  add({
    figure: "npm test, seconds",
    ours: `${sample.seconds.toFixed(0)}${sample.code === 0 ? "" : " (failed)"}`,
    peer: "",
    ratio: "",
    target: "at most 60",
  });
}

function report(): void {
  const cell = (text: string): string => text.replaceAll("|", "\\|");
  const machine =
    `${cpus().length} cores (${cpus()[0]?.model.trim() ?? "unknown"}), ${Math.round(totalmem() / 2 ** 30)} GiB, ` +
    `Linux ${release()}, Node ${process.version}`;
  const table = [
    "| figure | Rampart | peer | ratio | target |",
    "|---|---|---|---|---|",
    ...rows.map((row) => `| ${[row.figure, row.ours, row.peer, row.ratio, row.target].map(cell).join(" | ")} |`),
  ];
  process.stdout.write(
    `\n${new Date().toISOString().slice(0, 10)}, ${machine}\nMedians of ${ROUNDS} runs (${UP_ROUNDS} of the ` +
      `first up), with the smallest and the largest; ratios are medians pair by pair.\n\n${table.join("\n")}\n`,
  );
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
