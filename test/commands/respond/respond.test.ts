import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { redactInspected, redactText } from "../../../commands/respond/redact";
import { rotated } from "../../../commands/respond/rotate";
import type { FakeDocker } from "../../engine/fake-docker";
import type { FakePulumi } from "../fake-pulumi";
import { FakeProject } from "../fake-project";
import type { Ran } from "../support";

const FILE = `config:
  rampart:environment: dev
  rampart:database:
    elevations: [{ who: anna, role: app_ro, until: "2026-11-24T18:00:00Z", reason: "look at the orders of 4711" }]
  rampart:rotation: { roles: { app_rw: "2" } }
  rampart:services:
    api:
      image: registry.acme.com/api:1.0.0@sha256:${"0123456789abcdef".repeat(4)}
      port: 3000
      data: read-write
      cache: { keyPrefixes: ["api:"], sessions: ["api:sess:"] }
      secrets: { STRIPE_KEY: { from: { op: "op://prod/stripe/key" } } }
`;
const LABELS = { "io.rampart.component": "service", "io.rampart.name": "api", "io.rampart.stack": "dev" };
const INSPECTED = [
  {
    Id: "0123",
    Name: "/shop-api-1a2b3c4",
    Config: { Labels: LABELS, Env: ["TOKEN=hush-hush", "PLAIN=visible"] },
    State: { Status: "running" },
  },
];
const PASSWORD = "random:index/randomPassword:RandomPassword";
const URN = "urn:pulumi:dev::rampart::x::rampart-dev";
const state = (people = false): object => ({
  deployment: {
    resources: [
      {
        type: PASSWORD,
        urn: `${URN}-secrets-secret-jwt-secret`,
      },
      {
        type: PASSWORD,
        urn: `${URN}-secrets-app-rw`,
      },
      ...(people ? [{ type: PASSWORD, urn: `${URN}-secrets-access-alice` }] : []),
    ],
  },
});

