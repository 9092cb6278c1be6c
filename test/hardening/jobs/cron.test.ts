import fc from "fast-check";
import { CronFault, nextRuns, parseCron, type Schedule } from "../../../hardening/jobs/cron";

function scheduleOf(expression: string): Schedule {
  const schedule = parseCron(expression);
  if (schedule instanceof CronFault) throw new Error(schedule.message);
  return schedule;
}

const next = (expression: string, after: string, count = 3): string[] =>
  nextRuns(scheduleOf(expression), new Date(after), count).map((time) => time.toISOString().slice(0, 16));

describe("the next runs", () => {
  test.each([
    ["0 3 * * *", ["2026-11-29T03:00", "2026-11-30T03:00", "2026-12-01T03:00"]],
    ["@daily", ["2026-11-29T00:00", "2026-11-30T00:00", "2026-12-01T00:00"]],
    ["*/20 23-23 * * *", ["2026-11-28T23:00", "2026-11-28T23:20", "2026-11-28T23:40"]],
    ["5,35 9-17/4 * * MON-fri", ["2026-11-30T09:05", "2026-11-30T09:35", "2026-11-30T13:05"]],
    ["0 0 1 jan *", ["2027-01-01T00:00", "2028-01-01T00:00", "2029-01-01T00:00"]],
    ["0 12 * * 7", ["2026-11-29T12:00", "2026-12-06T12:00", "2026-12-13T12:00"]],
    ["0 12 * * 5-7", ["2026-11-28T12:00", "2026-11-29T12:00", "2026-12-04T12:00"]],
    ["0 0 29 2 *", ["2028-02-29T00:00", "2032-02-29T00:00", "2036-02-29T00:00"]],
  ])("%s", (expression, expected) => {
    expect(next(expression, "2026-11-28T03:58:30Z")).toEqual(expected);
  });

  test("a day counts by either field where both are given, and by both where one begins with *", () => {
    expect(next("0 0 13 * 5", "2026-11-10T00:00:00Z", 4)).toEqual([
      "2026-11-13T00:00",
      "2026-11-20T00:00",
      "2026-11-27T00:00",
      "2026-12-04T00:00",
    ]);
    expect(next("0 0 */2 * 5", "2026-11-10T00:00:00Z", 2)).toEqual(["2026-11-13T00:00", "2026-11-27T00:00"]);
  });

  test("the time itself is not after itself", () => {
    expect(next("0 3 * * *", "2026-11-28T03:00:00Z", 1)).toEqual(["2026-11-29T03:00"]);
  });

  test("a leap day is found across 2100, which has none", () => {
    expect(next("0 0 29 2 *", "2096-03-01T00:00:00Z", 1)).toEqual(["2104-02-29T00:00"]);
  });

  test("each is a minute that the expression has, and none between two is left out", () => {
    const number = (low: number, high: number) => fc.integer({ min: low, max: high }).map(String);
    const field = (low: number, high: number) => fc.oneof(fc.constant("*"), number(low, high));
    const expressions = fc
      .tuple(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6))
      .map((fields) => fields.join(" "));
    const times = fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => new Date(seconds * 1000));
    fc.assert(
      fc.property(expressions, times, (expression, after) => {
        const schedule = scheduleOf(expression);
        const [first] = nextRuns(schedule, after, 1);
        if (first === undefined) return false;
        // Counted minute by minute, for as long as a test can.
        const minute = 60_000;
        const start = Math.floor(after.getTime() / minute) * minute + minute;
        const [, hours, days, months, weekdays] = expression.split(" ");
        const fits = (text: string | undefined, value: number): boolean => text === "*" || Number(text) === value;
        for (let time = start; time < start + 3000 * minute; time += minute) {
          const at = new Date(time);
          const day = [fits(days, at.getUTCDate()), fits(weekdays, at.getUTCDay())];
          const due =
            fits(expression.split(" ")[0], at.getUTCMinutes()) &&
            fits(hours, at.getUTCHours()) &&
            fits(months, at.getUTCMonth() + 1) &&
            (days === "*" || weekdays === "*" ? day.every(Boolean) : day.some(Boolean));
          if (due) return first.getTime() === time;
        }
        return first.getTime() >= start + 3000 * minute;
      }),
      { numRuns: 60 },
    );
  });
});

test.each([
  ["", "one field"],
  ["0 3 * *", "4 fields"],
  ["0 3 * * * *", "6 fields"],
  ["@reboot", "one field"],
  ["60 3 * * *", 'the minute "60"'],
  ["0 24 * * *", 'the hour "24"'],
  ["0 3 0 * *", 'the day of the month "0"'],
  ["0 3 * 13 *", 'the month "13"'],
  ["0 3 * * 8", 'the day of the week "8"'],
  ["0 3 * * mo", 'the day of the week "mo"'],
  ["*/0 * * * *", 'the minute "*/0"'],
  ["5/10 * * * *", 'the minute "5/10"'],
  ["30-10 * * * *", 'the minute "30-10"'],
  ["1,,2 * * * *", 'the minute "1,,2"'],
  ["0 3 L * *", 'the day of the month "L"'],
  ["0 3 ? * *", 'the day of the month "?"'],
  ["0 0 30 2 *", "a day that never comes"],
])("%s is no schedule", (expression, message) => {
  expect(parseCron(expression)).toEqual(new CronFault(message));
});
