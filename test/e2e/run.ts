/**
 * npm run test:e2e [-- options]
 *
 *   --smoke           only the smoke run: one stack on this machine's engine
 *   --engine NAME     only this engine: 20.10 (this machine's own) or 26
 *   --only TEXT,...   only suites or checks with one of these texts in their names, and what they need
 *   --rerun-failed    only what failed in the last run, or never began in it, and what those checks need
 *   --list            prints the names of the checks that would run, and runs none
 *   --prepare         makes the images that the checks need, and runs none
 *   --counts FILE     writes the counts and the names of the flaky checks there, as JSON
 *
 * Deploys, probes, upgrades, breaks and destroys real stacks on this machine's engine, and on a newer one beside it
 * where that can be made: there without the suites that are marked `once`. What is missing is named, and its checks are
 * counted as skipped.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { spawn } from "node:child_process";
import { parseArgs } from "node:util";
import type { Request } from "./engine-run";
import { whatIsMissing } from "./lib/missing";
import { run } from "./lib/process";
import { REPOSITORY } from "./lib/pulumi";
import {
  countResults,
  flakyNames,
  mergeResults,
  parseResults,
  summary,
  unsettled,
  type EngineResult,
  type Result,
} from "./lib/results";
import { inSmoke, listing, namesOf, select, type Wanted } from "./lib/selection";
import { SMOKE_IMAGES } from "./lib/stacks";
import { SUITES } from "./suites";

/** The first is the engine that this machine has already, of whatever version it is. */
const ENGINES = ["20.10", "26"] as const;
type EngineName = (typeof ENGINES)[number];

const ENGINE_26 = join(REPOSITORY, "test/e2e/engines/engine26.sh");
const ENGINE_26_DIRECTORY =
  process.env["RAMPART_E2E_ENGINE26"] ??
  join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "rampart-e2e/engine26");

/** What the last run found, for `--rerun-failed`. */
const RESULTS = join(REPOSITORY, ".rampart/e2e/results.json");

let interrupted = false;

interface Options {
  readonly engine?: string;
  readonly only?: string;
  readonly counts?: string;
  readonly smoke: boolean;
  readonly rerunFailed: boolean;
  readonly list: boolean;
  readonly prepare: boolean;
}

function options(): Options {
  const flag = { type: "boolean", default: false } as const;
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      engine: text,
      only: text,
      counts: text,
      smoke: flag,
      "rerun-failed": flag,
      list: flag,
      prepare: flag,
    },
  });
  return { ...values, rerunFailed: values["rerun-failed"] };
}

async function main(): Promise<void> {
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => (interrupted = true));
  const given = options();
  const before = given.rerunFailed ? lastResults() : [];
  const engines = enginesFor(given);
  const chosen = new Map(engines.map((engine) => [engine, suitesFor(engine, given, before)]));
  if (given.list) {
    const [first] = engines;
    for (const line of listing((first === undefined ? undefined : chosen.get(first)) ?? [])) console.log(line);
    return;
  }
  if (given.rerunFailed && [...chosen.values()].every((suites) => suites.length === 0))
    console.log("nothing failed in the last run");
  const results: EngineResult[] = [];
  for (const [engine, suites] of chosen) {
    if (suites.length === 0) continue;
    const request: Request = {
      names: namesOf(suites),
      images: suites.every((suite) => suite.checks.every((check) => inSmoke(suite, check))) ? SMOKE_IMAGES : [],
      prepareOnly: given.prepare,
    };
    const found = await onEngine(engine, request);
    results.push(...found.map((one) => ({ ...one, engine })));
  }
  if (given.prepare) return;
  mkdirSync(dirname(RESULTS), { recursive: true });
  writeFileSync(RESULTS, JSON.stringify(mergeResults(before, results), undefined, 1));
  const counts = countResults(results);
  if (given.counts !== undefined)
    writeFileSync(given.counts, JSON.stringify({ ...counts, flaky: flakyNames(results) }));
  for (const line of summary(results)) console.log(line);
  if (counts.failed > 0) process.exitCode = 1;
}

