import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { promisify } from "node:util";

export const ROOT = resolve(__dirname, "..", "..");

export const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

/** The files of a directory that end so, as paths from the root, in order. */
export function files(directory: string, ending: RegExp, recursive = false): string[] {
  return readdirSync(join(ROOT, directory), { recursive, withFileTypes: true })
    .filter((entry) => entry.isFile() && ending.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .sort();
}

export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const run = promisify(execFile);

/** Runs a program with the tests' own Node.js; a failure is an exit code, not a throw. */
export async function node(args: readonly string[], cwd: string = ROOT): Promise<Output> {
  try {
    const { stdout, stderr } = await run(process.execPath, [...args], { cwd, maxBuffer: 64 * 1024 * 1024 });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}
