/**
 * npm run test:e2e [-- --engine 20.10|26|current] [--only <part of a name>] [--counts <file>]
 *
 * Deploys, probes, upgrades, breaks and destroys real stacks on this machine's engine, and on a newer one beside it
 * where that can be made: there without the suites that are marked `once`. What is missing is named, and its checks are counted as skipped.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { parseArgs } from "node:util";
import { run } from "./lib/process";
import { REPOSITORY } from "./lib/pulumi";
import { countChecks, countLine, select, selectAgain, type Counts } from "./lib/runner";
import { SUITES } from "./suites";

const ENGINES = ["20.10", "26"] as const;
type EngineName = (typeof ENGINES)[number];

const ENGINE_26 = join(REPOSITORY, "test/e2e/engines/engine26.sh");
const ENGINE_26_DIRECTORY =
  process.env["RAMPART_E2E_ENGINE26"] ??
  join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "rampart-e2e/engine26");

let interrupted = false;

async function main(): Promise<void> {
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => (interrupted = true));
  const { values } = parseArgs({
    options: { engine: { type: "string" }, only: { type: "string" }, counts: { type: "string" } },
  });
  const engines = ENGINES.filter((name) => values.engine === undefined || values.engine === name);
  if (engines.length === 0) throw new Error(`--engine: given ${values.engine ?? ""}; allowed: ${ENGINES.join(", ")}`);
  const total: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const engine of engines) {
    const counts = await onEngine(engine, values.only);
    total.passed += counts.passed;
    total.failed += counts.failed;
    total.skipped += counts.skipped;
  }
  if (values.counts !== undefined) writeFileSync(values.counts, JSON.stringify(total));
  console.log(countLine(total));
  process.exitCode = total.failed > 0 ? 1 : 0;
}

/** The first engine runs everything; the second what an engine has a part in. */
const suitesOf = (engine: EngineName, only: string | undefined): typeof SUITES =>
  engine === ENGINES[0] ? select(SUITES, only) : selectAgain(SUITES, only);

async function onEngine(engine: EngineName, only: string | undefined): Promise<Counts> {
  const missing = interrupted ? ["the run was interrupted"] : await whatIsMissing(engine);
  if (missing.length > 0) {
    console.log(`skipped: Docker ${engine}: ${missing.join("; ")}`);
    return { passed: 0, failed: 0, skipped: countChecks(suitesOf(engine, only)) };
  }
  if (engine === "20.10") return checks([], engine, only);
  const started = await run(ENGINE_26, ["start", ENGINE_26_DIRECTORY], { timeoutSeconds: 600 });
  try {
    if (started.code !== 0) {
      console.log(
        `skipped: Docker 26: the engine could not be made or started here: ${started.output.trim().split("\n").at(-1) ?? ""}`,
      );
      return { passed: 0, failed: 0, skipped: countChecks(suitesOf(engine, only)) };
    }
    return await checks([ENGINE_26, "exec", ENGINE_26_DIRECTORY, "--"], engine, only);
  } finally {
    await run(ENGINE_26, ["stop", ENGINE_26_DIRECTORY], { timeoutSeconds: 120 });
  }
}

/** Runs the checks in a process of their own: the second engine's lies in another network namespace. */
async function checks(prefix: readonly string[], engine: EngineName, only: string | undefined): Promise<Counts> {
  const directory = mkdtempSync(join(tmpdir(), "rampart-e2e-counts-"));
  const file = join(directory, "counts.json");
  const [command = process.execPath, ...args] = [
    ...prefix,
    process.execPath,
    join(REPOSITORY, "node_modules/tsx/dist/cli.mjs"),
    join(__dirname, "engine-run.ts"),
    file,
    only ?? "",
    engine === ENGINES[0] ? "first" : "again",
  ];
  const started = Date.now();
  console.log(
    `\nDocker ${engine}: ${(await run(prefix[0] ?? "docker", prefix.length === 0 ? ["version", "--format", "{{.Server.Version}}"] : [...prefix.slice(1), "docker", "version", "--format", "{{.Server.Version}}"])).stdout.trim()}`,
  );
  try {
    await new Promise<void>((resolve, reject) => {
      const child = spawn(command, args, { cwd: REPOSITORY, stdio: "inherit" });
      for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => child.kill(name));
      child.on("error", reject);
      child.on("close", () => resolve());
    });
    console.log(`Docker ${engine}: ${((Date.now() - started) / 60_000).toFixed(1)} minutes`);
    if (!existsSync(file)) return { passed: 0, failed: countChecks(suitesOf(engine, only)), skipped: 0 };
    return JSON.parse(readFileSync(file, "utf8")) as Counts;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Everything that the checks need and this machine has not got, in the words of who has to install it. */
async function whatIsMissing(engine: EngineName): Promise<string[]> {
  const missing: string[] = [];
  if (process.platform !== "linux" || process.getuid?.() !== 0)
    missing.push("Linux and root (network namespaces are entered)");
  const programs = [
    "docker",
    "pulumi",
    "pulumi-language-nodejs",
    "mmdebstrap",
    "docker-registry",
    "go",
    "npm",
    "python3",
    "jq",
    "curl",
    "openssl",
    "ip",
    "nsenter",
  ];
  const found = await Promise.all(
    programs.map(async (name) => (await run("bash", ["-c", 'command -v "$1"', "-", name])).code === 0),
  );
  missing.push(...programs.filter((_, index) => found[index] !== true).map((name) => `the program ${name}`));
  if (found[1] === true) missing.push(...(await missingPlugins()));
  if (engine === "20.10" && found[0] === true) {
    const version = await run("docker", ["version", "--format", "{{.Server.Version}}"], { timeoutSeconds: 15 });
    if (version.code !== 0) missing.push("a Docker engine that answers");
  }
  return missing;
}

async function missingPlugins(): Promise<string[]> {
  const listed = await run("pulumi", ["plugin", "ls", "--json"], {
    cwd: REPOSITORY,
    env: { PULUMI_SKIP_UPDATE_CHECK: "true" },
  });
  const installed = listed.code === 0 ? (JSON.parse(listed.stdout) as { name: string; version: string }[]) : [];
  return ["docker", "random", "postgresql"].flatMap((name) => {
    const { version } = JSON.parse(
      readFileSync(join(REPOSITORY, `node_modules/@pulumi/${name}/package.json`), "utf8"),
    ) as { version: string };
    return installed.some((plugin) => plugin.name === name && plugin.version === version)
      ? []
      : [`the Pulumi plugin ${name} ${version} (\`pulumi plugin install resource ${name} ${version}\`)`];
  });
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
