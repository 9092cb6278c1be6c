/** What the scheduler says of the stack's jobs. */
import { lines } from "../../engine/text";
import { defined } from "../../hardening/defined";
import { SCHEDULER_HEALTH_PORT } from "../../hardening/jobs/scheduler";
import { field, parseJson, text } from "../shared/json";

/** Run within the scheduler's container: a line of JSON for each job. */
export const JOBS_SCRIPT = `wget -q -O - http://127.0.0.1:${SCHEDULER_HEALTH_PORT}/jobs`;

export interface JobFact {
  readonly name: string;
  readonly running: boolean;
  /** Since when it runs, in ISO 8601 as every time here. */
  readonly since?: string;
  /** Of the last run that has ended; absent before the first one. */
  readonly last?: {
    readonly started: string;
    readonly ended: string;
    readonly exitCode: number;
    /** `deadline`: it took too long and was stopped; `replaced`: the next run was due and stopped it. */
    readonly outcome: "succeeded" | "failed" | "deadline" | "replaced";
  };
  readonly succeeded?: string;
  /** Times at which the job was due since a run last succeeded. */
  readonly dueWithoutSuccess: number;
  /** Times at which the run before still ran. */
  readonly skipped: number;
  readonly next?: string;
}

const OUTCOMES = ["succeeded", "failed", "deadline", "replaced"] as const;

/** @param told what the script wrote. A line that is none is left out */
export const jobFacts = (told: string): JobFact[] =>
  lines(told).flatMap((line) => {
    const entry = parseJson(line);
    const name = text(field(entry, "name"));
    return name === undefined ? [] : [jobFact(entry, name)];
  });

function jobFact(entry: unknown, name: string): JobFact {
  const time = (key: string): string | undefined => {
    const seconds = field(entry, key);
    return typeof seconds === "number" ? new Date(seconds * 1000).toISOString() : undefined;
  };
  const count = (key: string): number => Number(field(entry, key) ?? 0);
  const [started, ended] = [time("started"), time("ended")];
  const outcome = OUTCOMES.find((one) => one === field(entry, "outcome"));
  const last =
    started === undefined || ended === undefined || outcome === undefined
      ? undefined
      : { started, ended, exitCode: count("exitCode"), outcome };
  return {
    name,
    running: field(entry, "running") === true,
    ...defined({ since: time("since"), last, succeeded: time("succeeded"), next: time("next") }),
    dueWithoutSuccess: count("dueWithoutSuccess"),
    skipped: count("skipped"),
  };
}

/** How the last run ended, in a few words. */
export function outcomeText({ last }: JobFact): string {
  if (last === undefined) return "not run yet";
  switch (last.outcome) {
    case "succeeded":
      return "succeeded";
    case "failed":
      return `failed (${last.exitCode})`;
    case "deadline":
      return "stopped at its deadline";
    case "replaced":
      return "replaced by the next run";
    default: {
      const unknown: never = last.outcome;
      throw new Error(`not an outcome: ${String(unknown)}`);
    }
  }
}

/** Due times without a success after which a job has been missed; the alert JobMissed has the same. */
const MISSED = 2;

/** What is wrong with a job, undefined where nothing is. */
export function jobProblem(job: JobFact): string | undefined {
  const { last, dueWithoutSuccess, succeeded } = job;
  const since = succeeded === undefined ? "and has never succeeded" : `since it last succeeded at ${succeeded}`;
  if (last?.outcome === "failed") return `the last run, of ${last.started}, ended with exit code ${last.exitCode}`;
  if (last?.outcome === "deadline") return `the last run, of ${last.started}, was stopped at its deadline`;
  return dueWithoutSuccess >= MISSED ? `was due ${dueWithoutSuccess} times ${since}` : undefined;
}
