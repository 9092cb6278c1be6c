import { dirname } from "node:path";
import { DockerClient } from "../../engine/docker";
import { packageVersion } from "../shared/pulumi-cli";
import { capture, findProgram } from "../shared/run";
import {
  judgeDockerCli,
  judgeEngine,
  judgeLanguageHost,
  judgeNode,
  judgePlugins,
  judgePulumiCli,
  type Finding,
  type Plugin,
} from "./prerequisites";

const PROVIDERS = ["docker", "random", "postgresql"];

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
