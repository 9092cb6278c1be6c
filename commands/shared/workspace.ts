import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { isAbsolute, join, relative, resolve } from "node:path";
import { defined } from "../../hardening/defined";
import { readStackFile, type StackFile } from "../../plan/stack-file";
import { UserError } from "./errors";
import { withKeptSecrets } from "./kept-secrets";
import { lastConfigFile } from "./last-start";
import { capture } from "./run";
import { mergeStackFile, saltOf } from "./stack-config";
import {
  prepareState,
  pulumiEnvironment,
  stackStateFile,
  statePaths,
  writePrivateFile,
  type StatePaths,
} from "./state";

/** The stack that `npm start` deploys where none is named. */
export const DEFAULT_STACK = "dev";

/** Which stack, and from which file. */
export interface WorkspaceOptions {
  readonly stack: string;
  /** From the current directory. @default the file of the last start, else Pulumi.<stack>.yaml */
  readonly configFile?: string;
}

/** One stack of one checkout: its tracked file, and what Pulumi is given instead of it. */
export interface Workspace {
  readonly root: string;
  readonly project: string;
  readonly stack: string;
  /** The file to edit, as an absolute path. */
  readonly sourceFile: string;
  /** The same, as the user would write it. */
  readonly sourceName: string;
  /** Whether the file is that of the last start rather than one named now. */
  readonly remembered: boolean;
  readonly paths: StatePaths;
  /** What Pulumi reads and writes in place of `sourceFile`. */
  readonly pulumiFile: string;
}

/**
 * @param cwd where a relative path counts from. @default the current directory
 * @throws StackFileError when there is no such file, or it is not YAML
 */
export function openWorkspace(
  root: string,
  options: WorkspaceOptions,
  cwd = process.cwd(),
): Workspace & { readonly tracked: StackFile } {
  const paths = statePaths(root);
  const { stack } = options;
  const last = options.configFile === undefined ? lastConfigFile(paths, stack) : undefined;
  const sourceName = fromRoot(root, options.configFile, cwd) ?? last ?? `Pulumi.${stack}.yaml`;
  const sourceFile = resolve(root, sourceName);
  const tracked = withKeptSecrets(root, readStackFile(root, stack, sourceFile));
  const remembered = last !== undefined && sourceFile !== resolve(root, `Pulumi.${stack}.yaml`);
  return {
    root,
    project: tracked.project,
    stack,
    sourceFile,
    sourceName,
    remembered,
    paths,
    tracked,
    pulumiFile: join(paths.directory, `Pulumi.${stack}.yaml`),
  };
}

/**
 * A path from where the user stands as one from the root, by which it is remembered; an absolute path stays as it is.
 */
const fromRoot = (root: string, path: string | undefined, cwd: string): string | undefined =>
  path === undefined || isAbsolute(path) ? path : relative(root, resolve(cwd, path));

/**
 * The passphrase and Pulumi's stack file.
 * @throws UserError when the kept passphrase and the file do not go together
 */
export function prepareWorkspace(workspace: Workspace): { readonly created: boolean } {
  const result = prepareState(workspace.paths);
  writePulumiFile(workspace);
  return result;
}

function writePulumiFile(workspace: Workspace, salt?: string): void {
  const { pulumiFile, project, sourceFile, sourceName } = workspace;
  const kept = existsSync(pulumiFile) ? readFileSync(pulumiFile, "utf8") : undefined;
  const source = readFileSync(sourceFile, "utf8");
  writePrivateFile(pulumiFile, mergeStackFile({ project, source, sourceName, ...defined({ kept, salt }) }));
}

/**
 * Makes the stack where it does not exist. `stack init` writes a salt into the stack file beside Pulumi.yaml and takes
 * no `--config-file`, so it gets a directory of its own.
 */
export async function ensureStack(workspace: Workspace, pulumi: string): Promise<void> {
  const { paths, project, stack } = workspace;
  if (existsSync(stackStateFile(paths, project, stack))) return;
  const directory = join(paths.directory, "init");
  mkdirSync(directory, { recursive: true });
  try {
    writePrivateFile(join(directory, "Pulumi.yaml"), `name: ${project}\nruntime: nodejs\n`);
    const env = pulumiEnvironment(process.env, paths, stack);
    const result = await capture(
      pulumi,
      ["--cwd", directory, "stack", "init", stack, "--no-select", "--non-interactive"],
      env,
      60,
    );
    if (result.code !== 0)
      throw new UserError(`The stack ${stack} could not be made in ${paths.backend}: ${result.stderr.trim()}`);
    const salt = saltOf(readFileSync(join(directory, `Pulumi.${stack}.yaml`), "utf8"));
    // A salt that is kept goes with the values that are kept; both salts open with the one passphrase.
    if (saltOf(readFileSync(workspace.pulumiFile, "utf8")) === undefined) writePulumiFile(workspace, salt);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
