/** What an operator does with a running stack: maintenance, status, rollback. */
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { container, containers, docker, filesOf, mustDocker } from "../lib/engine";
import { ask, type Answer } from "../lib/http";
import { tail, until, type RunResult } from "../lib/process";
import { REPOSITORY, Stack, type StackSettings } from "../lib/pulumi";
import { rampart as rampartOn } from "../lib/rampart";
import { expect, expectMatch, type Suite } from "../lib/runner";
import { OPERATIONS, operationsSettings, type Context } from "../lib/stacks";

export const STACK = "e2e-operations";
let made: Stack | undefined;
export const stackOf = ({ work }: Context): Stack => (made ??= new Stack(STACK, work));

export const rampart = (context: Context, command: string, ...args: string[]): Promise<RunResult> =>
  rampartOn(stackOf(context), command, ...args);

const get = (host: string, path: string, accept = "*/*"): Promise<Answer> =>
  ask({ host, port: OPERATIONS.httpsPort, path, headers: { accept } });
const answers = (host: string, path: string, status: number): Promise<Answer> =>
  until(`${host}${path} answers ${status}`, 30, async () => {
    const answer = await get(host, path);
    return answer.status === status && answer;
  });

const version = async (): Promise<string> => (await answers(OPERATIONS.apiHost, "/api/version", 200)).body.trim();

interface Told {
  readonly containers: readonly { readonly name: string; readonly health?: string; readonly version?: string }[];
  readonly problems: readonly { readonly subject: string; readonly message: string }[];
  readonly routes: readonly { readonly route: string; readonly servers: readonly string[] }[];
}

export async function status(
  context: Context,
): Promise<{ readonly code: number; readonly told: Told; readonly seconds: number }> {
  const { code, stdout, output, seconds } = await rampart(context, "status", "--json");
  expect(stdout.startsWith("{"), tail(output, 20));
  return { code, told: JSON.parse(stdout) as Told, seconds };
}

const changed = (context: Context, more: StackSettings, app = context.images.app): StackSettings => ({
  ...operationsSettings(context.images, app),
  ...more,
});
const edge = (maintenance: object): StackSettings => ({
  edge: { httpPort: OPERATIONS.httpPort, httpsPort: OPERATIONS.httpsPort, maintenance },
});

const INCIDENTS = join(REPOSITORY, ".rampart/incidents");

/** Asks Redis as the API would. */
async function redis(...command: readonly string[]): Promise<string> {
  const files = await filesOf((await container(STACK, "api")).Id, "/run/secrets");
  const url = Object.entries(files).find(([path]) => path.endsWith("redis_url"))?.[1] ?? "";
  const password = /^redis:\/\/[^:]+:([^@]+)@/.exec(url)?.[1] ?? "";
  const { Id } = await container(STACK, "redis");
  const client = ["redis-cli", "--user", "api", "--no-auth-warning", ...command];
  return (await docker(["exec", "--env", `REDISCLI_AUTH=${password}`, Id, ...client])).output.trim();
}

const passwordsOf = async (context: Context): Promise<Readonly<Record<string, string>>> => {
  const { database } = await stackOf(context).outputs();
  return { ...database?.passwords, superuser: database?.superuserPassword ?? "" };
};

