/** Images from a registry with a password: pulls that log in, and what is told of those that are refused. */
import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { docker } from "../lib/engine";
import { ask } from "../lib/http";
import { run, tail, until, type RunResult } from "../lib/process";
import { REPOSITORY, Stack, type StackSettings } from "../lib/pulumi";
import { expect, expectNone, type Suite } from "../lib/runner";
import { REGISTRIES, registrySettings, type Context } from "../lib/stacks";

const STACK = "e2e-registries";
const PORT = 5055;
const USER = "puller";
const PASSWORD = "correct-horse-battery";
/** bcrypt of the password, as htpasswd -B writes it. */
const HASH = "$2b$05$abcdefghijklmnopqrstuuSnF5tLPqPFqc0z9CY0HcSLFbSRlL67u";

let server: ChildProcess | undefined;
let made: Stack | undefined;
const stackOf = ({ work }: Context): Stack => (made ??= new Stack(STACK, work));
const name = `127.0.0.1:${PORT}`;
let reference = "";
const image = (): string => reference;

/** Asks the registry as the user that it knows. */
async function registry(path: string, init: { method?: string; body?: string; type?: string } = {}): Promise<Response> {
  const url = path.startsWith("http") ? path : `http://${name}/v2/app/${path}`;
  const authorization = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString("base64")}`;
  const type = init.type ?? "application/octet-stream";
  const { method = "GET", body } = init;
  const headers = { authorization, accept: MANIFEST, "content-type": type };
  const answer = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) });
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
  return answer;
}

const MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
const digestOf = (text: string): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;

/**
 * The application's image once more, with a digest that no engine has seen: what an engine once pulled by its digest,
 * it takes from its own store, and asks no registry.
 */
async function publish({ images }: Context, tag = "private"): Promise<string> {
  const manifest = (await (await registry(`manifests/${images.app.split("@")[1] ?? ""}`)).json()) as {
    config: { digest: string; size: number };
  };
  const config = (await (await registry(`blobs/${manifest.config.digest}`)).json()) as object;
  const blob = JSON.stringify({ ...config, created: new Date().toISOString() });
  const location = (await registry("blobs/uploads/", { method: "POST", body: "" })).headers.get("location") ?? "";
  const digest = digestOf(blob);
  await registry(`${location}&digest=${digest}`, { method: "PUT", body: blob });
  const changed = { ...manifest, config: { ...manifest.config, digest, size: Buffer.byteLength(blob) } };
  const body = JSON.stringify(changed);
  await registry(`manifests/${tag}`, { method: "PUT", body, type: MANIFEST });
  return `${name}/app:${tag}@${digestOf(body)}`;
}

/** Serves what images/registry.sh stores, to those who know the password. */
async function startRegistry(directory: string): Promise<void> {
  const cache =
    process.env["RAMPART_E2E_CACHE"] ?? join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "rampart-e2e");
  const storage = process.env["RAMPART_E2E_REGISTRY_STORAGE"] ?? join(cache, "registry");
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "htpasswd"), `${USER}:${HASH}\n`);
  const config = {
    version: 0.1,
    log: { level: "error", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: storage } },
    http: { addr: `127.0.0.1:${PORT}` },
    auth: { htpasswd: { realm: "end-to-end", path: join(directory, "htpasswd") } },
  };
  writeFileSync(join(directory, "registry.yml"), JSON.stringify(config));
  server = spawn("docker-registry", ["serve", join(directory, "registry.yml")], { stdio: "ignore" });
  // A run that breaks off takes it along, and does not wait for it.
  server.unref();
  process.once("exit", () => server?.kill());
  await until("the registry asks for a password", 20, async () => {
    const answer = await fetch(`http://127.0.0.1:${PORT}/v2/`).catch(() => undefined);
    return answer?.status === 401 ? true : undefined;
  });
}

async function stopRegistry(): Promise<void> {
  if (server === undefined || server.exitCode !== null) return;
  server.ref();
  const ended = once(server, "exit");
  server.kill();
  await ended;
}

