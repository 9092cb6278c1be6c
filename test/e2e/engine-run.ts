/**
 * The checks on one engine: the one that DOCKER_HOST names, in this network namespace. `run.ts` starts it, once for
 * each engine. Arguments: a file with the request, and the file for the results.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { docker, LABEL, sweep } from "./lib/engine";
import { run, stopChildren } from "./lib/process";
import { REPOSITORY, Stack } from "./lib/pulumi";
import { countLine, countResults, type Result } from "./lib/results";
import { runSuites } from "./lib/runner";
import { namesOf, select } from "./lib/selection";
import type { Context, Images } from "./lib/stacks";
import { SUITES } from "./suites";
import { stopPebble } from "./suites/acme";
import { stopCertificates } from "./suites/certificates";
import { closeIpv6Client } from "./suites/ipv6";

/** A cold build compiles Traefik. */
const BUILD_SECONDS = 1500;

/** What `run.ts` asks for. */
export interface Request {
  /** The names of the checks. */
  readonly names: readonly string[];
  /** The images that they need; all of them if there is none. */
  readonly images: readonly string[];
  /** Only the images are made. */
  readonly prepareOnly: boolean;
}

let interrupted = false;

async function main([requestFile = "", resultsFile = ""]: readonly string[]): Promise<void> {
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      interrupted = true;
      stopChildren();
    });
  }
  const request = JSON.parse(readFileSync(requestFile, "utf8")) as Request;
  const suites = select(SUITES, { names: new Set(request.names) });
  const work = mkdtempSync(join(tmpdir(), "rampart-e2e-"));
  // Until the checks have run: a run that breaks off before them has failed.
  let results: readonly Result[] = namesOf(suites).map((name) => ({
    name,
    outcome: "failed",
    seconds: 0,
    blocked: true,
  }));
  const stacks = ["e2e-main", "e2e-kept", "e2e-acme", "e2e-redis"].map((name) => new Stack(name, work));
  try {
    const [first, second, third, fourth] = stacks;
    if (first === undefined || second === undefined || third === undefined || fourth === undefined)
      throw new Error("four stacks were meant");
    const made = await images(work, request.images);
    if (request.prepareOnly) {
      results = [];
      return;
    }
    // What an interrupted run may have left.
    await cleanUp();
    const context: Context = {
      work,
      images: made,
      main: first,
      kept: second,
      acme: third,
      redis: fourth,
    };
    results = await runSuites(suites, context, { stopped: () => interrupted, print: (line) => console.log(line) });
    const counts = countResults(results);
    console.log(countLine(counts));
    process.exitCode = counts.failed > 0 ? 1 : 0;
  } finally {
    if (!request.prepareOnly) await cleanUp().catch((error: unknown) => console.error(`clean-up: ${String(error)}`));
    rmSync(work, { recursive: true, force: true });
    stopChildren();
    writeFileSync(resultsFile, JSON.stringify(results));
  }
}

async function images(work: string, names: readonly string[]): Promise<Images> {
  const file = join(work, "images.json");
  const built = await run(join(REPOSITORY, "test/e2e/images/build.sh"), [file, ...names], {
    timeoutSeconds: BUILD_SECONDS,
  });
  if (built.code !== 0) throw new Error(`the images that stand in could not be made:\n${built.output.slice(-4000)}`);
  console.log(`images ready after ${built.seconds.toFixed(0)} s`);
  return JSON.parse(readFileSync(file, "utf8")) as Images;
}

/** Not `pulumi destroy`: it must work whatever became of the state, and within a minute. */
async function cleanUp(): Promise<void> {
  await stopPebble();
  await stopCertificates();
  await closeIpv6Client();
  await sweep([
    ...[
      "main",
      "kept",
      "acme",
      "certificates",
      "redis",
      "upgrade",
      "data",
      "registries",
      "operations",
      "amo",
      "canary",
      "sources",
      "jobs",
      "monitoring",
      "logging",
      "ipv6",
      "moved",
    ].map((name) => `${LABEL.stack}=e2e-${name}`),
    `${LABEL.e2e}=1`,
    "rampart-e2e=1",
  ]);
  const patched = await docker([
    "image",
    "ls",
    "--filter",
    "label=io.rampart.e2e.patched=1",
    "--format",
    "{{.Repository}}:{{.Tag}}",
  ]);
  const tags = patched.stdout.split("\n").filter((tag) => tag !== "" && !tag.includes("<none>"));
  if (tags.length > 0) await docker(["image", "rm", ...tags]);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
