import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { IMAGE_PINS } from "../config/images";
import { DockerClient } from "../engine/docker";
import { readStackFile, type StackFile } from "../plan/stack-file";
import { parsePsqlOptions, type PsqlOptions } from "./psql/options";
import { readAccess } from "./psql/access";
import { imageOf, postgresContainer, runSession, runSuperuser } from "./psql/session";
import { openTunnel, sweepLeftovers, tunnelText, type TunnelOptions } from "./psql/tunnel";
import { field, parseJson, text } from "./start/prerequisites";
import { UsageError } from "./start/options";
import { engineHost } from "./start/survey";

const USAGE = `usage: npm run psql -- <stack> [--role ROLE] [--database NAME] [-- <arguments of psql's>]
       npm run psql -- <stack> [--role ROLE] [--database NAME] --tunnel PORT

psql in a container of its own on the stack's internal network, which is gone when psql ends: no port is published.

  --role ROLE      app_ro (the default), app_rw, migrator, monitor, backup, elevated_<who>, or superuser
  --database NAME  another database than the stack's first
  --tunnel PORT    no psql, but a port on the engine's 127.0.0.1 for a graphical client, until Ctrl-C
  --config-file FILE  the stack's file where it is not Pulumi.<stack>.yaml, read for docker:host and images.socat

With DOCKER_HOST=ssh://… (or docker:host) the engine is another machine. docs/host-access.md has the whole.
`;

const root = resolve(__dirname, "..");

async function main(args: readonly string[]): Promise<number> {
  const options = parsePsqlOptions(args);
  if (options === undefined) {
    process.stdout.write(USAGE);
    return 0;
  }
  const file = stackFile(options);
  const docker = new DockerClient(await engineHost(file?.values["docker:host"], process.env));
  await sweepLeftovers(docker, options.stack);
  const postgres = await postgresContainer(docker, options.stack);
  const access = await readAccess(root, file?.project ?? "rampart", options.stack);
  if (options.role === "superuser" || options.role === access.superuser)
    return runSuperuser(docker, access, options, postgres);
  if (options.tunnel !== undefined)
    return tunnel(
      docker,
      access,
      { ...options, tunnel: options.tunnel },
      text(field(parseJson(file?.values["rampart:images"] ?? "{}"), "socat")) ?? IMAGE_PINS.socat,
    );
  return runSession(docker, access, options, await imageOf(docker, postgres));
}

async function tunnel(
  docker: DockerClient,
  access: Awaited<ReturnType<typeof readAccess>>,
  options: TunnelOptions,
  image: string,
): Promise<number> {
  if ((await docker.ask(["image", "inspect", image])).code !== 0)
    await docker.must(`The image ${image} could not be pulled`, ["pull", "--quiet", image], { timeoutSeconds: 600 });
  let leave: () => void = () => undefined;
  const ended = new Promise<void>((done) => (leave = done));
  // Before the tunnel is made, so that none is left by a signal that comes meanwhile.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => leave());
  const close = await openTunnel(docker, access, options, image);
  process.stdout.write(tunnelText(access, options, docker.host));
  // A promise alone does not keep the process.
  const alive = setInterval(() => undefined, 60_000);
  await ended;
  clearInterval(alive);
  await close();
  process.stdout.write("The tunnel is closed.\n");
  return 0;
}

/** The stack's file, for the engine and the image; the state alone is needed for the rest. */
function stackFile({ stack, configFile }: PsqlOptions): StackFile | undefined {
  if (configFile !== undefined) return readStackFile(root, stack, resolve(configFile));
  return existsSync(join(root, `Pulumi.${stack}.yaml`)) ? readStackFile(root, stack) : undefined;
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    const usage = error instanceof UsageError;
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage ? USAGE : ""}`);
    process.exitCode = usage ? 2 : 1;
  },
);
