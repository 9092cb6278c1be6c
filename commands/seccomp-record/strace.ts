import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { recordingOf, type Recording } from "../../hardening/confinement/seccomp/trace";
import { UserError } from "../shared/errors";
import { runFor } from "../shared/run";

/** With all that starts meanwhile, and no text of any argument. */
const OPTIONS = ["-f", "-s", "0", "-e", "signal=none"];

const parentOf = (pid: number): number | undefined => {
  try {
    // The program's name stands in parentheses and may hold anything, also a parenthesis.
    const [, fields = ""] = /^.*\) (.*)$/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
    return Number(fields.split(" ")[1]);
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
};

/** A process with all that it started. */
function descendants(root: number): readonly number[] {
  const parents = readdirSync("/proc").flatMap((entry): [number, number][] => {
    const parent = /^\d+$/.test(entry) ? parentOf(Number(entry)) : undefined;
    return parent === undefined ? [] : [[Number(entry), parent]];
  });
  const found = new Set([root]);
  for (let before = 0; before !== found.size;) {
    before = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  return [...found];
}

const threadsOf = (pid: number): readonly number[] => {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [];
  }
};

/** The shim of a container: its parent, from which health checks and `docker exec` start too. */
function shimOf(pid: number): number {
  const shim = parentOf(pid);
  const name = shim === undefined || shim <= 1 ? "" : readFileSync(`/proc/${shim}/cmdline`, "utf8");
  if (shim === undefined || !name.includes("shim"))
    throw new UserError(`Process ${pid} is no container of this host. Run the recording on the engine's own host.`);
  return shim;
}

/**
 * Records what a container calls, from now on.
 * @param pid its first process, as the host counts
 * @throws UserError where strace is missing or may not attach
 */
export async function recordCalls(pid: number, seconds: number): Promise<Recording> {
  const shim = shimOf(pid);
  const all = descendants(shim);
  const confined = descendants(pid).flatMap(threadsOf);
  const directory = mkdtempSync(join(tmpdir(), "rampart-seccomp-"));
  const file = join(directory, "trace");
  try {
    const problem = await runFor(
      "strace",
      [...OPTIONS, ...all.flatMap((one) => ["-p", String(one)]), "-o", file],
      seconds,
    );
    if (problem !== undefined)
      throw new UserError(`strace could not record: ${problem}. It needs strace and root on the engine's host.`);
    return recordingOf(readFileSync(file, "utf8").split("\n"), confined);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
