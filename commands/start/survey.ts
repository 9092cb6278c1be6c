import { dirname } from "node:path";
import { DockerClient } from "../../engine/docker";
import { packageVersion } from "../shared/pulumi-cli";
import { findPulumi } from "../shared/pulumi-program";
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

/** What a deployment needs of this machine, and how it stands. */
export interface Survey {
  readonly docker: readonly Finding[];
  readonly pulumi: readonly Finding[];
  /** The CLI that does; undefined where none does. */
  readonly program: string | undefined;
}

/** All findings, in the order in which they are read. */
export const findingsOf = ({ docker, pulumi }: Survey): Finding[] => [judgeNode(process.version), ...docker, ...pulumi];

/** Looks at everything that a deployment needs of this machine. All of it, so that a user mends it in one go. */
export async function survey(root: string, host: string, env: NodeJS.ProcessEnv): Promise<Survey> {
  const [docker, pulumi] = await Promise.all([surveyDocker(host, env), surveyPulumi(root, env)]);
  return { docker, ...pulumi };
}

async function surveyDocker(host: string, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const cli = judgeDockerCli(findProgram("docker", env));
  if (!cli.ok) return [cli];
  const version = ["version", "--format", "{{json .}}"];
  return [cli, judgeEngine(await new DockerClient(host).ask(version, { timeoutSeconds: 30 }), host)];
}

async function surveyPulumi(root: string, env: NodeJS.ProcessEnv): Promise<Pick<Survey, "pulumi" | "program">> {
  const found = await findPulumi(root, env);
  const cli = judgePulumiCli(found?.version, packageVersion(root, "pulumi"));
  if (found === undefined || !cli.ok) return { pulumi: [cli], program: undefined };
  const { path } = found;
  const beside = findProgram("pulumi-language-nodejs", { PATH: dirname(path) });
  const host = judgeLanguageHost(beside ?? findProgram("pulumi-language-nodejs", env));
  const plugins = await capture(path, ["plugin", "ls", "--json"], env);
  const wanted: Plugin[] = PROVIDERS.map((name) => ({ name, version: packageVersion(root, name) }));
  return { pulumi: [cli, host, judgePlugins(wanted, plugins)], program: path };
}
