/** What strace wrote of a container's processes, read: pure functions. */

import { withMargin } from "./margin";

/** `1234  openat(…`, also with `[pid 1234]` in front, and `1234  <... openat resumed>`. */
const LINE = /^(?:\[pid\s+(\d+)\]|(\d+))\s+(?:<\.\.\. )?([a-z_][a-z0-9_]*)(?:\(| resumed>)/;
/** The call by which the container runtime loads the filter. What a thread does after it is what the filter judges. */
const LOADS_FILTER = /^(?:\[pid\s+\d+\]|\d+)\s+(?:seccomp\(SECCOMP_SET_MODE_FILTER|prctl\(PR_SET_SECCOMP)/;
const SUCCEEDED = /= 0$/;
const STARTS_THREAD = /(?:clone3?|v?fork)(?:\(| resumed>).*= (\d+)$/;

export interface Recording {
  /** System calls, sorted and each once. */
  readonly calls: readonly string[];
  /** How many lines of the trace were read as a call. */
  readonly lines: number;
}

/**
 * The calls that a container's filter judges, in a trace of the container's shim with all that it starts.
 * @param confined the threads that ran in the container when the trace began
 */
export function recordingOf(trace: Iterable<string>, confined: Iterable<number>): Recording {
  const threads = new Set(confined);
  const loading = new Set<number>();
  const calls = new Set<string>();
  let lines = 0;
  for (const line of trace) {
    const [, bracketed, plain, call = ""] = LINE.exec(line) ?? [];
    const thread = Number(bracketed ?? plain);
    if (call === "") continue;
    if (threads.has(thread)) {
      lines += 1;
      calls.add(call);
      const started = STARTS_THREAD.exec(line)?.[1];
      if (started !== undefined) threads.add(Number(started));
    }
    // libseccomp first asks which flags the kernel knows, by calls that fail: only success loads a filter.
    if (LOADS_FILTER.test(line)) loading.add(thread);
    if (loading.has(thread) && !line.endsWith("<unfinished ...>")) {
      loading.delete(thread);
      if (SUCCEEDED.test(line)) threads.add(thread);
    }
  }
  return { calls: [...calls].sort(), lines };
}

/** A recording beside a profile. */
export interface Comparison {
  /** Calls that the profile denies and the program made: it would break. */
  readonly missing: readonly string[];
  /** Calls that the profile allows and that were neither recorded nor are in the margin. */
  readonly unused: readonly string[];
}

export function compare(recorded: readonly string[], allowed: ReadonlySet<string>): Comparison {
  const needed = new Set(withMargin(recorded));
  return {
    missing: recorded.filter((call) => !allowed.has(call)),
    unused: [...allowed].filter((call) => !needed.has(call)).sort(),
  };
}
