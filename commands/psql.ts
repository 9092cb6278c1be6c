import { IMAGE_PINS } from "../config/images";
import type { DockerClient } from "../engine/docker";
import { readAccess, type DatabaseAccess } from "./psql/access";
import { OPTIONS, psqlOptions } from "./psql/options";
import { imageOf, postgresContainer, runSession, runSuperuser } from "./psql/session";
import { openTunnel, sweepLeftovers, tunnelText, type TunnelOptions } from "./psql/tunnel";
import { command } from "./shared/command";
import { requiredEngine } from "./shared/engine-host";
import { bringImage } from "./shared/image";
import { field, parseJson, text } from "./shared/json";
import type { Printer } from "./shared/output";
import { stackFileOf } from "./shared/project";

export const psql = command({
  name: "psql",
  summary: "opens psql as a role, or a tunnel for another client",
  about:
    "Runs psql in a container of its own on the stack's internal network. The container is removed when psql ends, " +
    "and no port is published. The exit code is psql's. With DOCKER_HOST=ssh://… (or docker:host) the engine is " +
    "another machine. docs/host-access.md says more.",
  stack: "required",
  options: OPTIONS,
  rest: { value: "<arguments of psql>", summary: "passed on to psql, such as -- -c 'select 1'" },
  run: async ({ root, env, print }, input) => {
    const options = psqlOptions(input);
    const file = stackFileOf(root, options.stack, input.options["config-file"]);
    const docker = await requiredEngine(file, env);
    await sweepLeftovers(docker, options.stack);
    const postgres = await postgresContainer(docker, options.stack);
    const access = await readAccess(root, file?.project ?? "rampart", options.stack);
    if (options.role === "superuser" || options.role === access.superuser)
      return runSuperuser(docker, access, options, postgres);
    if (options.tunnel === undefined) return runSession(docker, access, options, await imageOf(docker, postgres));
    const image = text(field(parseJson(file?.values["rampart:images"] ?? "{}"), "socat")) ?? IMAGE_PINS.socat;
    return tunnel({ docker, access, options: { ...options, tunnel: options.tunnel }, image, print });
  },
});

interface TunnelArgs {
  readonly docker: DockerClient;
  readonly access: DatabaseAccess;
  readonly options: TunnelOptions;
  readonly image: string;
  readonly print: Printer;
}

/** Keeps a tunnel open until a signal ends it. */
async function tunnel({ docker, access, options, image, print }: TunnelArgs): Promise<number> {
  await bringImage(docker, image, { timeoutSeconds: 600 });
  let leave: () => void = () => undefined;
  const ended = new Promise<void>((done) => (leave = done));
  // Before the tunnel is made, so that none is left by a signal that comes meanwhile.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => leave());
  const close = await openTunnel(docker, access, options, image);
  print.result(tunnelText(access, options, docker.host));
  // A promise does not keep the process.
  const alive = setInterval(() => undefined, 60_000);
  await ended;
  clearInterval(alive);
  await close();
  print.progress("The tunnel is closed.");
  return 0;
}
