/** When a job runs. */
import { CronFault, NAMED_SCHEDULES, parseCron } from "../../hardening/jobs/cron";
import { hasUnseen, quote } from "../text";
import type { Check } from "./check";

const ALLOWED =
  "five fields of cron's in UTC (minute, hour, day of the month, month, day of the week), or " +
  `${Object.keys(NAMED_SCHEDULES).join(", ")}`;

export const scheduleCheck: Check<string> = (given) => {
  const found = parseCron(given);
  if (!(found instanceof CronFault)) return undefined;
  return {
    given: `${quote(given)}: ${found.message}`,
    allowed: ALLOWED,
    fix: 'write it as "0 3 * * *" for each day at 03:00 UTC, or "*/15 * * * *" for each quarter of an hour',
  };
};

const LONGEST_ONCE = 100;

/** A text whose change runs a job once more. */
export const onceCheck: Check<string> = (given) =>
  given.trim() !== "" && given.length <= LONGEST_ONCE && !hasUnseen(given)
    ? undefined
    : {
        allowed: `true, or a text on one line of 1 to ${LONGEST_ONCE} characters: another text runs the job again`,
        fix: "write once: true",
      };
