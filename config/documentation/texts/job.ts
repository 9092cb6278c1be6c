import type { KeyTexts } from "../key-text";

export const JOB: KeyTexts = {
  "jobs.schedule": {
    default: "none; required without `once`",
    allowed:
      "five fields of cron's in UTC, in quotes, or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`; not " +
      "together with `once`",
    example: '"0 3 * * *"',
  },
  "jobs.once": {
    default: "none; required without `schedule`",
    allowed:
      "`true`: the job runs after each change of the job; or a text of 1 to 100 characters: the job also runs after " +
      "a change of the text",
    example: "true",
  },
  "jobs.deadlineSeconds": {
    allowed: "{range}: after this time a run is stopped and has failed",
    example: "3600",
  },
  "jobs.overlap": {
    allowed:
      "what happens if the job is due while it runs: `forbid` skips this time, `replace` stops the run before; for " +
      "`schedule` only",
    example: "replace",
  },
};
