import { faultsOf, image, pathsOf, type Tree } from "../support";

const JOB = { image: image("jobs"), schedule: "0 3 * * *" };
const faults = (job: object, name = "sweep"): unknown => faultsOf({ [`jobs.${name}`]: { ...JOB, ...job } });

const paths = (changes: Tree): string[] => pathsOf(faultsOf(changes));

test("a job needs no more than an image and a time", () => {
  expect(faults({})).toEqual([]);
  expect(faultsOf({ "jobs.seed": { image: image("jobs"), once: true } })).toEqual([]);
});

test("a schedule or once: one of the two", () => {
  expect(faultsOf({ "jobs.sweep": { image: image("jobs") } })).toEqual([
    {
      path: "rampart:jobs.sweep.schedule",
      given: "nothing",
      allowed: "schedule or once: when the job runs",
      fix: 'add schedule: "0 3 * * *" (UTC), or once: true',
    },
  ]);
  expect(faults({ once: "2" })).toEqual([
    {
      path: "rampart:jobs.sweep.once",
      given: "schedule and once",
      allowed: "schedule or once: when the job runs",
      fix: "remove one of the two",
    },
  ]);
});

test("an expression that is none of cron's names the field", () => {
  expect(faults({ schedule: "0 25 * * *" })).toEqual([
    {
      path: "rampart:jobs.sweep.schedule",
      given: '"0 25 * * *": the hour "25"',
      allowed:
        "five fields of cron's in UTC (minute, hour, day of the month, month, day of the week), or " +
        "@annually, @daily, @hourly, @midnight, @monthly, @weekly, @yearly",
      fix: 'write it as "0 3 * * *" for each day at 03:00 UTC, or "*/15 * * * *" for each quarter of an hour',
    },
  ]);
});

test("names: no service's, none of Rampart's own, and the scheduler's only where there is one", () => {
  const service = { image: image("jobs"), healthCheck: { command: ["true"] } };
  expect(paths({ "services.sweep": service, "jobs.sweep": JOB })).toEqual(["jobs.sweep"]);
  for (const name of ["postgres", "migration", "job-scheduler", "docker-api-x"])
    expect(paths({ [`jobs.${name}`]: JOB })).toEqual([`jobs.${name}`]);
  expect(paths({ "services.job-scheduler": service, "jobs.sweep": JOB })).toEqual(["services.job-scheduler"]);
  expect(paths({ "services.job-scheduler": service })).toEqual([]);
});

test("what holds for services holds for jobs: Redis' prefixes, databases, mounts, secrets", () => {
  const service = { image: image("jobs"), healthCheck: { command: ["true"] }, cache: { keyPrefixes: ["jobs:"] } };
  expect(paths({ "services.queue": service, "jobs.sweep": { ...JOB, cache: { keyPrefixes: ["jobs:old:"] } } })).toEqual(
    ["services.queue.cache"],
  );
  expect(paths({ "jobs.sweep": { ...JOB, data: "read-only", database: "other" } })).toEqual(["jobs.sweep.database"]);
  const mounts = { volumes: [{ name: "a", path: "/tmp" }] };
  expect(paths({ "jobs.sweep": { ...JOB, ...mounts } })).toEqual(["jobs.sweep.volumes"]);
  expect(paths({ "jobs.sweep": { ...JOB, environment: { DB_PASSWORD: "hunter2hunter2" } } })).toEqual([
    "jobs.sweep.environment.DB_PASSWORD",
  ]);
  expect(paths({ "jobs.sweep": { ...JOB, port: 3000 } })).toEqual(["jobs.sweep.port"]);
});
