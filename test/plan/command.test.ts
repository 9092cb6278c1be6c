import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { once, SERVICE } from "../components/support";

const root = resolve(__dirname, "../..");
const directory = mkdtempSync(join(tmpdir(), "rampart-plan-"));
const contacted = join(directory, "contacted");

// Nothing but Node.js is on the PATH, and whoever opens a connection to another address than a socket of this process's
// own is stopped and written down.
mkdirSync(join(directory, "bin"));
symlinkSync(process.execPath, join(directory, "bin", "node"));
const GUARD = join(directory, "guard.cjs");
writeFileSync(
  GUARD,
  `const { Socket } = require("node:net");
const { appendFileSync, writeFileSync } = require("node:fs");
writeFileSync(${JSON.stringify(join(directory, "guarded"))}, "");
const refuse = (what) => {
  appendFileSync(${JSON.stringify(contacted)}, what + "\\n");
  throw new Error("no network here: " + what);
};
const connect = Socket.prototype.connect;
Socket.prototype.connect = function (...args) {
  const [first] = [args[0]].flat();
  const local = typeof first === "object" && first !== null && first.path !== undefined;
  if (local && !/docker/.test(first.path)) return connect.apply(this, args);
  return refuse(JSON.stringify(first));
};
// The hooks' callbacks are served on loopback, where nobody calls them.
const dns = require("node:dns");
const { lookup } = dns;
dns.lookup = (name, ...rest) => (name === "127.0.0.1" ? lookup(name, ...rest) : refuse("dns " + name));
`,
);

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function plan(...args: string[]): Promise<Result> {
  const env = { PATH: join(directory, "bin"), HOME: directory, TMPDIR: tmpdir(), NODE_OPTIONS: `--require ${GUARD}` };
  return new Promise((done) => {
    execFile(
      process.execPath,
      ["bin/rampart.cjs", "plan", ...args],
      { cwd: root, env, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => done({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

function stackFile(name: string, config: Record<string, unknown>): string {
  const path = join(directory, `Pulumi.${name}.yaml`);
  writeFileSync(
    path,
    JSON.stringify({
      config: Object.fromEntries(Object.entries(config).map(([key, value]) => [`rampart:${key}`, value])),
    }),
  );
  return path;
}

const SMALL = {
  services: {
    web: {
      ...SERVICE,
      routes: [{ host: "app.localhost" }],
      cache: true,
      environment: { GREETING: "a\u202eb" },
      secrets: { JWT_SECRET: "generated", SMTP_PASSWORD: { config: "smtpPassword" } },
      secretsInEnvironment: { names: ["JWT_SECRET"], reason: "the framework reads nothing else" },
    },
  },
  smtpPassword: { secure: "AAABBBcipher" },
};
const small = stackFile("small", SMALL);
const json = once(() => plan("dev", "--config-file", small, "--json"));

interface Resource {
  readonly type: string;
  readonly name: string;
  readonly parent: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

interface Json {
  readonly stack: string;
  readonly resources: readonly Resource[];
  readonly posture: readonly Readonly<Record<string, string>>[];
  readonly summary: object;
}

const parsed = async (): Promise<Json> => JSON.parse((await json()).stdout) as Json;

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe("plan --json", () => {
  test("has the names that other tools rely on, and no others", async () => {
    const { stack, resources, posture, summary, ...rest } = await parsed();
    expect([stack, rest]).toEqual(["dev", {}]);
    expect(Object.keys(summary)).toEqual(["edge", "routes", "programs", "data"]);
    for (const resource of resources) expect(Object.keys(resource)).toEqual(["type", "name", "parent", "inputs"]);
    for (const entry of posture)
      expect(Object.keys(entry).sort()).toEqual(["id", "message", "resource", "severity", "status"]);
    expect([...new Set(posture.map(({ status }) => status))].sort()).toEqual(["accepted", "open", "pass", "skip"]);
  });

  test("shows the code of a character that nobody sees", async () => {
    expect((await json()).stdout).toContain('"GREETING=a\\u202eb"');
    expect(JSON.stringify((await parsed()).resources)).toContain("GREETING=a\u202eb");
  });

  test("holds each resource under its component", async () => {
    const { resources } = await parsed();
    const parents = Object.fromEntries(
      resources
        .filter(({ type }) => type === "docker:index/container:Container")
        .map(({ name, parent }) => [name, parent]),
    );
    expect(parents).toMatchObject({
      "rampart-dev-web": "rampart-dev-web",
      "rampart-dev-edge": "rampart-dev-edge",
      "rampart-dev-web-secrets-carrier": "rampart-dev-web-secrets",
    });
    expect(resources.filter(({ parent }) => parent === "").map(({ type, name }) => `${type} ${name}`)).toEqual([
      "rampart:stack:HardenedStack rampart-dev",
    ]);
  });

  test("shows every secret as [secret], and none in clear", async () => {
    const { stdout } = await json();
    expect(stdout).not.toMatch(/generated0|EncryptedInTheStackFile|AAABBBcipher|1b47061264138c4ac30d75fd1eb44270/);
    const { resources } = await parsed();
    const web = resources.find(
      ({ type, name }) => type === "docker:index/container:Container" && name === "rampart-dev-web",
    );
    expect(web?.inputs["envs"]).toEqual([
      "GREETING=a\u202eb",
      "[secret]",
      "PORT=3000",
      "REDIS_KEY_PREFIX=web:",
      "REDIS_URL_FILE=/run/secrets/redis_url",
      "SMTP_PASSWORD_FILE=/run/secrets/smtp_password",
    ]);
  });

  test("is the same in every run", async () => {
    expect((await plan("dev", "--config-file", small, "--json")).stdout).toBe((await json()).stdout);
  });

  test("needs neither Docker nor Pulumi nor a network", async () => {
    expect(await json()).toMatchObject({ code: 0, stderr: "" });
    expect(existsSync(join(directory, "guarded"))).toBe(true);
    expect(existsSync(contacted) ? readFileSync(contacted, "utf8") : "").toBe("");
  });
});

describe("plan", () => {
  test("reads as what the stack is, with the posture under it", async () => {
    const { code, stdout, stderr } = await plan(
      "dev",
      "--config-file",
      stackFile("snapshot", { services: { web: { ...SERVICE, routes: [{ host: "app.localhost" }] } } }),
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatchSnapshot();
  });

  test("ends with 1 where a control is not held, and says which", async () => {
    const { code, stdout } = await plan(
      "staging",
      "--config-file",
      stackFile("open", {
        certificates: "letsencrypt-staging",
        acmeEmail: "ops@example.com",
        database: { protect: false },
        services: { web: { ...SERVICE, data: "read-only" } },
        exceptions: [
          // Ended long ago.
          {
            rule: "rampart-data-protected",
            scope: "postgres-data",
            reason: "the stack goes next week",
            until: "2026-01-31",
          },
        ],
      }),
    );
    expect(code).toBe(1);
    expect(stdout).toContain("Posture: 2 fail, ");
    expect(stdout).toContain(
      "  fail             high      rampart-data-protected (rule: data volumes outlive `pulumi destroy`)\n" +
        "                               rampart-staging-backups-repository: is deleted by `pulumi destroy`\n" +
        "                               rampart-staging-postgres-data: is deleted by `pulumi destroy`; the\n" +
        "                               exception from it has ended on 2026-01-31: the stack goes next week\n" +
        "                               Fix: Protect the data: `database: { protect: true }` and",
    );
  });

  test("ends with 1 and every fault of a configuration, without a stack trace or a plan", async () => {
    const { code, stdout, stderr } = await plan(
      "dev",
      "--config-file",
      stackFile("faulty", {
        services: { web: { image: "app:latest", port: 80, privileged: true }, "Bad Name": SERVICE },
      }),
    );
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^4 faults in the configuration of stack "dev"; nothing was changed\.\n/);
    for (const key of ["services.web.image", "services.web.port", "services.web.privileged", 'services["Bad Name"]'])
      expect(stderr).toContain(`rampart:${key}\n`);
    expect(stderr).not.toMatch(/^\s+at |node_modules|Error:/m);
  });

  test.each([
    ["without a stack", [], /^<stack>: given nothing; allowed: the name of one stack\n/],
    ["with an option that it does not know", ["dev", "--yaml"], /^Unknown option '--yaml'/],
    [
      "of a stack that has no file",
      ["nowhere"],
      /^there is no .*Pulumi\.nowhere\.yaml; create it, or name another with --config-file <path>\n$/,
    ],
  ])("%s ends with 2", async (_what, args, message) => {
    const { code, stdout, stderr } = await plan(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