/** The smoke run is one engine's, the machine's own unless another is named. */
function enginesFor({ engine, smoke }: Options): readonly EngineName[] {
  const engines = ENGINES.filter((name) => (engine === undefined ? !smoke || name === ENGINES[0] : name === engine));
  if (engines.length === 0) throw new Error(`--engine: given ${engine ?? ""}; allowed: ${ENGINES.join(", ")}`);
  return engines;
}

/** The first engine runs everything; the second what an engine has a part in. */
function suitesFor(engine: EngineName, given: Options, before: readonly EngineResult[]): typeof SUITES {
  const wanted: Wanted = {
    smoke: given.smoke,
    again: engine !== ENGINES[0] && !given.rerunFailed,
    ...(given.only === undefined ? {} : { only: given.only }),
    ...(given.rerunFailed ? { names: unsettled(before, engine) } : {}),
  };
  return select(SUITES, wanted);
}

function lastResults(): EngineResult[] {
  if (!existsSync(RESULTS))
    throw new Error(
      `--rerun-failed: no run has left its results in ${RESULTS}. Run npm run test:e2e without it first.`,
    );
  try {
    return parseResults(readFileSync(RESULTS, "utf8"));
  } catch (error) {
    throw new Error(`--rerun-failed: ${RESULTS}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function onEngine(engine: EngineName, request: Request): Promise<readonly Result[]> {
  const skipped = (why: string): Result[] => {
    console.log(`skipped: Docker ${engine}: ${why}`);
    return request.names.map((name) => ({
      name,
      outcome: "skipped",
      seconds: 0,
      ...(interrupted ? { blocked: true } : {}),
    }));
  };
  if (interrupted) return skipped("the run was interrupted");
  const missing = await whatIsMissing(engine === ENGINES[0]);
  if (missing.length > 0) return skipped(missing.join("; "));
  if (engine === ENGINES[0]) return checks([], engine, request);
  const started = await run(ENGINE_26, ["start", ENGINE_26_DIRECTORY], { timeoutSeconds: 600 });
  try {
    if (started.code !== 0) {
      const last = started.output.trim().split("\n").at(-1) ?? "";
      return skipped(`the engine could not be made or started here: ${last}`);
    }
    return await checks([ENGINE_26, "exec", ENGINE_26_DIRECTORY, "--"], engine, request);
  } finally {
    await run(ENGINE_26, ["stop", ENGINE_26_DIRECTORY], { timeoutSeconds: 120 });
  }
}

/** Runs the checks in a process of their own: the second engine's lies in another network namespace. */
async function checks(prefix: readonly string[], engine: EngineName, request: Request): Promise<readonly Result[]> {
  const directory = mkdtempSync(join(tmpdir(), "rampart-e2e-results-"));
  const [asked, answered] = [join(directory, "request.json"), join(directory, "results.json")];
  const [command = process.execPath, ...args] = [
    ...prefix,
    process.execPath,
    join(REPOSITORY, "node_modules/tsx/dist/cli.mjs"),
    join(__dirname, "engine-run.ts"),
    asked,
    answered,
  ];
  const [docker = "docker", ...version] = [...prefix, "docker", "version", "--format", "{{.Server.Version}}"];
  const started = Date.now();
  console.log(`\nDocker ${engine}: ${(await run(docker, version)).stdout.trim()}`);
  try {
    writeFileSync(asked, JSON.stringify(request));
    const code = await new Promise<number | null>((resolve, reject) => {
      const child = spawn(command, args, { cwd: REPOSITORY, stdio: "inherit" });
      for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => child.kill(name));
      child.on("error", reject);
      child.on("close", resolve);
    });
    console.log(`Docker ${engine}: ${((Date.now() - started) / 60_000).toFixed(1)} minutes`);
    if (request.prepareOnly) {
      if (code !== 0) process.exitCode = 1;
      return [];
    }
    // Without an answer the process broke off, and has proven nothing.
    if (!existsSync(answered))
      return request.names.map((name) => ({ name, outcome: "failed", seconds: 0, blocked: true }));
    return JSON.parse(readFileSync(answered, "utf8")) as readonly Result[];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