export const operations: Suite<Context> = {
  name: "operations",
  stack: "operations",
  once: true,
  sequence: true,
  checks: [
    {
      name: "status of a healthy stack: everything that runs, of which version, and nothing wrong",
      critical: true,
      run: async (context) => {
        await stackOf(context).init();
        await stackOf(context).mustUp(operationsSettings(context.images));
        const { code, told, seconds } = await status(context);
        expect(code === 0 && told.problems.length === 0, JSON.stringify(told.problems));
        const shown = told.containers.map(({ name }) => name);
        for (const name of ["edge", "gateway", "api", "web", "postgres", "redis"])
          expect(shown.includes(name), `${name} is not among ${shown.join(", ")}`);
        const api = await container(STACK, "api");
        const route = told.routes.find((one) => one.route === "api");
        expect(route?.servers.join() === api.Name.slice(1), JSON.stringify(told.routes));
        const { stdout } = await rampart(context, "status");
        expect(
          stdout.split("\n").every((line) => line.length <= 100),
          stdout,
        );
        return `${seconds.toFixed(1)} s`;
      },
    },
    {
      name: "maintenance of one host: 503 with the message, other hosts serve, no container is replaced",
      run: async (context) => {
        const before = (await containers(STACK)).map(({ Id }) => Id).sort();
        await stackOf(context).mustUp(changed(context, edge({ [OPERATIONS.apiHost]: "Back at 18:00 & not <before>" })));
        const page = await ask({
          ...{ host: OPERATIONS.apiHost, port: OPERATIONS.httpsPort, path: "/api/version" },
          headers: { accept: "text/html" },
        });
        expect(page.status === 503 && page.headers["retry-after"] === "300", `${page.status}`);
        expectMatch(page.body, /<h1>Back at 18:00 &amp; not &lt;before&gt;<\/h1>/, "the page");
        expectMatch(String(page.headers["content-security-policy"]), /^default-src 'none'/, "the policy");
        const json = await get(OPERATIONS.apiHost, "/", "application/json");
        expect((JSON.parse(json.body) as { error: string }).error === "maintenance", json.body);
        await answers(OPERATIONS.host, "/", 200);
        const redirect = await ask({ host: OPERATIONS.apiHost, port: OPERATIONS.httpPort, plain: true, path: "/" });
        expect(redirect.status === 301, `${redirect.status}`);
        const after = (await containers(STACK)).map(({ Id }) => Id).sort();
        expect(before.join() === after.join(), "containers were replaced");
        await stackOf(context).mustUp(operationsSettings(context.images));
        await answers(OPERATIONS.apiHost, "/api/version", 200);
      },
    },
    {
      name: "status of a broken stack names what is stopped, and ends with 1",
      run: async (context) => {
        const api = await container(STACK, "api");
        await docker(["kill", api.Id]);
        const { code, told } = await status(context);
        expect(code === 1, `it ended with ${code}`);
        const problems = told.problems.map(({ subject, message }) => `${subject}: ${message}`);
        expect(
          problems.some((one) => /^api: stopped with exit code 137/.test(one)),
          problems.join("\n"),
        );
        await stackOf(context).mustUp(operationsSettings(context.images));
        const again = await status(context);
        expect(again.code === 0, JSON.stringify(again.told.problems));
      },
    },
    {
      name: "rollback after an image that does not start: shown first, then done, and the file says so",
      run: async (context) => {
        const stack = stackOf(context);
        const before = await version();
        const bad = operationsSettings(context.images, context.images.appNext, ["true"]);
        stack.configure(bad);
        const failed = await stack.up();
        expect(failed.code !== 0, "the bad image was deployed");
        const only = await rampart(context, "rollback");
        expect(
          only.code === 1 && only.output.includes("Nothing was changed. To do it, add --yes."),
          tail(only.output, 30),
        );
        expect(readFileSync(stack.file, "utf8").includes(context.images.appNext), "the file was changed");
        const { code, output } = await rampart(context, "rollback", "--yes");
        expect(code === 0, tail(output, 40));
        expectMatch(output, /git commit --message "Roll e2e-operations back"/, "the rollback");
        expect(
          !readFileSync(stack.file, "utf8").includes(context.images.appNext),
          "the file still names the bad image",
        );
        expect((await version()) === before, `the version is not ${before}`);
        const told = await status(context);
        expect(told.code === 0, JSON.stringify(told.told.problems));
      },
    },
    {
      name: "rollback from a good version, and not across a migration",
      run: async (context) => {
        const stack = stackOf(context);
        const before = await version();
        await stack.mustUp(operationsSettings(context.images, context.images.appNext));
        expect((await version()) !== before, "the next version is the same");
        const { code, output } = await rampart(context, "rollback", "--yes");
        expect(code === 0, tail(output, 40));
        expect((await version()) === before, "the version before does not run");
        const migration = { image: context.images.app, command: ["migrate"], environment: { RELEASE: "2" } };
        await stack.mustUp(changed(context, { migration }));
        const refused = await rampart(context, "rollback", "--yes");
        expect(refused.code === 1, tail(refused.output, 20));
        expectMatch(refused.output, /does not say that the version before works/, "the refusal");
        await stack.mustUp(changed(context, { migration: { ...migration, reversible: true } }));
        const allowed = await rampart(context, "rollback", "--yes");
        expect(allowed.code === 0, tail(allowed.output, 40));
      },
    },
    {
      name: "respond collects evidence without secrets, rotates, ends sessions, and the stack serves",
      run: async (context) => {
        const stack = stackOf(context);
        await stack.mustUp(operationsSettings(context.images));
        const before = await passwordsOf(context);
        expect((await redis("SET", "api:sess:thief", "1")) === "OK", "no session was made");
        expect((await redis("SET", "api:job", "1")) === "OK", "no job was made");
        const known = existsSync(INCIDENTS) ? readdirSync(INCIDENTS) : [];
        const dry = await rampart(context, "respond", "--dry-run");
        expect(dry.code === 0 && dry.output.includes("Nothing was changed."), tail(dry.output, 20));
        const { code, output } = await rampart(context, "respond", "--yes", "--replace-generated");
        expect(code === 0, tail(output, 60));
        expectMatch(output, /1 keys of api:sess:\*/, "the report");
        const [stamp = ""] = readdirSync(INCIDENTS).filter((name) => !known.includes(name));
        const directory = join(INCIDENTS, stamp);
        const after = await passwordsOf(context);
        for (const [role, password] of Object.entries(before))
          expect(password !== after[role], `the password of ${role} is the one before`);
        expect((await redis("EXISTS", "api:sess:thief")) === "0", "the session is still there");
        expect((await redis("GET", "api:job")) === "1", "the job is gone");
        await answers(OPERATIONS.apiHost, "/api/db", 200);
        await answers(OPERATIONS.apiHost, "/api/cache", 200);
        const names = readdirSync(directory);
        for (const kind of ["gateway", "postgres", "api"])
          expect(
            names.some((name) => name.includes(`-${kind}-`) && name.endsWith(".stdout.log")),
            `no log of ${kind} in ${names.join(", ")}`,
          );
        const secrets = [...Object.values(before), ...Object.values(after)];
        for (const name of names) {
          expect((statSync(join(directory, name)).mode & 0o077) === 0, `${name} can be read by others`);
          const text = readFileSync(join(directory, name), "utf8");
          expect(!secrets.some((secret) => secret !== "" && text.includes(secret)), `${name} has a password`);
        }
        const { Id } = await container(STACK, "redis");
        const users = await mustDocker(["exec", Id, "cat", "/data/users.acl"]);
        expect(!users.includes("rampart-respond"), "the user that deletes is still there");
        const told = await status(context);
        expect(told.code === 0, JSON.stringify(told.told.problems));
        rmSync(directory, { recursive: true });
      },
    },
  ],
};
