import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { contextHost, DockerClient } from "../../engine/docker";
import {
  judgeDockerCli,
  judgeEngine,
  judgeLanguageHost,
  judgeNode,
  judgePlugins,
  judgePulumiCli,
  parseJson,
  field,
  text,
  type Finding,
  type Plugin,
} from "./prerequisites";
import { capture, findProgram } from "./run";

const DEFAULT_HOST = process.platform === "win32" ? "npipe:////./pipe/docker_engine" : "unix:///var/run/docker.sock";
const PROVIDERS = ["docker", "random", "postgresql"];

/**
 * The engine that a deployment would use: `docker:host`, then DOCKER_HOST, then the Docker CLI's current context. The
 * provider does not look at contexts, so that without this Colima or a rootless engine would be missed.
 */
export async function engineHost(configured: string | undefined, env: NodeJS.ProcessEnv): Promise<string> {
  const given = configured ?? text(env["DOCKER_HOST"]);
  if (given !== undefined || findProgram("docker", env) === undefined) return given ?? DEFAULT_HOST;
  const host = await contextHost(env);
  return host !== undefined && /^(unix|ssh|npipe):\/\//.test(host) ? host : DEFAULT_HOST;
}

/** Looks at everything that a deployment needs of this machine. All of it, so that a user mends it in one go. */
export async function survey(root: string, host: string, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const [docker, pulumi] = await Promise.all([surveyDocker(host, env), surveyPulumi(root, env)]);
  return [judgeNode(process.version), ...docker, ...pulumi];
}

async function surveyDocker(host: string, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const cli = judgeDockerCli(findProgram("docker", env));
  if (!cli.ok) return [cli];
  const version = ["version", "--format", "{{json .}}"];
  return [cli, judgeEngine(await new DockerClient(host).ask(version, { timeoutSeconds: 30 }), host)];
}

async function surveyPulumi(root: string, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const program = findProgram("pulumi", env);
  const floor = packageVersion(root, "pulumi");
  if (program === undefined) return [judgePulumiCli(undefined, floor)];
  const [version, plugins] = await Promise.all([
    capture(program, ["version"], env),
    capture(program, ["plugin", "ls", "--json"], env),
  ]);
  const cli = judgePulumiCli(version, floor);
  if (!cli.ok) return [cli];
  const beside = findProgram("pulumi-language-nodejs", { PATH: dirname(program) });
  const wanted: Plugin[] = PROVIDERS.map((name) => ({ name, version: packageVersion(root, name) }));
  return [cli, judgeLanguageHost(beside ?? findProgram("pulumi-language-nodejs", env)), judgePlugins(wanted, plugins)];
}

/** The version of an installed package of Pulumi's. */
export function packageVersion(root: string, name: string): string {
  const manifest = parseJson(readFileSync(join(root, "node_modules", "@pulumi", name, "package.json"), "utf8"));
  return text(field(manifest, "version")) ?? "unknown";
}