/** Takes the image off the engine, which keeps no tag beside a digest. */
const forget = async (): Promise<void> => void (await docker(["rmi", "--force", image().replace(/:[^:/@]+@/, "@")]));

/** An `ssh` to an engine that is this machine's own: it runs what it is told here, and keeps what that was. */
function standInForSsh(directory: string): { readonly path: string; readonly asked: () => string } {
  mkdirSync(directory, { recursive: true });
  const script =
    '#!/bin/sh\nprintf "%s\\n" "$*" >> "$0.log"\nuntil [ $# = 0 ] || [ "${1#*docker}" != "$1" ]; do shift; done\n' +
    'unset DOCKER_HOST\nexec sh -c "$*"\n';
  writeFileSync(join(directory, "ssh"), script, { mode: 0o755 });
  return {
    path: `${directory}:${process.env["PATH"] ?? ""}`,
    asked: () => readFileSync(join(directory, "ssh.log"), "utf8"),
  };
}

async function refused(context: Context, registries: StackSettings): Promise<string> {
  const stack = stackOf(context);
  reference = await publish(context);
  stack.configure(registrySettings(context.images, image(), registries));
  const { code, output } = await stack.up();
  expect(code !== 0, "the image was pulled");
  return output;
}

const login = { username: USER, password: { config: "registryPassword" } };
export const registries: Suite<Context> = {
  name: "registries",
  stack: "registries",
  once: true,
  sequence: true,
  checks: [
    {
      name: "without a login the registry refuses, and the message says so",
      critical: true,
      run: async (context) => {
        await startRegistry(join(context.work, "password-registry"));
        await stackOf(context).init();
        const output = await refused(context, {});
        expect(output.includes(`${name} refused ${name}/app:`), tail(output, 30));
        expect(output.includes("asked without a login"), tail(output, 30));
        expect(output.includes("no basic auth credentials"), tail(output, 30));
      },
    },
    {
      name: "where nobody ran `docker login`, { login: docker } says so before anything is pulled",
      run: async (context) => {
        const empty = join(context.work, "no-docker-login");
        stackOf(context).env["DOCKER_CONFIG"] = empty;
        const output = await refused(context, { [name]: { login: "docker" } });
        expect(output.includes(`run \`docker login ${name}\` first`), tail(output, 30));
      },
    },
    {
      name: "by the login of `docker login` the image is pulled, and the service answers",
      run: async (context) => {
        const directory = join(context.work, "docker-login");
        const auth = Buffer.from(`${USER}:${PASSWORD}`).toString("base64");
        mkdirSync(directory, { recursive: true });
        writeFileSync(join(directory, "config.json"), JSON.stringify({ auths: { [name]: { auth } } }));
        stackOf(context).env["DOCKER_CONFIG"] = directory;
        await forget();
        await stackOf(context).mustUp(registrySettings(context.images, image(), { [name]: { login: "docker" } }));
        await until("the service answers", 30, async () => {
          const answer = await ask({ host: REGISTRIES.host, port: REGISTRIES.httpsPort, path: "/" });
          return answer.status === 200 ? true : undefined;
        });
        await stackOf(context).destroy();
      },
    },
    {
      name: "with a wrong password the message names the user",
      run: async (context) => {
        delete stackOf(context).env["DOCKER_CONFIG"];
        await stackOf(context).setSecret("rampart:registryPassword", "wrong-horse-battery");
        const output = await refused(context, { [name]: login });
        expect(output.includes(`${name} refused ${name}/app:`), tail(output, 30));
        expect(output.includes(`asked as ${USER}`), tail(output, 30));
        expect(!output.includes("wrong-horse-battery"), "the password is shown");
      },
    },
    {
      name: "with the password from the configuration the image is pulled; nothing is replaced when the login changes",
      run: async (context) => {
        const stack = stackOf(context);
        await stack.setSecret("rampart:registryPassword", PASSWORD);
        await stack.mustUp(registrySettings(context.images, image(), { [name]: login }));
        const settings = registrySettings(context.images, image(), {
          [name]: { ...login, username: "another" },
        });
        const { output } = await stack.mustUp(settings);
        expect(!/docker:index:\w+ .*(?:replac|creat|delet|updat)/.test(output), tail(output, 40));
      },
    },
    {
      name: "over ssh:// the login goes to the engine as well",
      run: async (context) => {
        const stack = stackOf(context);
        await stack.destroy();
        await forget();
        const local = { ...stack.env };
        const ssh = standInForSsh(join(context.work, "ssh"));
        Object.assign(stack.env, { DOCKER_HOST: "ssh://deploy@engine", PATH: ssh.path });
        const settings = registrySettings(context.images, image(), { [name]: login });
        try {
          await stack.mustUp(settings);
          // The provider's host is in the state: whoever destroys needs the way there, too.
          const { code, output } = await stack.destroy();
          expect(code === 0, tail(output, 30));
        } finally {
          for (const key of ["DOCKER_HOST", "PATH"]) delete stack.env[key];
          Object.assign(stack.env, local);
        }
        const asked = ssh.asked();
        expect(asked.includes("docker system dial-stdio"), `ssh was asked for ${tail(asked, 5)}`);
        expect(!asked.includes(PASSWORD), "ssh's command line shows the password");
        expect((await docker(["image", "inspect", image()])).code === 0, "the image is not on the engine");
        await stack.mustUp(settings);
      },
    },
    {
      name: "the password is neither in the state, nor in the log, nor on the engine",
      run: async (context) => {
        const stack = stackOf(context);
        const id = (await docker(["ps", "--quiet", "--filter", `label=io.rampart.stack=${STACK}`])).stdout
          .trim()
          .split("\n");
        const inspected = (await docker(["inspect", ...id])).stdout;
        const places = { state: await stack.written(), log: stack.log, engine: inspected };
        expectNone(
          Object.entries(places).flatMap(([place, text]) => (text.includes(PASSWORD) ? [place] : [])),
          "shows the password",
        );
      },
    },
    {
      name: "update-pins asks with the stack's login, stays on the line, and keeps the rest of the file",
      run: async (context) => {
        const stack = stackOf(context);
        const pinned = await publish(context, "70.1.0");
        const newer = await publish(context, "70.1.1");
        await publish(context, "71.0.0");
        stack.configure(registrySettings(context.images, pinned, { [name]: login }));
        const before = `# Since May.\n${readFileSync(stack.file, "utf8")}`;
        writeFileSync(stack.file, before);
        const updatePins = (...args: string[]): Promise<RunResult> =>
          run("node", ["bin/rampart.cjs", "update-pins", STACK, "--config-file", stack.file, ...args], {
            cwd: REPOSITORY,
            env: stack.env,
            timeoutSeconds: 120,
          });
        // Rampart's own stand-ins are in a registry without a password.
        const looked = await updatePins("--check");
        expect(looked.code === 1, looked.output);
        expect(looked.stdout.includes("71.0.0 is another line"), looked.output);
        const written = await updatePins("--yes");
        const after = readFileSync(stack.file, "utf8");
        expect(after.includes(newer) && !after.includes(pinned), written.output);
        expect(after.startsWith("# Since May.\n"), "the comment is gone");
        expect(!written.output.includes(PASSWORD), "the password is shown");
        const [lines, were] = [after, before].map((text) => text.split("\n"));
        const others = lines?.filter((line, at) => line !== were?.[at] && !line.includes("@sha256:")) ?? [];
        expectNone(others, "lines that are no image's changed");
      },
    },
    {
      name: "destroy leaves nothing behind, and the registry ends",
      run: async (context) => {
        const result = await stackOf(context).destroy();
        expect(result.code === 0, tail(result.output, 40));
        await forget();
        await stopRegistry();
        expect(existsSync(join(context.work, "password-registry", "htpasswd")), "the registry had no password");
      },
    },
  ],
};
