/** A load of every kind of request, from a process for each core. */
import { spawn, type ChildProcess } from "node:child_process";
import { cpus } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { REPOSITORY } from "./pulumi";

export interface Target {
  readonly host: string;
  readonly port: number;
}

/** GETs, POSTs with a body, answers of two seconds, event streams and uploads of eight. */
export type Kind = "get" | "post" | "slow" | "stream" | "upload";

/** What one process has to tell. */
export interface Part {
  readonly sent: Record<Kind, number>;
  readonly failed: string[];
  /** Answers to GETs, by the version that gave them. */
  readonly versions: Record<string, number>;
  /** Streams and uploads that ended with the version before, when the next one served already. */
  readonly outlived: Record<"stream" | "upload", number>;
}

/** More would be over what one client may have in flight on a route. */
const MOST_PROCESSES = 4;

export class MixedLoad {
  private readonly processes: readonly { readonly child: ChildProcess; readonly part: Promise<Part> }[];
  /** Requests that each process has sent so far. */
  private readonly counts: number[] = [];

  constructor(target: Target) {
    const script = [join(REPOSITORY, "node_modules/tsx/dist/cli.mjs"), join(__dirname, "mixed-load-worker.ts")];
    this.processes = Array.from({ length: Math.min(cpus().length, MOST_PROCESSES) }, (_, index) => {
      const child = spawn(process.execPath, [...script, JSON.stringify(target)], {
        stdio: ["pipe", "pipe", "inherit"],
      });
      const part = new Promise<Part>((resolve, reject) => {
        let last = "";
        createInterface(child.stdout).on("line", (line) => {
          last = line;
          this.counts[index] = totalOf((JSON.parse(line) as Part).sent);
        });
        child.on("error", reject);
        child.on("close", (code) =>
          code === 0
            ? resolve(JSON.parse(last) as Part)
            : reject(new Error(`the load ended with ${code ?? "a signal"}`)),
        );
      });
      // Told when the load is stopped.
      part.catch(() => undefined);
      return { child, part };
    });
  }

  /** Requests so far. */
  get total(): number {
    return this.counts.reduce((total, count) => total + count, 0);
  }

  /** Ends the load, waits for what is under way, and gives the tally of all processes. */
  async stop(): Promise<Part> {
    for (const { child } of this.processes) child.stdin?.end();
    const parts = await Promise.all(this.processes.map(({ part }) => part));
    const sum = <K extends string>(of: (part: Part) => Readonly<Record<K, number>>): Record<K, number> => {
      const total: Partial<Record<K, number>> = {};
      for (const [key, count] of parts.flatMap((part) => Object.entries(of(part)) as [K, number][]))
        total[key] = (total[key] ?? 0) + count;
      return total as Record<K, number>;
    };
    return {
      sent: sum((part) => part.sent),
      failed: parts.flatMap(({ failed }) => failed),
      versions: sum((part) => part.versions),
      outlived: sum((part) => part.outlived),
    };
  }
}

export const describeMixed = ({ sent, failed, outlived }: Part): string =>
  [
    `${failed.length} of ${totalOf(sent)} requests lost`,
    `${sent.get} GETs, ${sent.post} POSTs, ${sent.slow} answers of 2 s`,
    `${outlived.stream} of ${sent.stream} streams outlived a replacement`,
    `${outlived.upload} of ${sent.upload} uploads did`,
  ].join(", ");

export const totalOf = (sent: Part["sent"]): number => Object.values(sent).reduce((total, count) => total + count, 0);
