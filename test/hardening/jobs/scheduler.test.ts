import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../free-ports";
import { CronFault, nextRuns, parseCron, type Schedule } from "../../../hardening/jobs/cron";
import {
  renderJobs,
  renderSchedulerConfig,
  SCHEDULER_DIRECTORY,
  SCHEDULER_SOCKET,
  SCHEDULER_STATE,
  schedulerScript,
  schedulerTextScript,
  type ScheduledJob,
} from "../../../hardening/jobs/scheduler";
import { describeWith, findProgram } from "../../programs";

function scheduleOf(expression: string): Schedule {
  const schedule = parseCron(expression);
  if (schedule instanceof CronFault) throw new Error(schedule.message);
  return schedule;
}

const NEVER = "0001-01-01T00:00:00Z";
const HOUR_MS = 3_600_000;
const ago = (hours: number): string => new Date(Date.now() - hours * HOUR_MS).toISOString();

interface State {
  Running: boolean;
  StartedAt: string;
  FinishedAt: string;
  ExitCode: number;
  OOMKilled?: boolean;
}
/** A container as an engine has it, and what becomes of a start. */
interface Fake {
  readonly Created: string;
  State: State;
  /** What a start ends with: an exit code at once; "runs"; or the engine's refusal. */
  readonly start: number | "runs" | { readonly refused: string };
}

const created: State = { Running: false, StartedAt: NEVER, FinishedAt: NEVER, ExitCode: 0 };
const running: State = { Running: true, StartedAt: ago(3), FinishedAt: NEVER, ExitCode: 0 };
/** Has been due twice since its creation: a run is made up for at once. */
const DUE = { Created: ago(26), State: created };

const FAKES: Readonly<Record<string, Fake>> = {
  works: { ...DUE, start: 0 },
  fails: { ...DUE, start: 3 },
  absent: { ...DUE, start: { refused: 'exec: "sweep": executable file not found in $PATH' } },
  late: { Created: ago(0), State: running, start: 0 },
  forbids: { Created: ago(26), State: running, start: 0 },
  replaces: { Created: ago(26), State: running, start: 0 },
  idle: { Created: ago(0), State: created, start: 0 },
  byhand: {
    Created: ago(0),
    State: { Running: false, StartedAt: ago(1), FinishedAt: ago(0.5), ExitCode: 137, OOMKilled: true },
    start: 0,
  },
};

const idOf = (name: string): string => Buffer.from(name).toString("hex").padEnd(64, "0");
/** Twice a day, half a day from now: no test runs for so long that the next time comes. */
const HALF_A_DAY_AGO = scheduleOf(
  `0 ${[11, 12].map((hours) => (new Date().getUTCHours() + hours) % 24).join(",")} * * *`,
);
/** A day of the year that is not near, whenever the test runs. */
const FAR = scheduleOf(`0 0 1 ${((new Date().getUTCMonth() + 5) % 12) + 1} *`);

const JOBS: readonly ScheduledJob[] = Object.keys(FAKES).map((name) => ({
  name,
  containerId: idOf(name),
  schedule: ["idle", "late", "byhand"].includes(name) ? FAR : HALF_A_DAY_AGO,
  overlap: name === "replaces" ? "replace" : "forbid",
  deadlineSeconds: name === "late" ? 600 : 86_400,
  stopGraceSeconds: 7,
}));

test("a job has three requests, by its container's id, and the script asks for no other", () => {
  const config = renderSchedulerConfig({ jobs: JOBS.slice(0, 1) });
  const id = idOf("works");
  const allow = "    http-request set-var(txn.allowed) bool(true) if";
  expect(config.slice(config.indexOf("frontend engine"))).toBe(
    [
      "frontend engine",
      "    bind 127.0.0.1:2375",
      `${allow} { method GET } { path /containers/${id}/json } !{ query -m found }`,
      `${allow} { method POST } { path /containers/${id}/start } !{ query -m found }`,
      `${allow} { method POST } { path /containers/${id}/stop } { query -m str t=7 }`,
      "    http-request deny unless { var(txn.allowed) -m found }",
      "    default_backend engine",
      "",
      "backend engine",
      "    server engine unix@/var/run/docker.sock",
      "",
    ].join("\n"),
  );
  expect(config).not.toContain("frontend metrics");
  expect(schedulerScript()).toContain('local ENGINE = "http://127.0.0.1:2375"');
  expect(schedulerScript()).toContain(`local STATE = "${SCHEDULER_STATE}/"`);
});

test("an id that would be more than an id is refused", () => {
  const [job] = JOBS;
  if (job === undefined) throw new Error("no job");
  expect(() => renderJobs([{ ...job, containerId: 'x" } evil = { "' }])).toThrow("not a container's id");
});

