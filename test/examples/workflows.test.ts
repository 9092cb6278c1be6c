import { parse } from "yaml";
import { files, read } from "./support";

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly "timeout-minutes"?: number;
  readonly permissions?: object;
  readonly if?: string;
  readonly environment?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly on: object;
  readonly permissions?: object;
  readonly concurrency?: { readonly "cancel-in-progress"?: boolean };
  readonly jobs: Readonly<Record<string, Job>>;
}

const WORKFLOWS = files(".github/workflows", /\.ya?ml$/).map((file) => ({
  file,
  text: read(file),
  workflow: parse(read(file)) as Workflow,
}));
const jobsOf = (workflow: Workflow): [string, Job][] => Object.entries(workflow.jobs);

it("the workflows of .github/workflows are found", () => {
  expect(WORKFLOWS.map(({ file }) => file)).toEqual([
    ".github/workflows/ci.yml",
    ".github/workflows/preview.yml",
    ".github/workflows/publish.yml",
  ]);
});

describe.each(WORKFLOWS)("$file", ({ text, workflow }) => {
  it("may read the repository, and nothing else but write one comment and show who publishes", () => {
    expect(workflow.permissions).toEqual({ contents: "read" });
    // Only jobs that no fork reaches: one writes a comment, and one has an identity.
    const more: Readonly<Record<string, object>> = {
      preview: { contents: "read", "pull-requests": "write" },
      publish: { contents: "read", "id-token": "write" },
    };
    for (const [name, { permissions }] of jobsOf(workflow)) expect([name, permissions]).toEqual([name, more[name]]);
  });

  it("pins every action by commit, with its version beside it", () => {
    const uses = text.split("\n").filter((line) => /^\s*(- )?uses:/.test(line));
    expect(uses.length).toBeGreaterThan(0);
    for (const line of uses) expect(line).toMatch(/uses: [a-z-]+\/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it("bounds each job in time, and gives way to a newer run unless it publishes", () => {
    for (const [name, job] of jobsOf(workflow))
      expect([name, (job["timeout-minutes"] ?? 360) <= 20]).toEqual([name, true]);
    expect(workflow.concurrency?.["cancel-in-progress"]).toBe(!("publish" in workflow.jobs));
  });

  it("leaves no credential in the checkout, installs by the lock file, and runs no fork's code with secrets", () => {
    expect(Object.keys(workflow.on)).not.toContain("pull_request_target");
    for (const [, job] of jobsOf(workflow)) {
      const checkout = job.steps.find((step) => step.uses?.startsWith("actions/checkout@") === true);
      expect(checkout?.with).toMatchObject({ "persist-credentials": false });
      expect(job.steps.map((step) => step.run)).toContain("npm ci");
    }
  });

  it("puts no expression into a shell's text, where its value would be run", () => {
    for (const [, job] of jobsOf(workflow)) for (const step of job.steps) expect(step.run ?? "").not.toContain("${{");
  });
});

it("the workflows use secrets only in the preview of branches of the repository itself", () => {
  const jobs: Workflow["jobs"] = WORKFLOWS.find(({ file }) => file.endsWith("preview.yml"))?.workflow.jobs ?? {};
  const holders = Object.entries(jobs).filter(([, job]) => JSON.stringify(job).includes("secrets."));
  expect(holders.map(([name]) => name)).toEqual(["preview"]);
  const { if: condition = "", environment } = jobs["preview"] ?? {};
  expect(condition).toContain("github.event.pull_request.head.repo.full_name == github.repository");
  expect(condition).toContain("github.actor != 'dependabot[bot]'");
  expect(environment).toBe("preview");
});

it("a release is published with its provenance, by an identity and no token, after the audit and the tests", () => {
  const { workflow } = WORKFLOWS.find(({ file }) => file.endsWith("publish.yml")) ?? {};
  const job = workflow?.jobs["publish"];
  expect([Object.keys(workflow?.on ?? {}), job?.environment]).toEqual([["release"], "npm"]);
  const runs = job?.steps.flatMap(({ run }) => run ?? []) ?? [];
  const at = (text: string): number => runs.findIndex((run) => run.includes(text));
  expect(at("npm publish --provenance")).toBe(runs.length - 1);
  for (const before of ["npm ci", "npm run audit", "npm test"]) expect(at(before)).toBeGreaterThanOrEqual(0);
  expect(JSON.stringify(workflow)).not.toContain("secrets.");
});
