import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { RunResult } from "../e2e/lib/process";

export interface Sample {
  readonly seconds: number;
  /** The largest resident set of the process itself, in MiB. */
  readonly peakMiB: number;
  readonly code: number;
  readonly output: string;
}

/** A figure and its peer, each measured in turn with the other. */
export interface Comparison {
  readonly figure: string;
  readonly ours: string;
  readonly peer: string;
  /** Ours by the peer's. */
  readonly ratio: string;
}

const POLL_MS = 10;

/** Runs a command to its end and reads its peak memory off the kernel's own high-water mark. */
export function measure(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Sample> {
  const started = process.hrtime.bigint();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let peakKiB = 0;
    let output = "";
    const poll = setInterval(() => (peakKiB = Math.max(peakKiB, highWaterMark(child.pid))), POLL_MS);
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => {
      clearInterval(poll);
      resolve({
        seconds: Number(process.hrtime.bigint() - started) / 1e9,
        peakMiB: Math.round(peakKiB / 1024),
        code: code ?? 1,
        output,
      });
    });
  });
}

function highWaterMark(pid: number | undefined): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid ?? 0}/status`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/** `1.23 (1.10 to 1.40)`: the median, and what it lies between. */
export function spread(values: readonly number[], digits = 2): string {
  return (
    `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)} to ` +
    `${Math.max(...values).toFixed(digits)})`
  );
}

/** Runs two measurements in turn, so that a machine whose speed drifts treats both alike. */
export async function inTurn<T>(
  rounds: number,
  a: () => Promise<T>,
  b: () => Promise<T>,
): Promise<{ readonly a: readonly T[]; readonly b: readonly T[] }> {
  const results = { a: [] as T[], b: [] as T[] };
  for (let round = 0; round < rounds; round += 1) {
    results.a.push(await a());
    results.b.push(await b());
  }
  return results;
}

/** The median of the ratios, pair by pair. */
export const ratio = (a: readonly number[], b: readonly number[]): number =>
  median(a.map((value, index) => value / (b[index] ?? NaN)));

/** @throws Error with the end of what a command said that failed */
export function must(result: RunResult): RunResult {
  if (result.code !== 0) throw new Error(result.output.slice(-3000));
  return result;
}