describeWith("haproxy")("the scheduler", () => {
  let directory: string;
  let engine: Server;
  let haproxy: ChildProcess;
  let metrics: string;
  let health: string;
  let proxied: string;
  const asked: string[] = [];
  const fakes = new Map(Object.entries(FAKES).map(([name, fake]) => [idOf(name), { ...fake }]));

  function answer(method: string, url: string): readonly [status: number, body?: unknown] {
    const [, id = "", action] = /^\/containers\/([0-9a-f]{64})\/(\w+)/.exec(url) ?? [];
    const fake = fakes.get(id);
    if (fake === undefined) return [404, { message: "No such container" }];
    const now = new Date().toISOString();
    const ended = (code: number): State => ({
      Running: false,
      StartedAt: fake.State.Running ? fake.State.StartedAt : now,
      FinishedAt: now,
      ExitCode: code,
    });
    if (method === "GET" && action === "json") return [200, { Created: fake.Created, State: fake.State }];
    if (method === "POST" && action === "start") {
      if (typeof fake.start === "object") return [400, { message: fake.start.refused }];
      fake.State =
        fake.start === "runs" ? { Running: true, StartedAt: now, FinishedAt: NEVER, ExitCode: 0 } : ended(fake.start);
      return [204];
    }
    if (method === "POST" && action === "stop") {
      fake.State = ended(143);
      return [204];
    }
    return [404, { message: "page not found" }];
  }

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "scheduler-"));
    mkdirSync(join(directory, "state"));
    const socket = join(directory, "docker.sock");
    engine = createServer((request, response) => {
      const [method, url] = [request.method ?? "", request.url ?? ""];
      asked.push(`${method} ${url}`);
      const [status, body] = answer(method, url);
      response.statusCode = status;
      response.end(body === undefined ? "" : JSON.stringify(body));
    }).listen(socket);
    await once(engine, "listening");
    const [numbers, own, ping] = [await freePort(), await freePort(), await freePort()];
    metrics = `http://127.0.0.1:${numbers}/metrics`;
    health = `http://127.0.0.1:${ping}`;
    proxied = `http://127.0.0.1:${own}`;
    const placed = (text: string): string =>
      text
        .replaceAll(SCHEDULER_DIRECTORY, directory)
        .replaceAll(SCHEDULER_STATE, join(directory, "state"))
        .replace(SCHEDULER_SOCKET, socket)
        .replace("127.0.0.1:2375", `127.0.0.1:${own}`)
        .replace("127.0.0.1:8080", `127.0.0.1:${ping}`);
    const config = renderSchedulerConfig({
      jobs: JOBS,
      metrics: { listen: `127.0.0.1:${numbers}`, subnet: "127.0.0.0/8" },
    });
    const files = {
      "haproxy.cfg": placed(config),
      "jobs.lua": renderJobs(JOBS),
      "scheduler.lua": placed(schedulerScript()),
      "text.lua": schedulerTextScript(),
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
    await startHaproxy();
  });
  afterAll(async () => {
    await stopHaproxy();
    engine.closeAllConnections();
    engine.close();
    rmSync(directory, { recursive: true, force: true });
  });

  async function startHaproxy(): Promise<void> {
    // In another zone than UTC: schedules are in UTC wherever the host is.
    haproxy = spawn(findProgram("haproxy") ?? "", ["-f", join(directory, "haproxy.cfg")], {
      env: { TZ: "Asia/Kolkata" },
      stdio: "ignore",
    });
    for (let up = false; !up;) {
      up = await fetch(`${health}/ping`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (haproxy.exitCode !== null) throw new Error("haproxy ended");
    }
  }

  async function stopHaproxy(): Promise<void> {
    haproxy.kill("SIGKILL");
    await once(haproxy, "exit");
  }

  const told = async (): Promise<Record<string, Record<string, unknown>>> => {
    const text = await (await fetch(`${health}/jobs`)).text();
    const jobs = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    return Object.fromEntries(jobs.map((job) => [String(job["name"]), job]));
  };
  /** What is told of a job, once it holds. */
  async function until(
    name: string,
    holds: (job: Record<string, unknown>) => boolean,
  ): Promise<Record<string, unknown>> {
    for (;;) {
      const job = (await told())[name] ?? {};
      if (holds(job)) return job;
    }
  }
  const requests = (name: string): string[] =>
    asked.flatMap((one) => {
      const [method = "", url = ""] = one.split(" ");
      return method === "POST" && url.includes(idOf(name)) ? [url.split("/").at(-1) ?? ""] : [];
    });
  const has = (outcome: string) => (job: Record<string, unknown>) => job["outcome"] === outcome;

  test("a run that was missed is made up for, once however often it was due", async () => {
    const job = await until("works", has("succeeded"));
    expect(job).toMatchObject({ exitCode: 0, dueWithoutSuccess: 0, running: false, skipped: 0 });
    expect(job["succeeded"]).toBe(job["ended"]);
    expect(requests("works")).toHaveLength(1);
  });

  test("a run that fails is told with its exit code, and the due times without a success", async () => {
    const job = await until("fails", has("failed"));
    expect(job).toMatchObject({ exitCode: 3, dueWithoutSuccess: 2 });
    expect(job).not.toHaveProperty("succeeded");
  });

  test("what the engine refuses to start has failed, and is not tried again before it is due again", async () => {
    expect(await until("absent", has("failed"))).toMatchObject({ exitCode: 127 });
    expect(requests("absent")).toEqual(["start"]);
  });

  test("a run beyond its deadline is stopped, with the job's grace", async () => {
    expect(await until("late", has("deadline"))).toMatchObject({ exitCode: 143, running: false });
    expect(requests("late")).toEqual(["stop?t=7"]);
  });

  test("overlap: forbid skips a due time, and replace stops the run before", async () => {
    expect(await until("forbids", ({ skipped }) => skipped === 1)).toMatchObject({ running: true });
    expect(requests("forbids")).toEqual([]);
    expect(await until("replaces", has("succeeded"))).toMatchObject({ dueWithoutSuccess: 0 });
    expect(requests("replaces")).toEqual(["stop?t=7", "start"]);
  });

  test("a run that somebody started by hand counts; a job that is not due is left alone", async () => {
    expect(await until("byhand", has("failed"))).toMatchObject({ exitCode: 137 });
    const { idle } = await told();
    expect(idle).toMatchObject({ running: false, dueWithoutSuccess: 0 });
    expect(idle).not.toHaveProperty("outcome");
    expect(requests("idle")).toEqual([]);
  });

  test("the next time is the one that the plan shows", async () => {
    const { idle } = await told();
    expect(idle?.["next"]).toBe((nextRuns(FAR, new Date(), 1)[0]?.getTime() ?? 0) / 1000);
  });

  test("metrics for the rules", async () => {
    await until("fails", has("failed"));
    const lines = (await (await fetch(metrics)).text()).split("\n");
    expect(lines).toEqual(
      expect.arrayContaining([
        "rampart_jobs_engine_up 1",
        'rampart_job_failed{container="fails"} 1',
        'rampart_job_failed{container="works"} 0',
        'rampart_job_failed{container="late"} 1',
        'rampart_job_due_without_success{container="fails"} 2',
        'rampart_job_last_exit_code{container="fails"} 3',
      ]),
    );
    expect(lines.some((line) => line.startsWith('rampart_job_last_success_seconds{container="fails"}'))).toBe(false);
  });

  test.each([
    ["GET", "/containers/json"],
    ["GET", "/version"],
    ["GET", `/containers/${idOf("works")}/logs`],
    ["GET", `/containers/${idOf("works")}/json?size=1`],
    ["GET", `/containers/${"f".repeat(64)}/json`],
    ["POST", `/containers/${"f".repeat(64)}/start`],
    ["POST", `/containers/${idOf("works")}/kill`],
    ["POST", `/containers/${idOf("works")}/exec`],
    ["POST", `/containers/${idOf("works")}/start?detachKeys=a`],
    ["POST", `/containers/${idOf("works")}/stop?t=0`],
    ["POST", `/containers/${idOf("works")}/../${idOf("works")}/rename?name=x`],
    ["DELETE", `/containers/${idOf("works")}`],
    ["POST", "/containers/create"],
  ])("%s %s does not reach the engine", async (method, path) => {
    const before = asked.length;
    expect((await fetch(`${proxied}${path}`, { method })).status).toBe(403);
    expect(asked.slice(before)).not.toContain(`${method} ${path}`);
  });

  test("a restart forgets nothing, and starts nothing twice", async () => {
    const before = await until("works", has("succeeded"));
    await stopHaproxy();
    expect(readFileSync(join(directory, "state", "works"), "utf8")).toContain(`container=${idOf("works")}`);
    const starts = requests("late").length;
    await startHaproxy();
    expect(await until("works", has("succeeded"))).toMatchObject({ succeeded: expect.any(Number) as number });
    expect(Number((await told())["works"]?.["succeeded"])).toBeGreaterThanOrEqual(Number(before["succeeded"]));
    expect(await until("late", has("deadline"))).toMatchObject({ exitCode: 143 });
    expect(requests("late")).toHaveLength(starts);
  });
});
