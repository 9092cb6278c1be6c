import { jobFacts, jobProblem, outcomeText } from "../../../commands/status/jobs";
import { renderStatus } from "../../../commands/status/render";
import { report } from "../../../commands/status/report";

/** As hardening/jobs/scheduler.lua writes it; test/hardening/jobs/scheduler.test.ts reads the same from the script. */
const LINES = [
  { name: "breaks", running: false, started: 1795838880, ended: 1795838883, exitCode: 3, outcome: "failed" },
  { name: "fresh", running: false, dueWithoutSuccess: 0, skipped: 0, next: 1795910400 },
  { name: "late", running: true, since: 1795838940, outcome: "replaced", started: 1, ended: 2, exitCode: 143 },
  { name: "slow", running: false, started: 1795838880, ended: 1795838886, exitCode: 2, outcome: "deadline" },
  { name: "stuck", running: false, dueWithoutSuccess: 2, skipped: 2, succeeded: 1795752480, next: 1795838940 },
  {
    name: "tick",
    running: false,
    started: 1795838880,
    ended: 1795838881,
    exitCode: 0,
    outcome: "succeeded",
    succeeded: 1795838881,
    dueWithoutSuccess: 0,
    skipped: 0,
    next: 1795838940,
  },
];
const jobs = jobFacts(`${LINES.map((line) => JSON.stringify(line)).join("\n")}\nno JSON\n`);
const [breaks, fresh, late, slow, stuck, tick] = jobs;

test("what the scheduler says, with times as everywhere", () => {
  expect(tick).toEqual({
    name: "tick",
    running: false,
    last: {
      started: "2026-11-28T04:08:00.000Z",
      ended: "2026-11-28T04:08:01.000Z",
      exitCode: 0,
      outcome: "succeeded",
    },
    succeeded: "2026-11-28T04:08:01.000Z",
    dueWithoutSuccess: 0,
    skipped: 0,
    next: "2026-11-28T04:09:00.000Z",
  });
  expect(fresh).not.toHaveProperty("last");
  expect(jobs).toHaveLength(6);
});

test("how the last run ended", () => {
  expect(jobs.map(outcomeText)).toEqual([
    "failed (3)",
    "not run yet",
    "replaced by the next run",
    "stopped at its deadline",
    "not run yet",
    "succeeded",
  ]);
});

test("what is wrong: a run that failed, one that took too long, two due times without a success", () => {
  expect([breaks, slow, stuck].map((job) => job && jobProblem(job))).toEqual([
    "the last run, of 2026-11-28T04:08:00.000Z, ended with exit code 3",
    "the last run, of 2026-11-28T04:08:00.000Z, was stopped at its deadline",
    "was due 2 times since it last succeeded at 2026-11-27T04:08:00.000Z",
  ]);
  expect([fresh, late, tick].map((job) => job && jobProblem(job))).toEqual([undefined, undefined, undefined]);
});

test("status shows a line for each job, and a scheduled job's own container is no second problem", () => {
  const told = report({
    stack: "prod",
    engine: "ssh://shop",
    now: new Date("2026-11-28T04:08:30Z"),
    minFreeGiB: 2,
    containers: [
      {
        id: "id-breaks",
        container: "shop-breaks-1a2b3c4",
        component: "job",
        name: "breaks",
        state: "exited",
        exitCode: 3,
        restarts: 0,
        outOfMemory: false,
        imageId: "sha256:ab",
        addresses: [],
        ephemeral: false,
      },
    ],
    images: {},
    jobs: jobs.filter(({ name }) => ["breaks", "fresh", "tick"].includes(name)),
    notes: [],
  });
  expect(told.problems.filter(({ subject }) => subject === "breaks")).toHaveLength(1);
  const lines = renderStatus(told, { width: 100, paint: (_, text) => text }).split("\n");
  expect(lines).toEqual(
    expect.arrayContaining([
      "  job     state        ended     succeeded  next",
      "  breaks  failed (3)   27 s ago  never",
      "  fresh   not run yet  never     never      2026-11-29 00:00 UTC",
      "  tick    succeeded    29 s ago  29 s ago   2026-11-28 04:09 UTC",
    ]),
  );
});
