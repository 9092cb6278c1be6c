import type { JobConfig, StackConfig } from "../../config";
import { CronFault, nextRuns, parseCron } from "../../hardening/jobs/cron";
import { fact, type Fact, type Item } from "./item";
import { cacheText, confinementFacts, ownFacts } from "./programs";
import { imageName, visible } from "./show";

/** How many of the next times a reviewer sees: enough to notice a field in the wrong place. */
const RUNS_SHOWN = 3;

/** The jobs by name. @param now From which the next runs are counted */
export const jobItems = (config: StackConfig, now: Date): Item[] =>
  Object.entries(config.jobs)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([title, job]) => ({ title, detail: imageName(job.image), facts: jobFacts(job, title, config, now) }));

function jobFacts(job: JobConfig, name: string, { database }: StackConfig, now: Date): Fact[] {
  const { data, cache, deadlineSeconds, egress, internal, overlap, schedule } = job;
  return [
    fact("runs", whenText(job)),
    ...(schedule === undefined ? [] : [fact("next", nextTexts(schedule, now))]),
    fact("deadline", `${deadlineSeconds} s, then the run is stopped and has failed`),
    ...(schedule === undefined
      ? []
      : [
          fact(
            "overlap",
            overlap === "forbid"
              ? "forbid: a time at which the run before still runs is skipped"
              : "replace: the run before is stopped",
          ),
        ]),
    ...ownFacts(job),
    fact("data", data === "none" ? "none" : `${data} on ${job.database ?? database.name}`),
    fact("cache", cacheText(cache, name)),
    ...(internal && data === "none" && cache === false ? [fact("network", "on internal, without data", true)] : []),
    fact("egress", egress ? "may open connections to the internet" : "none", egress),
    ...confinementFacts(job),
  ];
}

/** `0 3 * * * (UTC)`, or after which changes it runs. */
function whenText({ once, schedule }: JobConfig): string {
  if (schedule !== undefined) return `${visible(schedule)} (UTC)`;
  return typeof once === "string"
    ? `once for each change of it, and of the text ${JSON.stringify(visible(once))}`
    : "once for each change of it";
}

/** `2026-11-29 03:00 UTC`. */
const timeText = (time: Date): string => `${time.toISOString().slice(0, 16).replace("T", " ")} UTC`;

function nextTexts(expression: string, now: Date): string[] {
  const schedule = parseCron(expression);
  return schedule instanceof CronFault ? [] : nextRuns(schedule, now, RUNS_SHOWN).map(timeText);
}
