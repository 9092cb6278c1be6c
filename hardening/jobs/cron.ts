/**
 * When a scheduled job runs: cron's five fields, in UTC. What an expression means is decided here once; the scheduler
 * gets the minutes, hours and days that it stands for.
 */

/** What an expression stands for: sorted lists of numbers. */
export interface Schedule {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly daysOfMonth: readonly number[];
  readonly months: readonly number[];
  /** 0 is Sunday. */
  readonly daysOfWeek: readonly number[];
  /**
   * Whether a day counts if either list of days has it: cron's rule where neither field begins with `*`.
   * Otherwise both lists have to have it.
   */
  readonly eitherDay: boolean;
}

interface Field {
  readonly name: string;
  readonly low: number;
  readonly high: number;
  readonly words?: readonly string[];
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const FIELDS: readonly Field[] = [
  { name: "minute", low: 0, high: 59 },
  { name: "hour", low: 0, high: 23 },
  { name: "day of the month", low: 1, high: 31 },
  { name: "month", low: 1, high: 12, words: MONTHS },
  { name: "day of the week", low: 0, high: 7, words: WEEKDAYS },
];

/** Names for whole expressions, as cron has them; `@reboot` is none, as a job has no boot of its own. */
export const NAMED_SCHEDULES: Readonly<Record<string, string>> = {
  "@annually": "0 0 1 1 *",
  "@daily": "0 0 * * *",
  "@hourly": "0 * * * *",
  "@midnight": "0 0 * * *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@yearly": "0 0 1 1 *",
};

/** Days in which every day of the calendar comes: February 29 is eight years apart around 2100. */
const LONGEST_DAYS = 366 * 8;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** What is wrong with an expression, as text for `given`. */
export class CronFault {
  constructor(readonly message: string) {}
}

/** @returns a fault that names the field, where the expression is none, or one that never comes */
export function parseCron(expression: string): Schedule | CronFault {
  const words = (NAMED_SCHEDULES[expression.toLowerCase()] ?? expression).trim().split(/\s+/);
  if (words.length !== FIELDS.length) return new CronFault(words.length === 1 ? "one field" : `${words.length} fields`);
  const fields = FIELDS.map((field, index) => parseField(field, words[index] ?? ""));
  const fault = fields.find((field) => field instanceof CronFault);
  if (fault !== undefined) return fault;
  const [minutes = [], hours = [], daysOfMonth = [], months = [], weekdays = []] = fields as number[][];
  const schedule: Schedule = {
    minutes,
    hours,
    daysOfMonth,
    months,
    daysOfWeek: sorted(weekdays.map((day) => day % 7)),
    eitherDay: !(words[2] ?? "").startsWith("*") && !(words[4] ?? "").startsWith("*"),
  };
  return nextRuns(schedule, new Date(0), 1).length === 0 ? new CronFault("a day that never comes") : schedule;
}

const sorted = (numbers: readonly number[]): number[] => [...new Set(numbers)].sort((a, b) => a - b);

function parseField(field: Field, text: string): number[] | CronFault {
  const numbers: number[] = [];
  for (const part of text.split(",")) {
    const found = parsePart(field, part);
    if (found === undefined) return new CronFault(`the ${field.name} ${JSON.stringify(text)}`);
    numbers.push(...found);
  }
  return sorted(numbers);
}

/** `*`, `5`, `1-5`, `*` with a step or `10-20/5`; undefined for anything else. */
function parsePart(field: Field, part: string): number[] | undefined {
  const [, range = "", first, last, step] = /^(\*|([a-z0-9]+)(?:-([a-z0-9]+))?)(?:\/(\d{1,2}))?$/i.exec(part) ?? [];
  if (range === "") return undefined;
  const from = first === undefined ? field.low : numberOf(field, first);
  const single = first !== undefined && last === undefined;
  // Of the week, `*` has seven days: 7 is Sunday once more.
  const end = field.high === 7 ? 6 : field.high;
  const to = single ? from : last === undefined ? end : numberOf(field, last);
  const by = step === undefined ? 1 : Number(step);
  if (from === undefined || to === undefined || from > to || by === 0 || (single && step !== undefined))
    return undefined;
  return Array.from({ length: Math.floor((to - from) / by) + 1 }, (_, index) => from + index * by);
}

function numberOf({ low, high, words = [] }: Field, text: string): number | undefined {
  const word = words.indexOf(text.toLowerCase());
  if (word >= 0) return word + low;
  const number = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  return number >= low && number <= high ? number : undefined;
}

/** Whether a job runs on the day of this time. */
function onDay({ daysOfMonth, months, daysOfWeek, eitherDay }: Schedule, day: Date): boolean {
  if (!months.includes(day.getUTCMonth() + 1)) return false;
  const [ofMonth, ofWeek] = [daysOfMonth.includes(day.getUTCDate()), daysOfWeek.includes(day.getUTCDay())];
  return eitherDay ? ofMonth || ofWeek : ofMonth && ofWeek;
}

/** The next times after a time, the soonest first. */
export function nextRuns(schedule: Schedule, after: Date, count: number): Date[] {
  const runs: Date[] = [];
  const midnight = Math.floor(after.getTime() / DAY_MS) * DAY_MS;
  for (let day = midnight, empty = 0; empty <= LONGEST_DAYS && runs.length < count; day += DAY_MS, empty += 1) {
    if (!onDay(schedule, new Date(day))) continue;
    for (const hour of schedule.hours)
      for (const minute of schedule.minutes) {
        const time = day + (hour * 60 + minute) * MINUTE_MS;
        if (time <= after.getTime() || runs.length === count) continue;
        runs.push(new Date(time));
        empty = 0;
      }
  }
  return runs;
}
