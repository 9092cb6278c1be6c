/** Jobs: each way to end, what is told of it, and runs that an update asks for. */
import { container, containers, docker, inNetworkOf, kindOf, mustDocker, nameOf, type Container } from "../lib/engine";
import { run, tail, until } from "../lib/process";
import { REPOSITORY, Stack } from "../lib/pulumi";
import { expect, expectMatch, type Suite } from "../lib/runner";
import { JOBS, jobsSettings, type Context, type JobsChanges } from "../lib/stacks";

const STACK = "e2e-jobs";
/** A job is due each minute: the minute, and what the scheduler and the engine take. */
const DUE_WITHIN = 100;
const SCHEDULED = ["breaks", "held", "rare", "replaced", "slow", "tick"];

let made: Stack | undefined;
const stackOf = ({ work }: Context): Stack => (made ??= new Stack(STACK, work));

interface Job {
  readonly name: string;
  readonly running: boolean;
  readonly last?: { readonly exitCode: number; readonly outcome: string };
  readonly succeeded?: string;
  readonly dueWithoutSuccess: number;
  readonly skipped: number;
  readonly next: string;
}
interface Status {
  readonly jobs: readonly Job[];
  readonly problems: readonly { readonly subject: string; readonly message: string }[];
}

async function status(context: Context): Promise<Status> {
  const stack = stackOf(context);
  const { stdout } = await run("node", ["bin/rampart.cjs", "status", STACK, "--json", "--config-file", stack.file], {
    cwd: REPOSITORY,
    env: stack.env,
    timeoutSeconds: 120,
  });
  return JSON.parse(stdout) as Status;
}

/** What is told of a job, once it holds. */
const told = (context: Context, name: string, holds: (job: Job) => boolean): Promise<Job> =>
  until(`${name} is told of`, DUE_WITHIN, async () =>
    (await status(context)).jobs.find((job) => job.name === name && holds(job)),
  );

async function jobOf(name: string): Promise<Container> {
  const found = (await containers(STACK, true)).filter((one) => nameOf(one) === name && kindOf(one) === "job");
  const [first] = found;
  if (first === undefined || found.length > 1) throw new Error(`${found.length} containers of the job ${name}`);
  return first;
}

const settings = ({ images }: Context, changes: JobsChanges = {}) => jobsSettings(images, changes);

