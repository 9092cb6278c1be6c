import { readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./process";
import { REPOSITORY } from "./pulumi";

/**
 * Everything that the checks need and this machine has not got, as the person who has to install it would say it.
 * @param ownEngine Whether the checks run on the engine that this machine has already
 */
export async function whatIsMissing(ownEngine: boolean): Promise<string[]> {
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
  if (ownEngine && found[0] === true) {
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
