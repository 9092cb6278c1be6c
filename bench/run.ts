/** `npm run bench`: every figure beside its peer, in one run. Nothing is asserted; docs/benchmarks.md holds a run's table. */
import { cpus, release, tmpdir, totalmem } from "node:os";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { stringify } from "yaml";
import { docker } from "../test/e2e/lib/engine";
import { describeLoad, Load, type LoadResult } from "../test/e2e/lib/load";
import { run, type RunResult } from "../test/e2e/lib/process";
import { Stack } from "../test/e2e/lib/pulumi";
import { MAIN, mainSettings, type Images } from "../test/e2e/lib/stacks";
import { COMPOSE, ComposePeer } from "./compose";
import { inTurn, measure, ratio, spread, type Sample } from "./measure";

const root = resolve(__dirname, "..");
const ROUNDS = 5;
const UP_ROUNDS = 3;
const REPLACEMENTS = 5;
const REQUESTS_PER_SECOND = 250;
const MANY_SERVICES = 100;

interface Row {
  readonly figure: string;
  readonly ours: string;
  readonly peer: string;
  readonly ratio: string;
  readonly target: string;
}

const rows: Row[] = [];
const add = (row: Row): void => {
  rows.push(row);
  process.stdout.write(`${row.figure}: ${row.ours} | ${row.peer} | ${row.ratio} (target ${row.target})\n`);
};