describe("rampart respond", () => {
  let docker: FakeDocker;
  let pulumi: FakePulumi;
  let root: string;
  let project: FakeProject;
  beforeEach(() => {
    project = new FakeProject(FILE);
    ({ docker, pulumi, root } = project);
    pulumi.answer("stack export", { stdout: JSON.stringify(state()) });
    pulumi.answer("stack history", { stdout: "[]" });
    docker.answer("ps", { stdout: "0123\n" });
    docker.answer("inspect", { stdout: JSON.stringify(INSPECTED) });
    docker.answer("logs", { stdout: "connecting to postgres://app:hunter22@postgres/app\n" });
    docker.answer("exec", { stdout: "3\n" });
  });
  afterEach(() => project.remove());
  const run = (...args: string[]): Promise<Ran> => project.rampart("respond", "dev", ...args);
  const file = (): string => readFileSync(join(root, "Pulumi.dev.yaml"), "utf8");
  const incidents = (): string[] => readdirSync(join(root, ".rampart/incidents")).sort();
  const kept = (name: string): string =>
    readFileSync(join(root, ".rampart/incidents", incidents()[0] ?? "", name), "utf8");
  const updates = (): string[] => pulumi.calls.filter((call) => call.startsWith("up "));

  test("shows its steps, and changes nothing unless somebody agrees", async () => {
    const dry = await run("--dry-run");
    expect([dry.code, dry.stderr]).toEqual([0, "Nothing was changed.\n"]);
    expect(dry.stdout).toContain("rotation: sets rotation.everything in Pulumi.dev.yaml");
    expect(dry.stdout).toContain("redis-sessions: deletes api:sess:*");
    expect(dry.stdout).not.toContain("rollback:");
    const asked = await run();
    expect([asked.code, asked.stderr]).toEqual([1, "Nothing was changed. To do it, add --yes.\n"]);
    expect(existsSync(join(root, ".rampart"))).toBe(false);
    expect(docker.calls).toEqual([]);
    expect(updates()).toEqual([]);
  });

  test("collects evidence before anything else, for its owner only, without secrets, and with sums", async () => {
    await run("--yes");
    const directory = join(root, ".rampart/incidents", incidents()[0] ?? "");
    expect((statSync(directory).mode & 0o777).toString(8)).toBe("700");
    for (const name of readdirSync(directory)) {
      expect([name, (statSync(join(directory, name)).mode & 0o777).toString(8)]).toEqual([name, "600"]);
      expect(readFileSync(join(directory, name), "utf8")).not.toMatch(/hush-hush|hunter22/);
    }
    expect(kept("containers.json")).toContain("TOKEN=[redacted]");
    expect(kept("shop-api-1a2b3c4.stdout.log")).toBe("connecting to postgres://app:[redacted]@postgres/app\n");
    const sums = kept("SHA256SUMS")
      .trimEnd()
      .split("\n")
      .map((line) => line.split("  "));
    expect(sums.length).toBeGreaterThan(5);
    for (const [sum, name = ""] of sums)
      expect([
        name,
        createHash("sha256")
          .update(readFileSync(join(directory, name)))
          .digest("hex"),
      ]).toEqual([name, sum]);
    expect(pulumi.calls.findIndex((call) => call.startsWith("up "))).toBe(pulumi.calls.length - 1);
    expect(pulumi.calls.join("\n")).not.toContain("--show-secrets");
  });

  test("turns everything over by one update, ends elevations, and says what is left to do", async () => {
    const { code, stdout } = await run("--yes");
    expect(code).toBe(0);
    const key = `incident-${incidents()[0] ?? ""}`;
    expect(updates()).toEqual([`up --yes --skip-preview --message rampart respond ${key} --stack dev`]);
    expect(pulumi.file("up")).toBe(file());
    expect(file()).toContain(`everything: ${key}`);
    expect(file()).toContain('app_rw: "2"');
    expect(file()).not.toContain("anna");
    const commands = docker.calls.filter((call) => call.includes(" exec "));
    expect(commands.some((call) => call.includes("pg_terminate_backend"))).toBe(true);
    expect(commands.some((call) => call.includes("UNLINK") && call.endsWith(" api:sess:"))).toBe(true);
    expect(stdout).toContain("Generated secrets of services were kept: jwt-secret.");
    expect(kept("tasks.txt")).toContain("Commit Pulumi.dev.yaml");
    expect(kept("tasks.txt")).toMatch(
      /Put new values where other programs keep them.*services\.api\.secrets\.STRIPE_KEY/,
    );
  });

  test("makes generated secrets anew where somebody says so", async () => {
    const { stdout } = await run("--yes", "--replace-generated");
    expect(updates()[0]).toContain(
      "--replace urn:pulumi:dev::rampart::x::rampart-dev-secrets-secret-jwt-secret --stack dev",
    );
    expect(updates()[0]).not.toContain("app-rw");
    expect(stdout).not.toContain("were kept");
  });

  test("makes passwords of people anew in any case, as nothing hangs on them", async () => {
    pulumi.answer("stack export", { stdout: JSON.stringify(state(true)) });
    const { stdout } = await run("--yes");
    expect(updates()[0]).toContain(
      "--replace urn:pulumi:dev::rampart::x::rampart-dev-secrets-access-alice --stack dev",
    );
    expect(stdout).toContain("`pulumi stack output access --show-secrets --stack dev`");
  });

  test("goes on where it stopped, with the same key, and does nothing twice", async () => {
    pulumi.answer("up", { code: 255 });
    const first = await run("--yes");
    expect([first.code, first.stderr.includes("go on with --resume")]).toEqual([1, true]);
    const again = await run("--yes");
    expect(again.stderr).toContain("did not come to its end.\nGo on with --resume, or begin another with --new.");
    pulumi.answer("up", { code: 0 });
    const logs = docker.calls.filter((call) => call.includes(" logs ")).length;
    const resumed = await run("--yes", "--resume");
    expect(resumed.code).toBe(0);
    expect(resumed.stdout).toContain("done  evidence");
    expect(docker.calls.filter((call) => call.includes(" logs "))).toHaveLength(logs);
    expect(new Set(updates()).size).toBe(1);
    expect(incidents()).toHaveLength(1);
    expect((await run("--yes", "--resume")).stderr).toContain("No answer of stack dev waits to go on.");
  });

  test("a step that fails ends it, and says so", async () => {
    docker.answer("exec", { code: 1, stderr: "the server is gone\n" });
    const { code, stderr } = await run("--yes");
    expect(code).toBe(1);
    expect(stderr).toContain("Ending the sessions in Postgres failed: the server is gone");
    expect(readFileSync(join(root, ".rampart/incidents", incidents()[0] ?? "", "incident.json"), "utf8")).not.toContain(
      "redis-sessions",
    );
  });
});

test(
  "the rotation key is added beside the others; a file without elevations keeps the rest of the database's " + "keys",
  () => {
    expect(rotated("config:\n  rampart:database: { schema: app }\n", "rampart", "incident-1")).toBe(
      "config:\n  rampart:database: { schema: app }\n  rampart:rotation:\n    everything: incident-1\n",
    );
  },
);

describe("redaction", () => {
  test.each([
    ["redis://api:word@redis:6379/0 is up", "redis://api:[redacted]@redis:6379/0 is up"],
    ['"authorization": "Bearer abc.def"', '"authorization": "Bearer [redacted]'.concat('"')],
    ["login password=hunter2 from 192.0.2.1", "login password=[redacted] from 192.0.2.1"],
    ['{"token":"abc","path":"/a"}', '{"token":"[redacted]","path":"/a"}'],
    ["-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "[redacted]\n"],
    ["GET /tokens/list 200 https://a.example/b:c@d", "GET /tokens/list 200 https://a.example/b:c@d"],
  ])("of %j", (before, after) => expect(redactText(before)).toBe(after));

  test("of containers keeps the names of variables only", () =>
    expect(redactInspected([{ Id: "1", Config: { Env: ["A=b=c", "D"], Image: "i" } }, "x"])).toEqual([
      { Id: "1", Config: { Env: ["A=[redacted]", "D=[redacted]"], Image: "i" } },
      "x",
    ]));
});
