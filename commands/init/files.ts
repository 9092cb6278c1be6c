import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { ComposeError, loadFiles } from "../../config/compose/load";
import type { ComposeFiles } from "../../config/compose/project";
import { isTree, type Tree } from "../../hardening/tree";
import { DockerClient } from "../../engine/docker";
import { DEFAULT_HOST, EngineError } from "../../engine/engine";
import { UserError } from "../shared/errors";
import { parseJson } from "../shared/json";
import type { Printer } from "../shared/output";
import { findProgram } from "../shared/run";

/** In Compose's order. */
const NAMES = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];
/** More than any compose file, env file or proxy's configuration has. */
const MAX_BYTES = 4 * 1024 * 1024;

/** The text of a file; undefined where there is none that can be read. */
export function readText(path: string): string | undefined {
  try {
    const { size } = statSync(path);
    return size > MAX_BYTES ? undefined : readFileSync(path, "utf8").replace(/^\ufeff/, "");
  } catch {
    return undefined;
  }
}

export const disk: ComposeFiles = {
  read: readText,
  list: (path) => {
    try {
      return readdirSync(path).sort();
    } catch {
      return [];
    }
  },
};

/** The absolute paths of the compose files. @throws UserError where there is none */
export function composeFiles(from: string, cwd: string): string[] {
  const files = from.split(",").map((part) => resolve(cwd, part.trim()));
  return files.flatMap((path) => {
    if (!existsSync(path)) throw new UserError(`There is no file ${path}.`);
    if (!statSync(path).isDirectory()) return [path];
    const found = NAMES.map((name) => join(path, name)).find((file) => existsSync(file));
    if (found === undefined) throw new UserError(`There is no compose file in ${path}: none of ${NAMES.join(", ")}.`);
    const override = found.replace(/\.(ya?ml)$/, ".override.$1");
    return existsSync(override) ? [found, override] : [found];
  });
}

/**
 * The model of the compose files, variables as they are: from `docker compose config`, else by Rampart's own reader.
 * What Compose writes about a file that it refuses may repeat a value, so it is never shown.
 * @throws UserError where neither can read the files
 */
export async function composeModel(files: readonly string[], env: NodeJS.ProcessEnv, print: Printer): Promise<Tree> {
  const model = findProgram("docker", env) === undefined ? undefined : await askCompose(files);
  if (isTree(model)) return model;
  try {
    const own = loadFiles(files, readText);
    if (model === "refused")
      print.progress(
        "`docker compose config` refuses the file (`docker compose " +
          `${files.map((file) => `-f ${file}`).join(" ")} config --quiet\` says why); Rampart read it by itself.`,
      );
    return own;
  } catch (error) {
    if (error instanceof ComposeError) throw new UserError(error.message);
    throw error;
  }
}

/** Compose's own reading: `extends`, `include`, several files, and the form of the file. */
async function askCompose(files: readonly string[]): Promise<Tree | "refused" | undefined> {
  const args = [
    ...files.flatMap((file) => ["--file", file]),
    "--profile",
    "*",
    "config",
    "--no-interpolate",
    "--no-env-resolution",
    "--no-normalize",
    "--format",
    "json",
  ];
  try {
    // Compose reads files here and asks no engine.
    const { code, stdout, stderr } = await new DockerClient(DEFAULT_HOST).ask(["compose", ...args]);
    if (code !== 0) return /unknown flag|is not a docker command|unknown command/.test(stderr) ? undefined : "refused";
    const model = parseJson(stdout);
    return isTree(model) ? model : "refused";
  } catch (error) {
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}