export const jobs: Suite<Context> = {
  name: "jobs",
  stack: "jobs",
  once: true,
  sequence: true,
  checks: [
    {
      name: "an update creates the jobs, runs the one that runs once, and starts no other",
      critical: true,
      run: async (context) => {
        await stackOf(context).init();
        await stackOf(context).mustUp(settings(context));
        const { State } = await jobOf("seed");
        expect(State.Status === "exited" && State.ExitCode === 0, `seed is ${State.Status}, ${State.ExitCode}`);
        const rare = await jobOf("rare");
        expect(rare.State.Status === "created", `rare is ${rare.State.Status}`);
        const names = (await status(context)).jobs.map(({ name }) => name).join(" ");
        expect(names === SCHEDULED.join(" "), names);
        // Before they are due: what then becomes of them follows from `overlap`.
        for (const name of ["held", "replaced"]) await mustDocker(["start", (await jobOf(name)).Id]);
      },
    },
    {
      name: "a job's container is confined as a service's is, and only on the networks that it asks for",
      run: async () => {
        for (const name of SCHEDULED) {
          const { Config, HostConfig, NetworkSettings } = await jobOf(name);
          const networks = Object.keys(NetworkSettings.Networks).join(" ");
          expect(networks === (name === "tick" ? "rampart-e2e-jobs-internal" : "none"), `${name} is on ${networks}`);
          expect(HostConfig.CapDrop?.join(" ") === "ALL" && HostConfig.CapAdd === null, `${name}: capabilities`);
          expect(HostConfig.ReadonlyRootfs && !HostConfig.Privileged, `${name}: its root can be written`);
          expect(HostConfig.SecurityOpt?.some((one) => one.startsWith("seccomp=")) === true, `${name}: no seccomp`);
          expect(HostConfig.PidsLimit === 128 && HostConfig.Memory === 268_435_456, `${name}: limits`);
          expect(HostConfig.RestartPolicy.Name === "no" && Config.User === "1000:1000", `${name}: restart or user`);
        }
        const variables = (await jobOf("tick")).Config.Env ?? [];
        for (const one of ["DATABASE_URL_FILE=/run/secrets/database_url", "REDIS_URL_FILE=/run/secrets/redis_url"])
          expect(variables.includes(one), `tick is told ${variables.join(" ")}`);
      },
    },
    {
      name: "a job that is due runs, and status tells how each one ended: well, with a code, at its deadline",
      run: async (context) => {
        await told(context, "tick", ({ last }) => last?.outcome === "succeeded");
        const breaks = await told(context, "breaks", ({ last }) => last?.outcome === "failed");
        expect(breaks.last?.exitCode === 3 && breaks.succeeded === undefined, JSON.stringify(breaks));
        await told(context, "slow", ({ last }) => last?.outcome === "deadline");
        const { jobs: all, problems } = await status(context);
        const rare = all.find(({ name }) => name === "rare");
        expect(rare?.last === undefined && rare?.next.includes("-02-29T00:00:00") === true, JSON.stringify(rare));
        const said = problems.map(({ subject, message }) => `${subject}: ${message}`).join("\n");
        expectMatch(said, /^breaks: the last run, of .* ended with exit code 3$/m, said);
        expectMatch(said, /^slow: the last run, of .* was stopped at its deadline$/m, said);
        expect(!/^(tick|rare|seed):/m.test(said), said);
      },
    },
    {
      name: "overlap: forbid leaves the run before alone, and replace ends it",
      run: async (context) => {
        await told(context, "held", ({ running, skipped }) => running && skipped > 0);
        await told(context, "replaced", ({ running, last }) => running && last?.outcome === "replaced");
      },
    },
    {
      name: "a failure is an alert, and the jobs that succeed are none",
      run: async () => {
        const url = `http://${JOBS.pool.replace(/0\.0\/16$/, "255.10")}:9090/api/v1/query?query=`;
        const query = encodeURIComponent('ALERTS{alertname="JobFailed",alertstate="firing"}');
        const prometheus = await container(STACK, "prometheus");
        const names = await until("breaks and slow are alerts", DUE_WITHIN, async () => {
          const command = ["curl", "--noproxy", "*", "-sS", "-m", "10", `${url}${query}`];
          const { stdout } = await inNetworkOf(prometheus, command);
          const found = [...stdout.matchAll(/"container":"(\w+)"/g)].map(([, name]) => name).sort();
          return found.length >= 2 && found.join(" ");
        });
        expect(names === "breaks slow", names);
      },
    },
    {
      name: "whoever gets into the scheduler starts and stops these jobs, and reaches nothing else of the engine",
      run: async (context) => {
        const { Id } = await container(STACK, "job-scheduler");
        const api = await container(STACK, "api");
        const tick = await jobOf("tick");
        const ask = async (path: string, post = false): Promise<string> => {
          const wget = ["wget", "-q", "-O", "/dev/null", ...(post ? ["--post-data", ""] : [])];
          const { code } = await docker(["exec", Id, ...wget, `http://127.0.0.1:2375${path}`]);
          return code === 0 ? "answered" : "refused";
        };
        expect((await ask(`/containers/${tick.Id}/json`)) === "answered", "the control was refused");
        const paths = ["/version", "/containers/json", `/containers/${api.Id}/json`, `/containers/${tick.Id}/logs`];
        for (const path of paths) expect((await ask(path)) === "refused", `${path} was answered`);
        expect((await ask(`/containers/${api.Id}/stop?t=1`, true)) === "refused", "a service was stopped");
        expect((await status(context)).jobs.length === SCHEDULED.length, "the scheduler does not answer");
      },
    },
    {
      name: "a second preview shows no changes, whatever runs and whatever has failed",
      run: async (context) => {
        const { output, code } = await stackOf(context).preview(["--refresh", "--expect-no-changes"]);
        expect(code === 0, tail(output, 30));
      },
    },
    {
      name: "a run that an update asks for fails the update and shows its last log lines",
      run: async (context) => {
        stackOf(context).configure(settings(context, { seedFails: true }));
        const { code, output } = await stackOf(context).up();
        expect(code !== 0, "the update passed");
        expectMatch(output, /seed ended with exit code 3/, tail(output, 30));
        expectMatch(output, /column "nope" does not exist/, tail(output, 30));
      },
    },
    {
      name: "another text of `once` runs the same container again; an unchanged one does not",
      run: async (context) => {
        await stackOf(context).mustUp(settings(context));
        const first = await jobOf("seed");
        await stackOf(context).mustUp(settings(context, { seedOnce: "2", tickImage: context.images.appNext }));
        const second = await jobOf("seed");
        expect(first.Id === second.Id && first.State.StartedAt !== second.State.StartedAt, "it did not run again");
        await stackOf(context).mustUp(settings(context, { seedOnce: "2", tickImage: context.images.appNext }));
        expect((await jobOf("seed")).State.StartedAt === second.State.StartedAt, "it ran without a change");
      },
    },
    {
      name: "a new version of a job is the one that runs from then on",
      run: async () => {
        const { Id } = await jobOf("tick");
        await until("the new version runs", DUE_WITHIN, async () => {
          const { Id: now, State } = await jobOf("tick");
          return now === Id && State.Status === "exited" && State.ExitCode === 0;
        });
      },
    },
    {
      name: "destroy takes everything away",
      run: async (context) => {
        const result = await stackOf(context).destroy();
        expect(result.code === 0, tail(result.output, 40));
        expect((await containers(STACK, true)).length === 0, "containers are left");
      },
    },
  ],
};
