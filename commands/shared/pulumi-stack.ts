import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { FORM_VARIABLE, formVariable, pulumiCommandLine } from "../../config/commands";
import { defined } from "../../hardening/defined";
import { readStackFile, stackFilePath, type StackFile } from "../../plan/stack-file";
import type { Context } from "./command";
import { engineHost } from "./engine-host";
import { UserError } from "./errors";
import { missingPulumi, packageVersion, startedForm } from "./pulumi-cli";
import { findPulumi, withPulumi } from "./pulumi-program";
import { capture, show, type Finished } from "./run";
import { pulumiEnvironment, stackStateFile, statePaths } from "./state";
import { openWorkspace, prepareWorkspace, type Workspace } from "./workspace";

/** Which stack, as a command line names it. */
export interface StackChoice {
  readonly stack: string;
  /** From where the user stands. @default the file of the last start, else Pulumi.<stack>.yaml */
  readonly configFile?: string;
  /** Whether Pulumi only reads: then nothing is written for it. @default false */
  readonly readOnly?: boolean;
}

/** A stack by the Pulumi CLI: on the state of `npm start`, or wherever PULUMI_BACKEND_URL and the login say. */
export interface PulumiStack {
  readonly stack: string;
  readonly root: string;
  /** The file that is under version control, as an absolute path, and as the user would write it. */
  readonly sourceFile: string;
  readonly sourceName: string;
  readonly file: StackFile;
  /** On the state of `npm start`; undefined elsewhere. */
  readonly workspace: Workspace | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** Runs Pulumi to its end, and keeps what it writes. The stack is named. */
  readonly ask: (args: readonly string[], timeoutSeconds?: number) => Promise<Finished>;
  /** The same of another stack, on the same backend. */
  readonly askOf: (stack: string, args: readonly string[], timeoutSeconds?: number) => Promise<Finished>;
  /** Runs Pulumi on this process's terminal. @param configFile @default the stack's own */
  readonly show: (args: readonly string[], configFile?: string) => Promise<number>;
  /** How a person runs `pulumi <command>` on this stack. */
  readonly command: (args: string) => string;
}

/**
 * @throws UserError where the Pulumi CLI is missing
 * @throws StackFileError where the stack has no file
 */
export async function openPulumiStack(
  context: Context,
  { stack, configFile, readOnly = false }: StackChoice,
): Promise<PulumiStack> {
  const { root, env, cwd } = context;
  const program = await findPulumi(root, env);
  if (program === undefined)
    throw new UserError(`${missingPulumi(packageVersion(root, "pulumi"))}, then run the command again.`);
  const { path } = program;
  const paths = statePaths(root);
  const named = configFile === undefined ? undefined : resolve(cwd, configFile);
  const sourceFile = named ?? stackFilePath(root, stack);
  const project = existsSync(sourceFile) ? readStackFile(root, stack, sourceFile).project : "rampart";
  const own = env["PULUMI_BACKEND_URL"] === undefined && existsSync(stackStateFile(paths, project, stack));
  const workspace = own ? openWorkspace(root, { stack, ...defined({ configFile }) }, cwd) : undefined;
  const file = workspace?.tracked ?? readStackFile(root, stack, sourceFile);
  if (workspace !== undefined && !readOnly) prepareWorkspace(workspace);
  const host = await engineHost(file.values["docker:host"], env);
  const base = withPulumi(env, path);
  const stackEnv: NodeJS.ProcessEnv = {
    ...(workspace === undefined
      ? { ...base, PULUMI_SKIP_UPDATE_CHECK: "true", ...defined({ PULUMI_OPTION_CONFIG_FILE: named }) }
      : pulumiEnvironment(base, paths, stack, workspace.pulumiFile)),
    DOCKER_HOST: host,
    ...(workspace === undefined ? {} : { [FORM_VARIABLE]: formVariable(startedForm(workspace)) }),
  };
  const askOf: PulumiStack["askOf"] = (of, args, timeoutSeconds = 120) =>
    capture(path, ["--non-interactive", "--cwd", root, ...args, "--stack", of], stackEnv, timeoutSeconds);
  return {
    stack,
    root,
    sourceFile: workspace?.sourceFile ?? sourceFile,
    sourceName: workspace?.sourceName ?? configFile ?? `Pulumi.${stack}.yaml`,
    file,
    workspace,
    env: stackEnv,
    ask: (args, timeoutSeconds) => askOf(stack, args, timeoutSeconds),
    askOf,
    show: (args, other) =>
      show(path, [...args, "--stack", stack], { ...stackEnv, ...defined({ PULUMI_OPTION_CONFIG_FILE: other }) }, root),
    command: (args) =>
      pulumiCommandLine(
        workspace === undefined ? { program: "pulumi", stack, ...defined({ configFile }) } : startedForm(workspace),
        args,
      ),
  };
}
