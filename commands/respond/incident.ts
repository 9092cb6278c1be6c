/** Where an answer to a breach keeps what it has found and done, so that it can go on after a break. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { makePrivateDirectory, statePaths, writePrivateFile } from "../shared/state";
import { field, parseJson, text } from "../shared/json";

export const STEPS = ["evidence", "rollback", "rotation", "database-sessions", "redis-sessions"] as const;
export type Step = (typeof STEPS)[number];

const FILE = "incident.json";

/** One answer to one breach. */
export class Incident {
  private readonly done: Record<string, string>;

  private constructor(
    readonly stack: string,
    /** `20261127T120000Z`: the name of the directory, and the new rotation key. */
    readonly stamp: string,
    readonly directory: string,
    done: Readonly<Record<string, string>>,
  ) {
    this.done = { ...done };
  }

  static begin(root: string, stack: string, now: Date): Incident {
    const stamp = now.toISOString().replace(/[-:]|\.\d+/g, "");
    const incidents = directoryOf(root);
    makePrivateDirectory(statePaths(root).directory);
    makePrivateDirectory(incidents);
    const incident = new Incident(stack, stamp, join(incidents, stamp), {});
    makePrivateDirectory(incident.directory);
    incident.save();
    return incident;
  }

  /** The newest one of the stack that has steps left; undefined where there is none. */
  static unfinished(root: string, stack: string): Incident | undefined {
    const incidents = directoryOf(root);
    if (!existsSync(incidents)) return undefined;
    for (const stamp of readdirSync(incidents).sort().reverse()) {
      const directory = join(incidents, stamp);
      const file = join(directory, FILE);
      const known = existsSync(file) ? parseJson(readFileSync(file, "utf8")) : undefined;
      if (field(known, "stack") !== stack || field(known, "finished") !== undefined) continue;
      const done = field(known, "done");
      const steps = STEPS.flatMap((step) => {
        const at = text(field(done, step));
        return at === undefined ? [] : [[step, at] as const];
      });
      return new Incident(stack, stamp, directory, Object.fromEntries(steps));
    }
    return undefined;
  }

  /** The text that every password is derived anew by. */
  get rotationKey(): string {
    return `incident-${this.stamp}`;
  }

  isDone(step: Step): boolean {
    return this.done[step] !== undefined;
  }

  finish(step: Step, now: Date): void {
    this.done[step] = now.toISOString();
    this.save();
  }

  end(now: Date): void {
    this.save(now.toISOString());
  }

  private save(finished?: string): void {
    const content = { stack: this.stack, done: this.done, finished };
    writePrivateFile(join(this.directory, FILE), `${JSON.stringify(content, undefined, 2)}\n`);
  }
}

const directoryOf = (root: string): string => join(statePaths(root).directory, "incidents");
