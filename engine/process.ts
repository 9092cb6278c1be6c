import type { ChildProcess, ChildProcessWithoutNullStreams } from "node:child_process";
import { constants } from "node:os";
import type { Readable } from "node:stream";
import { notStarted } from "./failure";

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How long a command that was told to end may take to do so. */
const KILL_GRACE_MS = 5_000;

/** Ends a command once its time is up, at first in good order. */
export class TimeLimit {
  over = false;
  private timer: NodeJS.Timeout;

  constructor(child: ChildProcessWithoutNullStreams, seconds: number) {
    this.timer = setTimeout(() => {
      this.over = true;
      child.kill();
      this.timer = setTimeout(() => {
        child.kill("SIGKILL");
        // A child of the CLI's, as ssh is, may hold them open.
        for (const stream of [child.stdout, child.stderr]) stream.destroy();
      }, KILL_GRACE_MS);
    }, seconds * 1000);
  }

  lift(): void {
    clearTimeout(this.timer);
  }
}

/** Waits for the end. @param keep "errors" where somebody else reads the standard output */
export async function result(
  child: ChildProcessWithoutNullStreams,
  keep: "everything" | "errors" = "everything",
): Promise<Finished> {
  const stdout = keep === "everything" ? collect(child.stdout) : () => "";
  const stderr = collect(child.stderr);
  const code = await ended(child);
  return { code, stdout: stdout(), stderr: stderr() };
}

function collect(stream: Readable): () => string {
  const parts: Buffer[] = [];
  stream.on("data", (part: Buffer) => parts.push(part));
  return () => Buffer.concat(parts).toString();
}

/** The exit code of a process; of one that a signal ended, as a shell has it. */
export function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on("error", (error) => reject(notStarted(error)));
    child.on("close", (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}
