import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { field, parseJson, text } from "./json";
import { writePrivateFile, type StatePaths } from "./state";

const memory = (paths: StatePaths): string => join(paths.directory, "started.json");

function readMemory(paths: StatePaths): unknown {
  return existsSync(memory(paths)) ? parseJson(readFileSync(memory(paths), "utf8")) : undefined;
}

/**
 * The file that a stack was last started from, as a path from the project's directory or an absolute one: so that a
 * plain `npm start` does not put the sample in an application's place, and a command does not read another file than
 * the one that the stack runs with.
 */
export const lastConfigFile = (paths: StatePaths, stack: string): string | undefined =>
  text(field(readMemory(paths), stack));

/** @param sourceName a path from the project's directory, or an absolute one */
export function rememberConfigFile(paths: StatePaths, stack: string, sourceName: string): void {
  const before = readMemory(paths);
  const all = { ...(typeof before === "object" ? before : {}), [stack]: sourceName };
  writePrivateFile(memory(paths), `${JSON.stringify(all, undefined, 2)}\n`);
}
