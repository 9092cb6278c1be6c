import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parse } from "yaml";
import { readStackFile, type StackFile } from "../../plan/stack-file";
import { field, text } from "./json";
import { withKeptSecrets } from "./kept-secrets";
import { lastConfigFile } from "./last-start";
import { statePaths } from "./state";

const PROJECT_FILE = "Pulumi.yaml";

/**
 * The directory of the Pulumi project. In a clone of Rampart that is the clone; for the installed package it is the
 * nearest directory with a Pulumi.yaml, from the current one up, as with the Pulumi CLI.
 * @param home the directory that holds `commands/`
 * @param cwd where to look, and the answer where there is no project
 */
export function projectRoot(home: string, cwd: string): string {
  if (existsSync(join(home, PROJECT_FILE))) return home;
  for (let directory = cwd; ; directory = dirname(directory)) {
    if (existsSync(join(directory, PROJECT_FILE))) return directory;
    if (dirname(directory) === directory) return cwd;
  }
}

/** The project's program: what `main` in Pulumi.yaml names, else the project's package. */
export function programOf(root: string): string {
  const project: unknown = parse(readFileSync(join(root, PROJECT_FILE), "utf8"));
  return resolve(root, text(field(project, "main")) ?? ".");
}

/**
 * The stack's file, where there is one here: most commands need only the engine's address from it.
 * @param configFile from the current directory. @default the file of the last start, else Pulumi.<stack>.yaml
 * @returns undefined where no file is named, none is remembered, and Pulumi.<stack>.yaml does not exist
 * @throws StackFileError where the named or remembered file does not exist, or is not YAML
 */
export function stackFileOf(root: string, stack: string, configFile: string | undefined): StackFile | undefined {
  const read = (path?: string): StackFile => withKeptSecrets(root, readStackFile(root, stack, path));
  if (configFile !== undefined) return read(resolve(configFile));
  const last = lastConfigFile(statePaths(root), stack);
  if (last !== undefined) return read(resolve(root, last));
  return existsSync(join(root, `Pulumi.${stack}.yaml`)) ? read() : undefined;
}
