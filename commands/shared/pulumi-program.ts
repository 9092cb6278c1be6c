import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { packageVersion } from "./pulumi-cli";
import { capture, findProgram, type Finished } from "./run";
import { compareVersions, versionIn } from "./versions";

/** A Pulumi CLI of this machine, and what it said of its version. */
export interface PulumiProgram {
  readonly path: string;
  readonly version: Finished;
}

/** Where `PulumiCommand.install` of the SDK puts CLIs, a directory for each version. */
export const versionsDirectory = (env: NodeJS.ProcessEnv): string =>
  join(env["HOME"] ?? homedir(), ".pulumi", "versions");

/** The CLI on the PATH, then those that were brought, the newest first. */
export function pulumiCandidates(env: NodeJS.ProcessEnv): string[] {
  const directory = versionsDirectory(env);
  const versions = existsSync(directory) ? readdirSync(directory).sort((a, b) => compareVersions(b, a)) : [];
  const brought = versions.flatMap((version) => findProgram("pulumi", { PATH: join(directory, version, "bin") }) ?? []);
  const onPath = findProgram("pulumi", env);
  return onPath === undefined ? brought : [onPath, ...brought];
}

/** The first CLI that is new enough; where none is, the first one; undefined where there is none. */
export async function findPulumi(root: string, env: NodeJS.ProcessEnv): Promise<PulumiProgram | undefined> {
  const floor = packageVersion(root, "pulumi");
  let first: PulumiProgram | undefined;
  for (const path of pulumiCandidates(env)) {
    const program = { path, version: await capture(path, ["version"], { ...env, PULUMI_SKIP_UPDATE_CHECK: "true" }) };
    const version = versionIn(program.version.stdout);
    if (version !== undefined && compareVersions(version, floor) >= 0) return program;
    first ??= program;
  }
  return first;
}

/** The environment in which a CLI finds its language host, which lies beside it. */
export const withPulumi = (env: NodeJS.ProcessEnv, path: string): NodeJS.ProcessEnv =>
  findProgram("pulumi", env) === path ? env : { ...env, PATH: `${dirname(path)}${delimiter}${env["PATH"] ?? ""}` };