async function main(): Promise<number> {
  const work = mkdtempSync(join(tmpdir(), "rampart-bench-"));
  try {
    await benchPlan(work);
    const missing = await missingParts();
    if (missing === undefined) await benchEngine(work);
    else add({ figure: "preview, first up, replacements", ours: `skipped: ${missing}`, peer: "", ratio: "", target: "" });
    await benchTests();
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  report();
  return 0;
}

const plan = (configFile: string): Promise<Sample> => measure("node", ["--require", "tsx/cjs", "commands/plan.ts", "dev", "--config-file", configFile], { cwd: root });

/** The plan of the dev stack, and of one with a hundred services. */
async function benchPlan(work: string): Promise<void> {
  const many = join(work, "many.yaml");
  const image = `bench/app:1.0.0@sha256:${"ab".repeat(32)}`;
  const services = Object.fromEntries(
    Array.from({ length: MANY_SERVICES }, (_, index) => [`s${index}`, { image, port: 3000, data: "read-write", cache: index % 4 === 0, routes: [{ host: "app.localhost", pathPrefix: `/s${index}` }] }]),
  );
  writeFileSync(many, stringify({ config: { "rampart:services": services } }));
  await plan(many);
  const { a, b } = await inTurn(ROUNDS, () => plan(join(root, "Pulumi.dev.yaml")), () => plan(many));
  const [dev, large] = [a, b].map((samples) => samples.map((sample) => sample.seconds));
  if (dev === undefined || large === undefined) return;
  const failed = [...a, ...b].find((sample) => sample.code !== 0);
  if (failed !== undefined) throw new Error(`the plan failed: ${failed.output.slice(-2000)}`);
  add({ figure: "plan of the dev stack, seconds", ours: spread(dev), peer: "", ratio: "", target: "at most 2" });
  add({ figure: `plan of ${MANY_SERVICES} services, seconds`, ours: spread(large), peer: `dev stack ${spread(dev)}`, ratio: ratio(large, dev).toFixed(2), target: "at most 3" });
  add({ figure: "plan, peak MiB", ours: `dev ${Math.max(...a.map((s) => s.peakMiB))}, ${MANY_SERVICES} services ${Math.max(...b.map((s) => s.peakMiB))}`, peer: "", ratio: "", target: "at most 300" });
}

async function missingParts(): Promise<string | undefined> {
  if (!existsSync(imagesFile)) return "the stand-in images (run `test/e2e/images/build.sh` first)";
  for (const [command, args] of [["docker", ["info"]], ["pulumi", ["version"]]] as const) {
    const result = await run(command, args).catch(() => undefined);
    if (result === undefined || result.code !== 0) return `${command} does not answer`;
  }
  return undefined;
}

const imagesFile = join(root, ".rampart/e2e/images.json");

async function benchEngine(work: string): Promise<void> {
  const images = JSON.parse(readFileSync(imagesFile, "utf8")) as Images;
  const compose = (await run("docker", ["compose", "version"]).catch(() => undefined))?.code === 0 ? new ComposePeer(work, images) : undefined;
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

const must = (result: RunResult): RunResult => {
  if (result.code !== 0) throw new Error(result.output.slice(-3000));
  return result;
};

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
  const peer = compose === undefined ? "skipped: docker compose is not installed" : `compose up -d --wait ${spread(theirs, 1)}`;
  add({ figure: "first up with images present, seconds", ours: spread(ours, 1), peer, ratio: compose === undefined ? "" : ratio(ours, theirs).toFixed(2), target: "at most 1.5" });
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
    const { a, b } = await inTurn(ROUNDS, () => once(() => stack.preview(["--expect-no-changes"])), () => once(() => bare.preview()));
    add({ figure: `no-change preview, ${count} containers, seconds`, ours: spread(a), peer: `${count} bare containers ${spread(b)}`, ratio: ratio(a, b).toFixed(2), target: "at most 1.25" });
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
    for (let round = 0; round < REPLACEMENTS; round += 1) await stack.mustUp(mainSettings(images, { app: version(round) }));
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

/** A Pulumi program of bare containers, with a backend of its own. */
class BareProgram {
  private readonly directory: string;
  private readonly env: Record<string, string>;

  constructor(work: string, image: string, count: number) {
    this.directory = join(work, "bare");
    mkdirSync(join(this.directory, "state"), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(this.directory, "node_modules"));
    writeFileSync(join(this.directory, "Pulumi.yaml"), stringify({ name: "bare", runtime: { name: "nodejs", options: { typescript: false } }, main: "index.js" }));
    writeFileSync(
      join(this.directory, "index.js"),
      `const docker = require("@pulumi/docker");
const image = new docker.RemoteImage("app", { name: ${JSON.stringify(image)}, keepLocally: true });
for (let i = 0; i < ${count}; i += 1) new docker.Container(\`bare-\${i}\`, { image: image.imageId, command: ["frontend"] });
`,
    );
    this.env = { PULUMI_BACKEND_URL: `file://${join(this.directory, "state")}`, PULUMI_CONFIG_PASSPHRASE: "bench", PULUMI_SKIP_UPDATE_CHECK: "true" };
  }

  private cli(args: readonly string[]): Promise<RunResult> {
    return run("pulumi", ["--non-interactive", "--color", "never", ...args], { cwd: this.directory, env: this.env, timeoutSeconds: 300 });
  }

  async up(): Promise<void> {
    must(await this.cli(["stack", "init", "bare"]));
    must(await this.cli(["up", "--yes", "--skip-preview"]));
  }

  preview(): Promise<RunResult> {
    return this.cli(["preview", "--expect-no-changes"]);
  }

  destroy(): Promise<RunResult> {
    return this.cli(["destroy", "--yes", "--skip-preview"]);
  }
}

async function benchTests(): Promise<void> {
  const sample = await measure("npm", ["test"], { cwd: root });
  add({ figure: "npm test, seconds", ours: `${sample.seconds.toFixed(0)}${sample.code === 0 ? "" : " (failed)"}`, peer: "", ratio: "", target: "at most 60" });
}

function report(): void {
  const cell = (text: string): string => text.replaceAll("|", "\\|");
  const machine = `${cpus().length} cores (${cpus()[0]?.model.trim() ?? "unknown"}), ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.version}`;
  const table = ["| figure | Rampart | peer | ratio | target |", "|---|---|---|---|---|", ...rows.map((row) => `| ${[row.figure, row.ours, row.peer, row.ratio, row.target].map(cell).join(" | ")} |`)];
  process.stdout.write(`\n${new Date().toISOString().slice(0, 10)}, ${machine}\nMedians of ${ROUNDS} runs (${UP_ROUNDS} of the first up), with the smallest and the largest; ratios are medians pair by pair.\n\n${table.join("\n")}\n`);
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
